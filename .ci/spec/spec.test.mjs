// Each rule must be able to fail: a copy of openapi.yaml breaks it, and the output must say so.
import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { parse, stringify } from 'yaml'

const here = name => fileURLToPath(new URL(name, import.meta.url))
const spec = parse(readFileSync(here('../../openapi.yaml'), 'utf8'))
const tmp = mkdtempSync(join(tmpdir(), 'spec-'))
after(() => rmSync(tmp, { recursive: true }))

// spoilt returns a copy of the spec as text. Each change gets the copy, its schemas, and a function from ids
// to operations.
function spoilt(...changes) {
  const doc = structuredClone(spec)
  const operation = id => Object.values(doc.paths).flatMap(Object.values).find(({ operationId }) => operationId === id)
  for (const change of changes) change(doc, doc.components.schemas, operation)
  return stringify(doc, { aliasDuplicateObjects: false })
}

const run = (command, args, options) => {
  const { status, stdout, stderr, error } = spawnSync(command, args, { encoding: 'utf8', cwd: here('.'), maxBuffer: 1 << 26, ...options })
  if (error) throw error
  return { status, output: stdout + stderr }
}

// What the linters must report, all in one document.
const lint = [
  ['rate-limit-exceeded is missing', (_, s, op) => delete op('preferencesRead').responses['429'], 'preferencesRead must list 429 rate-limit-exceeded'],
  ['rate-limit-exceeded where nothing is throttled', (_, s, op) => { op('sessionsRead').responses['429'] = { $ref: '#/components/responses/TooMany' } }, 'sessionsRead must not list 429 rate-limit-exceeded'],
  ['permission-denied is missing', (_, s, op) => delete op('notificationsIndex').responses['403'], 'notificationsIndex must list 403 permission-denied'],
  ['permission-denied without roles', (_, s, op) => { op('usersUpdate').responses['403'] = { $ref: '#/components/responses/ForbiddenOrPermissionDenied' } }, 'usersUpdate must not list 403 permission-denied'],
  ['permission-denied is missing where employees are bound', (_, s, op) => { op('preferencesUpdate').responses['403'] = { $ref: '#/components/responses/Forbidden' } }, 'preferencesUpdate must list 403 permission-denied'],
  ['client-required is missing', (_, s, op) => { op('clientsRegister').responses['401'].$ref = '#/components/responses/Unauthorized' }, 'clientsRegister must list 401 client-required'],
  ['client-required where the recordless are let in', (_, s, op) => delete op('usersEmailVerify')['x-open-to-recordless'], 'usersEmailVerify must list 401 client-required'],

  ['a field has no example', (_, s) => delete s.GoogleAuthorization.properties.state.example, 'the example of action-successful lacks data.state'],
  ['an example is not valid', (_, s) => { s.SessionList.properties.results.example = [{ id: 'seven' }] }, 'type must be integer'],
  ['an example is not valid where it is a request', (_, s, op) => { op('sessionsDelete').requestBody.content['application/json'].examples.signOut.value.scope = 'mine' }, 'must be equal to one of the allowed values'],

  ['a param is not described', (_, s) => delete s.NotificationsUpdateParams.properties.acknowledged.description, 'the param acknowledged needs a `description`'],
  ['a param within base64 is not described', (_, s) => delete s.SessionsGoogleCreateParams.properties.code.description, 'the param code needs a `description`'],
  ['a text has no bound', (_, s) => delete s.SessionsReadParams.properties.session_token.maxLength, 'the param session_token has no bounds: it needs maxLength or enum'],
  ['a number within an object has no bound', (_, s) => delete s.Page.properties.size.maximum, 'the param size has no bounds: it needs minimum and maximum'],
  ['a list has no bound', (_, s) => delete s.NotificationsIndexSearch.properties.attributes.maxItems, 'the param attributes has no bounds: it needs maxItems'],
  ['an object takes anything', (_, s) => delete s.UsersClientRegisterClient.additionalProperties, 'the param client has no bounds: it needs additionalProperties: false'],
  ['a param is of any type', (_, s) => delete s.Enterprise.type, 'the param enterprise has no bounds: it needs a type'],

  ['a deprecated slug is not announced', (_, s, op) => delete op('clientsRegister').responses['400'].headers.Sunset, 'clientsRegister answers 400 with what is deprecated: list the header Sunset'],
  ['a deprecated param is not announced', (_, s) => { s.UsersPasswordUpdateParams.properties.current_password.deprecated = true }, 'usersPasswordUpdate answers 200 with what is deprecated: list the header Deprecation'],
  ['a schema is not used', (_, s) => { s.Nobody = structuredClone(s.Token) }, 'components.schemas.Nobody'],

  ['a request has no example', (_, s, op) => delete op('usersRead').requestBody.content['application/json'].examples, 'The explorer shows, and a test sends, an example of each request'],
  ['an operation has no summary', (_, s, op) => delete op('usersRead').summary, 'Operation object should contain `summary` field'],
  ['an operation is not described', (_, s, op) => delete op('usersRead').description, 'Operation object should contain `description` field'],
  ['an operation has two tags', (_, s, op) => op('usersRead').tags.push('clients'), 'Operation `tags` object should have only one tag'],
  ['an answer has no X-Request-Id', (_, s, op) => delete op('usersRead').responses['200'].headers['X-Request-Id'], 'must contain a "X-Request-Id" header'],
  ['a refusal has no Link', doc => delete doc.components.responses.TooLarge.headers.Link, 'must contain a "Link" header'],
  ['a 401 has no WWW-Authenticate', doc => delete doc.components.responses.Unauthorized.headers['WWW-Authenticate'], 'must contain a "WWW-Authenticate" header'],
  ['a 429 has no Retry-After', doc => delete doc.components.responses.TooMany.headers['Retry-After'], 'must contain a "Retry-After" header'],
]

