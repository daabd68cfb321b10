// The rules of openapi.yaml that have to be computed. What gen/derive refuses is not checked here.
import { oas } from '@stoplight/spectral-rulesets'

// The slugs that section 4 of the contract gives to some operations, and which ones those are.
const signIn = ['sessionsCreate', 'sessionsMagicLinkCreate', 'sessionsGoogleCreate']
const conditional = [
  { code: 429, slug: 'rate-limit-exceeded', who: 'all but sessions/read', has: op => op.operationId !== 'sessionsRead' },
  { code: 403, slug: 'permission-denied', who: 'those with x-roles or x-application', has: op => Boolean(op['x-roles'] ?? op['x-application']) },
  {
    code: 401,
    slug: 'client-required',
    who: 'those without x-open-to-recordless, those that sign in, and sessions/read',
    has: op => !op['x-open-to-recordless'] || [...signIn, 'sessionsRead'].includes(op.operationId),
  },
]

const slugOf = schema => schema.properties?.status?.enum?.[0]

// answersOf lists the responses of an operation. The schema of a response is one outcome, or a oneOf of
// outcomes.
const answersOf = op => Object.entries(op.responses ?? {}).map(([code, response]) => {
  const schema = response.content?.['application/json']?.schema
  return { code, response, outcomes: schema?.oneOf ?? (schema ? [schema] : []) }
})

function conditionalSlugs(op) {
  const lists = answersOf(op).flatMap(({ code, outcomes }) => outcomes.map(outcome => `${code} ${slugOf(outcome)}`))
  return conditional
    .filter(({ code, slug, has }) => has(op) !== lists.includes(`${code} ${slug}`))
    .map(({ code, slug, who, has }) => ({
      message: `${op.operationId} must ${has(op) ? 'list' : 'not list'} ${code} ${slug}: it is for ${who}`,
    }))
}

// whole merges a schema with those that its allOf adds to.
const whole = schema => Object.assign({}, ...(schema.allOf ?? []).map(whole), schema)

// bare lists the properties that have neither an example nor an enum, so that tools cannot show a whole
// example.
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

// A deprecated param is announced in every answer to a request that passes it, so these answers list the
// headers.
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
    // PlanoAuth runs where its operators install it, and the product has the license and the contact.
    'oas3-api-servers': 'off',
    'info-contact': 'off',
    'info-license': 'off',
    'license-url': 'off',
    // The tags are in the order of the contract.
    'openapi-tags-alphabetical': 'off',

    'conditional-slugs': rule('Each operation lists the slugs that section 4 of the contract gives it.', operations, conditionalSlugs),
    'slug-example': rule('Each slug has an example, its own or that of its fields.', '$.components.schemas[*]', slugExample),
    'param-described': rule('Each param says what it is for.', bodies, paramDescribed),
    'param-bounded': rule('Each param says how large it may be.', bodies, paramBounded),
    'deprecation-headers': rule('Deprecated slugs and params are announced by headers.', operations, deprecationHeaders),
  },
}
