// The script of the pages behind mailed links. It sends input only to the API of this server.
'use strict'

const form = document.querySelector('form')
const password = document.getElementById('password')
const result = document.getElementById('result')

document.getElementById('show')?.addEventListener('change', (event) => {
  password.type = event.target.checked ? 'text' : 'password'
})

// call sends one operation; sensitive ones take base64 of JSON as text/plain.
async function call(method, operation, params, { sensitive = true, token } = {}) {
  const json = JSON.stringify(params)
  const headers = { 'Content-Type': sensitive ? 'text/plain' : 'application/json' }
  if (token) headers.Authorization = 'Bearer ' + token
  const body = sensitive ? btoa(String.fromCharCode(...new TextEncoder().encode(json))) : json
  const answer = await fetch('/api/v1/' + operation, { method, headers, body })
  return answer.json()
}

// withSession signs in, calls an operation with the token of the session, and signs out. client-required and
// mandrill-email-failed also return a token.
async function withSession(operation) {
  const signIn = await call('POST', 'sessions/create', {
    email: form.elements.email.value, password: password.value, application: form.dataset.application,
  })
  const token = signIn.data?.token
  if (!token) return signIn
  try {
    return await operation(token)
  } finally {
    await call('POST', 'sessions/delete', {}, { sensitive: false, token }).catch(() => {})
  }
}

const operations = {
  reset: () => call('PUT', 'users/password_reset', { reset_token: form.dataset.token, password: password.value }),

  verification: () => withSession((token) => call('POST', 'users/email_verify', { verification_token: form.dataset.token }, { token })),

  // The link of an administrator needs no session.
  email_change() {
    const change = (token) => call('POST', 'users/email_change', { email_token: form.dataset.token }, { token })
    return form.dataset.application ? withSession(change) : change()
  },

  email_change_undo: () => call('POST', 'users/email_change_undo', { undo_token: form.dataset.token }),
}

const done = {
  reset: 'Your password is set. Sign in with it from now on.',
  verification: 'Your address is confirmed.',
  email_change: 'Your account has the new address. Sign in with it from now on.',
  email_change_undo: 'Your account has its old address again. Please set a new password now.',
}

function paragraph(text, kind) {
  const p = document.createElement('p')
  p.className = kind
  p.textContent = text
  return p
}

// show displays an outcome, with a list of the params that are wrong.
function show(outcome) {
  if (outcome.status === 'action-successful') {
    form.hidden = true
    result.replaceChildren(paragraph(`${outcome.message} ${done[form.dataset.operation]}`, 'good'))
    result.tabIndex = -1
    result.focus()
    const next = document.getElementById('next')
    if (next) next.hidden = false
    return
  }
  result.replaceChildren(paragraph(outcome.message, 'problem'))
  if (outcome.errors?.length) {
    const list = document.createElement('ul')
    list.className = 'problem'
    for (const error of outcome.errors) {
      const item = document.createElement('li')
      item.textContent = `${error.param === 'password' ? 'It' : error.param} ${error.message}.`
      list.append(item)
    }
    result.append(list)
  }
  password?.focus()
}

form.addEventListener('submit', async (event) => {
  event.preventDefault()
  const button = form.querySelector('button')
  button.disabled = true
  result.replaceChildren(paragraph('One moment…', 'quiet'))
  try {
    show(await operations[form.dataset.operation]())
  } catch {
    result.replaceChildren(paragraph('The server could not be reached. Please try again.', 'problem'))
  }
  button.disabled = false
})
