import type { Authenticator } from '@switchyard/accounts/authenticate'
import { BrokerError, toFailure } from '@switchyard/contract/broker-error'
import { newUlid } from '@switchyard/contract/ids'
import type { Logger } from '@switchyard/telemetry/logger'
import fastify, { type FastifyInstance } from 'fastify'
import { checkCaller } from './check-caller.ts'
import { checkHost } from './check-host.ts'
import type { Page } from './metrics/page.ts'

const EXPOSITION = 'text/plain; version=0.0.4; charset=utf-8'

/** Of every answer: nothing here is a document, to be framed, guessed at or kept. */
const HEADERS = {
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'cache-control': 'no-store',
}

export interface Control {
  page: Page
  logger: Logger
  /** Names, besides `localhost`, that a request may call this listener. */
  names: readonly string[]
  /** Asks for the key of whoever comes; null: everybody who can connect may read. */
  authenticator: Authenticator | null
}

/** The control listener, complete but not listening. */
export function buildApp({ page, logger, names, authenticator }: Control): FastifyInstance {
  const app = fastify({
    logger: false,
    bodyLimit: 1_024,
    requestTimeout: 10_000,
    keepAliveTimeout: 60_000,
    forceCloseConnections: 'idle',
    return503OnClosing: false,
    http: { headersTimeout: 5_000, maxHeaderSize: 8_192 },
  })
  app.server.maxConnections = 256

  app.addHook('onRequest', async (request, reply) => {
    reply.headers({ ...HEADERS, 'x-request-id': `req_${newUlid()}` })
    checkHost(request.headers.host, names)
    if (authenticator !== null && request.routeOptions.url !== '/healthz') await checkCaller(authenticator, request.raw)
  })
  app.setErrorHandler((thrown, _request, reply) => {
    const error = BrokerError.is(thrown) ? thrown : new BrokerError('internal_error', 'This failed.', { cause: thrown })
    if (error.code === 'internal_error') logger.error({ err: thrown }, 'request failed')
    const { status, error: body } = toFailure(error)
    reply.code(status).send({ error: body })
  })
  app.setNotFoundHandler(() => {
    throw new BrokerError('unknown_url', 'There is nothing at this path.')
  })

  app.get('/healthz', async () => ({ status: 'ok' }))
  app.get('/metrics', async (_request, reply) => reply.type(EXPOSITION).send(await page.render()))
  return app
}
