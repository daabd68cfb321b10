// The rules of openapi.yaml that have to be computed. What gen/derive refuses already is not asked again.
import { oas } from '@stoplight/spectral-rulesets'

// The slugs that contract section 4 gives to every operation, by HTTP code.
const common = {
  200: ['action-successful'],
  400: ['missing-param', 'invalid-param', 'invalid-content-type', 'no-params-decoded', 'invalid-encoded-params'],
  401: ['invalid-token', 'session-expired'],
  413: ['request-too-large'],
  500: ['application-crash', 'route-non-existent', 'route-not-found', 'identify-request-error', 'service-not-found'],
}

// The slugs that it gives to some, and to whom.
const signIn = ['sessionsCreate', 'sessionsMagicLinkCreate', 'sessionsGoogleCreate']
const conditional = [
  { code: 429, slug: 'rate-limit-exceeded', who: 'all but sessions/read', has: op => op.operationId !== 'sessionsRead' },
  { code: 403, slug: 'permission-denied', who: 'those with x-roles, and no others', has: op => Boolean(op['x-roles']) },
  {
    code: 401,
    slug: 'client-required',
    who: 'those without x-open-to-recordless, those that sign in, and sessions/read',
    has: op => !op['x-open-to-recordless'] || [...signIn, 'sessionsRead'].includes(op.operationId),
  },
]

const slugOf = schema => schema.properties?.status?.enum?.[0]

// outcomesOf lists the outcomes of a response: its schema is one, or a oneOf of outcomes and of such lists.
const outcomesOf = schema => schema?.oneOf?.flatMap(outcomesOf) ?? (schema ? [schema] : [])

const answersOf = op => Object.entries(op.responses ?? {}).map(([code, response]) =>
  ({ code, response, outcomes: outcomesOf(response.content?.['application/json']?.schema) }))

function commonSlugs(op) {
  const lists = answersOf(op).flatMap(({ code, outcomes }) => outcomes.map(outcome => `${code} ${slugOf(outcome)}`))
  const missing = Object.entries(common)
    .flatMap(([code, slugs]) => slugs.map(slug => `${code} ${slug}`))
    .filter(answer => !lists.includes(answer))
    .map(answer => ({ message: `${op.operationId} must list ${answer}, as all operations do: add it to the responses` }))
  const wrong = conditional
    .filter(({ code, slug, has }) => has(op) !== lists.includes(`${code} ${slug}`))
    .map(({ code, slug, who, has }) => ({
      message: `${op.operationId} must ${has(op) ? 'list' : 'not list'} ${code} ${slug}: it is for ${who}`,
    }))
  return [...missing, ...wrong]
}

// whole merges a schema with those that its allOf adds to.
const whole = schema => Object.assign({}, ...(schema.allOf ?? []).map(whole), schema)

// bare lists the places of a schema that neither an example nor an enum fills, so that no tool can show the whole.
function bare(schema, place = []) {
  const { example, enum: values, properties, items } = whole(schema)
  if (example !== undefined || values) return []
  if (properties) return Object.entries(properties).flatMap(([name, property]) => bare(property, [...place, name]))
  return items ? bare(items, [...place, '0']) : [place.join('.')]
}

function slugExample(schema) {
  const lacks = slugOf(schema) ? bare(schema) : []
  return lacks.length ? [{ message: `the example of ${slugOf(schema)} lacks ${lacks.join(', ')}: give each an \`example\`` }] : []
}

// walk calls visit with every param below a schema, and with the items of its lists.
function walk(schema, path, visit) {
  const { properties = {}, items } = whole(schema)
  const below = Object.entries(properties).map(([name, param]) => [param, ['properties', name], name])
  if (items) below.push([items, ['items']])
  return below.flatMap(([param, step, name]) => [...visit(whole(param), [...path, ...step], name), ...walk(param, [...path, ...step], visit)])
}

// params calls visit with every param of an operation, at any depth, and with the object that holds them.
const params = visit => (schema, _, { path }) => schema['x-decoded-schema']
  ? params(visit)(schema['x-decoded-schema'], _, { path: [...path, 'x-decoded-schema'] })
  : [...visit(whole(schema), path), ...walk(schema, path, visit)]

const paramDescribed = params((param, path, name) =>
  name && !param.description?.trim() ? [{ message: `the param ${name} needs a \`description\``, path }] : [])

const bounds = {
  string: ({ enum: values, maxLength }) => (values ?? maxLength) === undefined && 'maxLength or enum',
  integer: ({ minimum, maximum }) => !(minimum <= maximum) && 'minimum and maximum',
  number: schema => bounds.integer(schema),
  boolean: () => false,
  array: ({ maxItems }) => maxItems === undefined && 'maxItems',
  object: ({ additionalProperties }) => additionalProperties !== false && 'additionalProperties: false',
}

const paramBounded = params((param, path, name = 'object') => {
  const lacks = bounds[param.type] ? bounds[param.type](param) : 'a type'
  return lacks ? [{ message: `the param ${name} has no bounds: it needs ${lacks}`, path }] : []
})

const isDeprecated = schema => Boolean(schema.deprecated)

// The server announces a deprecated param in every answer that it reaches; callers must find that where they look.
function deprecationHeaders(op) {
  const [media] = Object.values(op.requestBody?.content ?? {})
  const schema = media?.schema?.['x-decoded-schema'] ?? media?.schema
  const byParam = schema && walk(schema, [], param => [isDeprecated(param)]).includes(true)
  return answersOf(op)
    .filter(({ code, outcomes }) => outcomes.some(isDeprecated) || (byParam && (code === '200' || code === '400')))
    .flatMap(({ code, response }) => ['Deprecation', 'Sunset']
      .filter(header => !response.headers?.[header])
      .map(header => ({ message: `${op.operationId} answers ${code} with what is deprecated: list the header ${header} there` })))
}

const rule = (description, given, fn) => ({ description, message: '{{error}}', severity: 'error', given, then: { function: fn } })
const operations = '$.paths[*][get,put,post,delete,patch]'
const bodies = '$.paths[*][*].requestBody.content[*].schema'

export default {
  extends: [[oas, 'all']],
  rules: {
    // Not ours to say: PlanoAuth runs wherever its operators put it, and is licensed and looked after with the product.
    'oas3-api-servers': 'off',
    'info-contact': 'off',
    'info-license': 'off',
    'license-url': 'off',
    // The tags are in the order of the contract.
    'openapi-tags-alphabetical': 'off',

    'common-slugs': rule('Each operation lists the slugs that contract section 4 gives it.', operations, commonSlugs),
    'slug-example': rule('Each slug has an example, its own or that of its fields.', '$.components.schemas[*]', slugExample),
    'param-described': rule('Each param says what it is for.', bodies, paramDescribed),
    'param-bounded': rule('Each param says how large it may be.', bodies, paramBounded),
    'deprecation-headers': rule('What is deprecated is announced by headers.', operations, deprecationHeaders),
  },
}
