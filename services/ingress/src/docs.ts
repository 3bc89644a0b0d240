import { randomBytes } from 'node:crypto'
import swagger from '@fastify/swagger'
import apiReference from '@scalar/fastify-api-reference'
import type { FastifyInstance, FastifyPluginAsync } from 'fastify'
import { createJsonSchemaTransform, createJsonSchemaTransformObject } from 'fastify-type-provider-zod'
import { documentSchemas } from './documents.ts'

/** Collects the routes' zod schemas into an OpenAPI 3.1 document. Register before the first route. */
export async function registerOpenApi(app: FastifyInstance): Promise<void> {
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Switchyard',
        description: 'Asynchronous inference broker: the OpenAI API in front, durable jobs behind.',
        version: '0.1.0',
        license: { name: 'MIT', identifier: 'MIT' },
      },
      servers: [{ url: '/' }],
      components: {
        securitySchemes: { key: { type: 'http', scheme: 'bearer', description: 'An API key, `sk-sy-…`' } },
      },
      security: [{ key: [] }],
    },
    transform: createJsonSchemaTransform({ skipList: [], schemaRegistry: documentSchemas }),
    transformObject: createJsonSchemaTransformObject({ schemaRegistry: documentSchemas }),
  })
}

/** `GET /openapi.json`, and `GET /docs`: the document as pages, everything they load coming from this server. */
export async function registerDocs(app: FastifyInstance): Promise<void> {
  let document: string | undefined
  app.get('/openapi.json', { config: { access: 'public' }, schema: { hide: true } }, (_request, reply) => {
    document ??= JSON.stringify(withoutUnused(app.swagger()))
    return reply.header('content-type', 'application/json').send(document)
  })

  const pages: FastifyPluginAsync = async (docs) => {
    const nonce = randomBytes(16).toString('base64')
    const policy = [
      "default-src 'none'",
      `script-src 'self' 'nonce-${nonce}'`,
      "style-src 'self' 'unsafe-inline'",
      "img-src 'self' data:",
      "font-src 'self' data:",
      "connect-src 'self'",
      "base-uri 'none'",
      "form-action 'none'",
      "frame-ancestors 'none'",
    ].join('; ')
    docs.addHook('onRoute', (route) => {
      route.config = { ...route.config, access: 'public' }
    })
    docs.addHook('onSend', (_request, reply, payload, done) => {
      reply.headers({
        'content-security-policy': policy,
        'x-content-type-options': 'nosniff',
        'referrer-policy': 'no-referrer',
      })
      done(null, payload)
    })
    await docs.register(apiReference, {
      routePrefix: '/docs',
      configuration: {
        url: '/openapi.json',
        nonce,
        pageTitle: 'Switchyard',
        withDefaultFonts: false,
        telemetry: false,
        hideClientButton: true,
      },
    })
  }
  await app.register(pages)
}

/** The provider writes every schema twice, as input and as output; only what something refers to stays. */
function withoutUnused(document: unknown): unknown {
  const { components, ...rest } = document as { components?: { schemas?: object } }
  if (!components?.schemas) return document
  const text = JSON.stringify(document)
  const used = Object.entries(components.schemas).filter(([name]) => text.includes(`"#/components/schemas/${name}"`))
  return { ...rest, components: { ...components, schemas: Object.fromEntries(used) } }
}