test('the linters find what is wrong with an operation, a slug or a param', async t => {
  const file = join(tmp, 'openapi.yaml')
  writeFileSync(file, spoilt(...lint.map(([, change]) => change)))
  const env = { ...process.env, REDOCLY_TELEMETRY: 'off', REDOCLY_SUPPRESS_UPDATE_NOTICE: 'true' }
  const spectral = run('npx', ['spectral', 'lint', '--ruleset', 'spectral.mjs', file], { env })
  const redocly = run('npx', ['redocly', 'lint', file, '--config', 'redocly.yaml', '--max-problems', '1000'], { env })
  assert.equal(spectral.status, 1)
  assert.equal(redocly.status, 1)
  for (const [what, , message] of lint) {
    await t.test(what, () => assert.ok((spectral.output + redocly.output).includes(message), `no check says: ${message}\n${spectral.output}\n${redocly.output}`))
  }
})


// removeOutcome takes a schema out of a response.
function removeOutcome(response, name) {
  const { schema } = response.content['application/json']
  schema.oneOf = schema.oneOf.filter(({ $ref }) => !$ref.endsWith(`/${name}`))
  schema.discriminator.mapping = Object.fromEntries(Object.entries(schema.discriminator.mapping).filter(([, ref]) => !ref.endsWith(`/${name}`)))
}

