'use strict'

// Sensitive operations take base64 of a JSON object. Here a person reads and types the JSON, and the page sends base64 of it.
{
  const encode = text => btoa(Array.from(new TextEncoder().encode(text), byte => String.fromCharCode(byte)).join(''))

  const decode = base64 => {
    const bytes = atob(base64.replaceAll('-', '+').replaceAll('_', '/'))
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(Uint8Array.from(bytes, byte => byte.charCodeAt(0))))
  }

  // What is base64 of JSON already was pasted, and stays. All else is encoded as typed, also what is no JSON: to refuse it is
  // the server's business.
  const encodeUnlessEncoded = text => {
    try {
      decode(text)
      return text
    } catch {
      return encode(text)
    }
  }

  // readable changes the page's copy of the spec into what a person reads best.
  const readable = spec => {
    const schemaOf = reference => spec.components.schemas[reference.$ref?.split('/').pop()]

    for (const operation of Object.values(spec.paths).flatMap(path => Object.values(path))) {
      if (operation['x-sensitive']) showDecoded(operation.requestBody, schemaOf)
    }
    return spec
  }

  // showDecoded puts the object that a sensitive operation takes in the place of its base64.
  const showDecoded = (body, schemaOf) => {
    const media = body.content['text/plain']
    body.description = 'Type JSON: the explorer sends base64 of it, as `text/plain`.'
    media.schema = media.schema['x-decoded-schema']
    delete schemaOf(media.schema).example // Swagger UI prints it unreadably; the examples below say the same
    for (const example of Object.values(media.examples ?? {})) {
      example.value = JSON.stringify(decode(example.value), null, 2)
      delete example.description // it says that the example is base64
    }
  }

  SwaggerUIBundle({
    dom_id: '#explorer',
    url: '/openapi.yaml',
    plugins: [{ statePlugins: { spec: { wrapActions: { updateJsonSpec: update => spec => update(readable(spec)) } } } }],
    requestInterceptor: request => {
      // By the contract, text/plain is what sensitive operations take, and only they.
      if (request.headers?.['Content-Type'] === 'text/plain') request.body = encodeUnlessEncoded(request.body)
      return request
    },
    validatorUrl: null, // else a badge asks swagger.io
    persistAuthorization: false, // tokens stay out of localStorage
    deepLinking: true,
    tryItOutEnabled: true,
    displayRequestDuration: true,
    showExtensions: true, // x-retry, x-remedy
    defaultModelsExpandDepth: 0,
  })
}
