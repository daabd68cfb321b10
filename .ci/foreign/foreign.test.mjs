// What tools of others on node make of openapi.yaml.
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, suite, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import ts from 'typescript'
import { parse } from 'yaml'

const require = createRequire(import.meta.url)
const file = fileURLToPath(new URL('../../openapi.yaml', import.meta.url))
const text = readFileSync(file, 'utf8')
const spec = () => parse(text)
const operations = Object.entries(spec().paths).flatMap(([path, methods]) => Object.entries(methods).map(([method, operation]) => ({ path, method, ...operation })))
const tmp = mkdtempSync(join(tmpdir(), 'foreign-'))
after(() => rmSync(tmp, { recursive: true }))

// leaves lists the requests of a collection, which stand in folders.
const leaves = (items, children) => items.flatMap(item => item[children] ? leaves(item[children], children) : [item])

// tokenFirst lists the summaries of the operations that require a token.
const tokenFirst = operations.filter(operation => operation['x-token'].required).map(({ summary }) => summary)
const names = list => list.map(({ name }) => name).sort()

suite('openapi.yaml', { concurrency: true }, () => {
  test('parsers of YAML 1.1 read the same document', () => {
    assert.deepEqual(parse(text, { version: '1.1' }), spec())
  })

  test('the recipe for JavaScript encodes what btoa refuses', () => {
    const [, recipe] = spec().info.description.match(/```js\n(.*?)\n *```/s)
    const params = { email: 'ada@example.com', password: 'Łukasz 漢字', application: 'planoorder' }
    const body = new Function('params', `${recipe}; return body`)(params)
    assert.deepEqual(JSON.parse(Buffer.from(body, 'base64').toString('utf8')), params)
  })

  test('the recipe for a shell encodes the same', async () => {
    const [, recipe] = spec().info.description.match(/```sh\n(.*?)\n *```/s)
    const { stdout } = await promisify(execFile)('bash', ['-c', `curl() { cat; }; ${recipe}`])
    const { examples } = operations.find(({ operationId }) => operationId === 'sessionsCreate').requestBody.content['text/plain']
    const decode = base64 => JSON.parse(Buffer.from(base64, 'base64').toString('utf8'))
    assert.deepEqual(decode(stdout), decode(examples.signIn.value))
  })

  test('openapi-zod-client makes all operations, and its schemas compile', async () => {
    const { generateZodClientFromOpenAPI } = await import('openapi-zod-client')
    const source = await generateZodClientFromOpenAPI({ openApiDoc: spec(), disableWriteToFile: true, options: { withAlias: true } })
    for (const { operationId } of operations) assert.match(source, new RegExp(`alias: "${operationId}"`))
    const { diagnostics } = ts.transpileModule(source, { reportDiagnostics: true, compilerOptions: { target: 'es2022', module: 'esnext' } })
    assert.deepEqual(diagnostics.map(({ messageText }) => messageText), [])
  })

  test('Postman imports all operations, and a token only where one is required', async () => {
    const { convertV2 } = require('openapi-to-postmanv2')
    const { result, reason, output } = await promisify(convertV2)({ type: 'string', data: text }, {})
    assert.ok(result, reason)
    const [{ data: collection }] = output
    const requests = leaves(collection.item, 'item')
    assert.equal(requests.length, operations.length)
    assert.deepEqual(names(requests.filter(({ request }) => (request.auth ?? collection.auth)?.type === 'bearer')), tokenFirst.toSorted())
  })

  test('Bruno imports all operations with their examples, and a token only where one is required', async () => {
    const { openApiToBruno } = await import('@usebruno/converters')
    const collection = openApiToBruno(spec())
    const requests = leaves(collection.items, 'items')
    assert.equal(requests.length, operations.length)
    const mode = ({ request }) => request.auth.mode === 'inherit' ? collection.root.request.auth.mode : request.auth.mode
    assert.deepEqual(names(requests.filter(request => mode(request) === 'bearer')), tokenFirst.toSorted())
    for (const { summary, requestBody: { content } } of operations) {
      const [{ value }] = Object.values(Object.values(content)[0].examples)
      const { json, text } = requests.find(({ name }) => name === summary).request.body
      assert.deepEqual(json ? JSON.parse(json) : text, value)
    }
  })

  test('dredd finds a transaction for each operation and HTTP code', async () => {
    const { mediaType, apiElements } = await promisify(require('dredd-transactions/parse'))(text)
    const { transactions, annotations } = require('dredd-transactions/compile')(mediaType, apiElements)
    assert.deepEqual(annotations.filter(({ type }) => type === 'error'), [])
    const found = new Set(transactions.map(({ request, response }) => `${request.method} ${request.uri} ${response.status}`))
    const expected = operations.flatMap(({ method, path, responses }) => Object.keys(responses).map(code => `${method.toUpperCase()} ${path} ${code}`))
    assert.deepEqual([...found].sort(), expected.sort())
  })

  test('Redoc builds a page with all groups of operations', async () => {
    const page = join(tmp, 'redoc.html')
    const env = { ...process.env, REDOCLY_TELEMETRY: 'off', REDOCLY_SUPPRESS_UPDATE_NOTICE: 'true' }
    await promisify(execFile)('npx', ['redocly', 'build-docs', file, '--output', page], { env, cwd: fileURLToPath(new URL('.', import.meta.url)) })
    const html = readFileSync(page, 'utf8')
    for (const { name } of spec().tags) assert.ok(html.includes(`data-section-id="/${name}"`), name)
  })
})