// Breaking changes, all in one document, with what oasdiff says of them.
const breaks = [
  ['a slug is gone', (_, s, op) => removeOutcome(op('sessionsCreate').responses['400'], 'EmailNotFound'), 'removed `#/components/schemas/EmailNotFound` from the response body `oneOf`'],
  ['the only slug of an HTTP code is gone', (_, s, op) => delete op('sessionsIndex').responses['429'], 'removed the non-success response with the status `429`'],
  ['a slug of all operations is gone', doc => removeOutcome(doc.components.responses.Unauthorized, 'SessionExpired'), 'removed `#/components/schemas/SessionExpired` from the response body `oneOf`'],
  ['a new param is required', (_, s) => {
    s.SessionsIndexParams.properties.since = s.Time
    s.SessionsIndexParams.required = ['since']
  }, 'added the new required request property `since`'],
  ['a param within base64 becomes required', (_, s) => s.SessionsCreateParams.required.push('redirect_url'), 'the request property `redirect_url` became required'],
  ['the token becomes required', (_, s, op) => { op('sessionsGoogleAuthorize')['x-token'].required = true }, 'the request property `token` became required'],
  ['a kind of token is not taken any more', (_, s, op) => op('sessionsMagicLinkRequest')['x-token'].kinds.pop(), 'removed the enum value `application` of the request property `token`'],
  ['an operation does not take base64 any more', (_, s, op) => {
    const { content } = op('usersEmailVerify').requestBody
    content['application/json'] = { schema: content['text/plain'].schema['x-decoded-schema'] }
    delete content['text/plain']
  }, 'removed the media type `text/plain`'],
  ['a param is gone', (_, s) => delete s.UsersUpdateParams.properties.phone, 'removed the request property `phone`'],
  ['a param has another type', (_, s) => { s.PreferencesUpdateParams.properties.remember_me.type = 'string' }, 'the `remember_me` request property type/format changed from `boolean`'],
  ['a text becomes shorter', (_, s) => { s.SessionsReadParams.properties.session_token.maxLength = 100 }, 'the `session_token` request property\'s maxLength was decreased'],
  ['a choice is gone', (_, s) => s.SessionsDeleteParams.properties.scope.enum.pop(), 'removed the enum value `all` of the request property `scope`'],
  ['an answer loses a field', (_, s) => delete s.User.properties.phone, 'removed the optional property `oneOf[#/components/schemas/UsersReadActionSuccessful]/data/phone`'],
  ['a field has another type', (_, s) => { s.DeletedSessions.properties.count.type = 'string' }, '/data/count` response\'s property type/format changed from `integer`'],
]

// Changes that only add.
const adds = [
  (_, s, op) => {
    const { schema } = op('sessionsCreate').responses['400'].content['application/json']
    schema.oneOf.push({ $ref: '#/components/schemas/EmailAlreadyClient' })
    schema.discriminator.mapping['email-already-client'] = '#/components/schemas/EmailAlreadyClient'
  },
  (_, s, op) => { op('sessionsIndex').responses['503'] = { $ref: '#/components/responses/Busy' } },
  (_, s) => { s.UsersUpdateParams.properties.nickname = s.Name },
  (_, s) => { s.User.properties.nickname = s.Name },
  (_, s) => s.ParamError.properties.rule.enum.push('new_rule'),
  (_, s) => s.SignInMethod.enum.push('passkey'),
  doc => { doc.paths['/api/v1/users/forget'] = structuredClone({ post: { ...doc.paths['/api/v1/users/read'].post, operationId: 'usersForget' } }) },
]

const version = number => doc => { doc.info.version = number }
const small = (version, title = 'PlanoAuth') => stringify({ openapi: '3.0.3', info: { title, version }, paths: {}, components: { schemas: {} } })

// commits makes a repository whose main has one commit for each text.
function commits(...texts) {
  const repo = mkdtempSync(join(tmp, 'repo-'))
  const git = (...args) => execFileSync('git', ['-c', 'user.name=test', '-c', 'user.email=test@example.com', ...args], { cwd: repo, stdio: 'pipe' })
  git('init', '--quiet', '--initial-branch', 'main')
  const commit = text => {
    writeFileSync(join(repo, 'openapi.yaml'), text)
    git('add', '.')
    git('commit', '--quiet', '--allow-empty', '--message', 'a change')
  }
  texts.forEach(commit)
  return { repo, git, commit }
}

const contract = ({ repo }, ...args) => run('node', [here('contract.mjs'), ...args], { cwd: repo, env: { ...process.env, BASE: '' } })
const first = spoilt(version('1.0.0'))

