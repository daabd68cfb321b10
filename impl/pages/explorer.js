'use strict'

// Sensitive operations take base64 of a JSON object. People read and type the JSON here; the page encodes it.
{
  const encode = text => btoa(Array.from(new TextEncoder().encode(text), byte => String.fromCharCode(byte)).join(''))

  const decode = base64 => {
    const bytes = atob(base64.replaceAll('-', '+').replaceAll('_', '/'))
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(Uint8Array.from(bytes, byte => byte.charCodeAt(0))))
  }

  // encodeUnlessEncoded leaves base64 of JSON, which somebody pasted, as it is. Everything else is encoded as typed, even if it
  // is not JSON: the server refuses that.
  const encodeUnlessEncoded = text => {
    try {
      decode(text)
      return text
    } catch {
      return encode(text)
    }
  }

  // readable changes the page's copy of the spec so that people can read it.
  const readable = spec => {
    const schemaOf = reference => spec.components.schemas[reference.$ref?.split('/').pop()]

    for (const operation of Object.values(spec.paths).flatMap(path => Object.values(path))) {
      if (operation['x-sensitive']) showDecoded(operation.requestBody, schemaOf)
    }
    return spec
  }

  // showDecoded replaces the base64 body of a sensitive operation by the object that it encodes.
  const showDecoded = (body, schemaOf) => {
    const media = body.content['text/plain']
    body.description = 'Type JSON: the explorer sends base64 of it, as `text/plain`.'
    media.schema = media.schema['x-decoded-schema']
    delete schemaOf(media.schema).example // Swagger UI prints it unreadably, and the examples below contain it
    for (const example of Object.values(media.examples ?? {})) {
      example.value = JSON.stringify(decode(example.value), null, 2)
      delete example.description // says that the example is base64
    }
  }

  SwaggerUIBundle({
    dom_id: '#explorer',
    url: '/openapi.yaml',
    plugins: [{ statePlugins: { spec: { wrapActions: { updateJsonSpec: update => spec => update(readable(spec)) } } } }],
    requestInterceptor: request => {
      // Only sensitive operations take text/plain.
      if (request.headers?.['Content-Type'] === 'text/plain') request.body = encodeUnlessEncoded(request.body)
      return request
    },
    validatorUrl: null, // a badge would call swagger.io
    persistAuthorization: false, // keeps tokens out of localStorage
    deepLinking: true,
    tryItOutEnabled: true,
    displayRequestDuration: true,
    showExtensions: true, // x-retry, x-remedy
    defaultModelsExpandDepth: 0,
  })
}
