// Compares openapi.yaml with its earlier versions. It needs git and go.
//
//   node contract.mjs check                  fails on a breaking change, and on a version number of two different specs
//   node contract.mjs changelog FROM [TO]    prints what changed between two commits; TO is the working tree when absent
//
// Published are the specs of main: those of BASE and the commits before it, by first parents. So a merged
// branch counts as the one commit that merged it. BASE is the environment variable. Without it, BASE is where
// HEAD left origin/main, or main; on main it is HEAD. There are two rules for openapi.yaml:
//
//   - Each info.version belongs to one spec. If a published spec has the same version, only comments and formatting may
//     differ. Otherwise the version must be higher than the last one.
//   - Nothing breaks for callers of the last published spec of another version, unless the major version is higher.
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parse } from 'yaml'

const file = 'openapi.yaml'
const oasdiffModule = fileURLToPath(new URL('../oasdiff', import.meta.url))

class Refusal extends Error {}

const git = (...args) => execFileSync('git', args, { encoding: 'utf8', maxBuffer: 1 << 26, stdio: ['ignore', 'pipe', 'pipe'] }).trim()

const attempt = (...args) => {
  try {
    return git(...args)
  } catch {
    return undefined
  }
}

const contractAt = commit => parse(git('show', `${commit}:${file}`))
const contractNow = () => parse(readFileSync(join(git('rev-parse', '--show-toplevel'), file), 'utf8'))

// published lists the commits of main that changed the spec, the newest first.
const published = () => git('log', '--first-parent', '--format=%H', base(), '--', `:/${file}`).split('\n').filter(Boolean)

// needHistory refuses a repository without the history.
function needHistory() {
  if (attempt('rev-parse', '--verify', 'HEAD') === undefined) {
    throw new Refusal(`there is no git history to compare ${file} with: run this in a clone of the repository`)
  }
  if (git('rev-parse', '--is-shallow-repository') === 'true') {
    throw new Refusal(`the git history is cut off, so ${file} cannot be compared with it: run 'git fetch --unshallow' first`)
  }
}

function base() {
  if (process.env.BASE) return git('rev-parse', '--verify', `${process.env.BASE}^{commit}`)
  const head = git('rev-parse', 'HEAD')
  const forks = ['refs/remotes/origin/main', 'refs/heads/main'].map(main => attempt('merge-base', main, 'HEAD'))
  return forks.find(fork => fork && fork !== head) ?? head
}

function check() {
  const now = contractNow()
  const commits = published()
  if (!commits.length) throw new Refusal(`no commit of main has ${file}: pass a BASE that has it`)
  for (const commit of commits) {
    const before = contractAt(commit)
    if (before.info.version === now.info.version && JSON.stringify(before) === JSON.stringify(now)) continue
    return compare(before, now, commit.slice(0, 10))
  }
  console.log('no other spec was published: nothing to compare')
}

function compare(before, now, commit) {
  const [from, to] = [before, now].map(({ info }) => info.version.split('.').map(Number))
  const raised = to.findIndex((number, i) => number !== from[i])
  const change = `from ${before.info.version} (commit ${commit}) to ${now.info.version}`
  const wrong = []
  if (raised < 0) {
    wrong.push(`${file} differs from that of commit ${commit}, and both say info.version ${now.info.version}: raise info.version, the last number ` +
      `for words and examples, the second for what is added; 'make changelog FROM=${commit}' prints what is`)
  } else if (to[raised] < from[raised]) {
    wrong.push(`info.version must not go down ${change}: raise it`)
  }
  const breaks = oasdiff('breaking', before, now, '--fail-on', 'WARN') !== 0
  if (breaks && raised !== 0) {
    wrong.push(`the contract breaks the above ${change}: within a major version it only adds. Bring it back, or let both live side by side, ` +
      'the old one with `deprecated`, `x-deprecated-since`, `x-sunset` and `x-deprecated-reason`')
  }
  if (wrong.length) throw new Refusal(wrong.join('\ncontract: '))
  console.log(`the contract ${breaks ? 'breaks the above, as a new major version may,' : 'breaks nothing'} ${change}`)
}