test('what breaks callers is refused, save by a new major version', async t => {
  const broken = contract(commits(first, spoilt(version('1.1.0'), ...breaks.map(([, change]) => change))), 'check')
  assert.equal(broken.status, 1, broken.output)
  assert.match(broken.output, /within a major version it only adds/)
  for (const [what, , message] of breaks) {
    await t.test(what, () => assert.ok(broken.output.includes(message), `oasdiff does not say: ${message}\n${broken.output}`))
  }
  const silent = contract(commits(first, spoilt(version('1.0.0'), breaks[0][1])), 'check')
  assert.match(silent.output, /raise info\.version[^]*within a major version it only adds/)
  const major = contract(commits(first, spoilt(version('2.0.0'), breaks[0][1])), 'check')
  assert.equal(major.status, 0, major.output)
})

test('what only adds is let through, and stands in the changelog', () => {
  const history = commits(first, spoilt(version('1.1.0'), ...adds))
  const added = contract(history, 'check')
  assert.equal(added.status, 0, added.output)
  const log = contract(history, 'changelog', 'HEAD^', 'HEAD').output
  for (const line of ['added `#/components/schemas/EmailAlreadyClient` to the response body `oneOf`', 'added the new optional request property `nickname`', 'endpoint added']) {
    assert.ok(log.includes(line), log)
  }
})

test('a version names one contract', async t => {
  const refused = /both say info.version 1\.0\.0: raise info.version/
  const other = small('1.0.0', 'Other words')
  const branched = commits(small('1.0.0'))
  branched.git('checkout', '--quiet', '-b', 'branch')
  branched.commit(small('1.0.1'))
  branched.commit(small('1.0.1', 'Other words'))
  const merged = commits(small('1.0.0'))
  merged.git('checkout', '--quiet', '-b', 'branch')
  merged.commit(small('1.0.1'))
  merged.commit(small('1.0.1', 'Other words'))
  merged.git('checkout', '--quiet', 'main')
  merged.git('merge', '--quiet', '--no-ff', '--message', 'Merge', 'branch')
  const dirty = commits(small('1.0.0'))
  writeFileSync(join(dirty.repo, 'openapi.yaml'), other)
  const none = commits()
  none.git('commit', '--quiet', '--allow-empty', '--message', 'nothing')
  writeFileSync(join(none.repo, 'openapi.yaml'), other)
  const below = commits(small('1.0.0'), other)
  below.repo = join(below.repo, 'below')
  mkdirSync(below.repo)
  const whole = commits(small('1.0.0'), other)
  const shallow = { repo: join(tmp, 'shallow') }
  whole.git('clone', '--quiet', '--depth', '1', `file://${whole.repo}`, shallow.repo)

  const rows = [
    ['another text of the same version', commits(small('1.0.0'), other), refused],
    ['another text that is not committed yet', dirty, refused],
    ['another text, and then a commit of something else', commits(small('1.0.0'), other, other), refused],
    ['another text, checked from a folder below', below, refused],
    ['a version that went down', commits(small('1.0.10'), small('1.0.9')), /info\.version must not go down from 1\.0\.10/],
    ['a history that is cut off', shallow, /run 'git fetch --unshallow'/],
    ['a history without a contract', none, /no commit of main has openapi.yaml/],
    ['no history', { repo: mkdtempSync(join(tmp, 'none-')) }, /there is no git history/],
    ['comments and formatting', commits(small('1.0.0'), `# A comment.\n${small('1.0.0')}`)],
    ['another version', commits(small('1.0.9'), small('1.0.10'))],
    ['two texts of a version that is not on main yet', branched],
    ['two texts of a version that one merge brought', merged],
  ]
  for (const [what, history, refusal] of rows) {
    await t.test(what, () => {
      const { status, output } = contract(history, 'check')
      assert.equal(status, refusal ? 1 : 0, output)
      if (refusal) assert.match(output, refusal)
    })
  }
})