// samePattern spells a pattern in one way: characters beyond ASCII as escapes, and these in upper case.
const samePattern = pattern => pattern
  .replace(/[^ -~]/g, character => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`)
  .replace(/\\[xu][0-9a-f]+/gi, escape => escape.slice(0, 2) + escape.slice(2).toUpperCase())

// view returns a spec as callers see it: objects instead of their base64, tokens as params, and one flat list
// of outcomes for each HTTP code. Versions before 1.3.0 have groups of outcomes.
function view(contract) {
  const doc = structuredClone(contract)
  const { schemas, responses = {} } = doc.components
  const named = (parts, part) => parts[part.$ref?.split('/').pop()] ?? part
  const outcomes = schema => named(schemas, schema).oneOf?.flatMap(outcomes) ?? [schema]
  for (const operation of Object.values(doc.paths).flatMap(Object.values)) {
    const [media] = Object.values(operation.requestBody.content)
    media.schema = structuredClone(named(schemas, media.schema['x-decoded-schema'] ?? media.schema))
    const { kinds, required } = operation['x-token']
    media.schema.properties.token = { type: 'string', enum: kinds }
    media.schema.required = [...media.schema.required ?? [], ...required ? ['token'] : []]
    for (const [code, response] of Object.entries(operation.responses)) {
      const answer = structuredClone(named(responses, response))
      answer.content['application/json'].schema = { oneOf: outcomes(answer.content['application/json'].schema) }
      operation.responses[code] = answer
    }
  }
  return JSON.parse(JSON.stringify(doc), (key, value) => key === 'pattern' && typeof value === 'string' ? samePattern(value) : value)
}

// Where oasdiff's levels are not ours: callers are told to expect new slugs and values, and rely on the old
// ones.
const levels = {
  'response-body-one-of-added': 'info',
  'response-property-one-of-added': 'info',
  'response-property-enum-value-added': 'info',
  'response-body-one-of-removed': 'err',
  'response-property-one-of-removed': 'err',
  'response-non-success-status-removed': 'err',
}

// oasdiff prints the differences of two specs. It returns its exit code: 1 if a difference has the level to
// fail on.
function oasdiff(command, before, after, ...flags) {
  const dir = mkdtempSync(join(tmpdir(), 'contract-'))
  const write = (name, text) => {
    writeFileSync(join(dir, name), text)
    return join(dir, name)
  }
  try {
    const { status, error } = spawnSync('go', [
      'tool', 'oasdiff', command, write('before.json', JSON.stringify(view(before))), write('after.json', JSON.stringify(view(after))),
      '--severity-levels', write('levels', Object.entries(levels).map(level => level.join(' ')).join('\n')),
      '--flatten-allof', '--allow-external-refs=false', ...flags,
    ], { cwd: oasdiffModule, stdio: 'inherit' })
    if (error || status > 1) throw error ?? new Error(`oasdiff ended with the code ${status}`)
    return status
  } finally {
    rmSync(dir, { recursive: true })
  }
}

function changelog(from, to) {
  if (!from) throw new Refusal("say from which commit: make changelog FROM=… [TO=…]")
  oasdiff('changelog', contractAt(from), to ? contractAt(to) : contractNow())
}

const [command, ...args] = process.argv.slice(2)
try {
  needHistory()
  if (command === 'check') check()
  else if (command === 'changelog') changelog(...args)
  else throw new Refusal('usage: contract.mjs check | changelog FROM [TO]')
} catch (err) {
  if (!(err instanceof Refusal) && !err.stderr) throw err
  console.error(`contract: ${(err.stderr ?? err.message).trim()}`) // git names the unknown commit itself
  process.exitCode = 1
}
