import { BrokerError } from '@switchyard/contract/broker-error'
import fastify, { type FastifyInstance } from 'fastify'
import { guardAccess } from './access.ts'
import { answerErrors, newRequestId } from './answer-errors.ts'
import { capConnections } from './cap-connections.ts'
import { countRequests } from './count-requests.ts'
import { registerDocs, registerOpenApi } from './docs.ts'
import type { Ingress } from './ingress.ts'
import { refuseConnect, refuseConnection, refuseExpectation } from './refuse-connection.ts'
import { routeTable } from './route-table.ts'
import { registerRoutes } from './routes.ts'

/** What the listener bears; the defaults are those of faults-and-abuse §4. */
export interface Bounds {
  bodyBytes: number
  headersMs: number
  /** For a request to come whole. */
  requestMs: number
  /** The same for an upload, which is also ended when it stands still (files/receive-upload.ts). */
  uploadMs: number
  keepAliveMs: number
  connectionsPerAddress: number
}

export const DEFAULT_BOUNDS: Bounds = {
  bodyBytes: 32 * 1024 * 1024,
  headersMs: 10_000,
  requestMs: 30_000,
  uploadMs: 3_600_000,
  keepAliveMs: 60_000,
  connectionsPerAddress: 8_192,
}

/** The public listener, complete but not listening. */
export async function buildApp(ingress: Ingress, bounds: Bounds = DEFAULT_BOUNDS): Promise<FastifyInstance> {
  const answerError = answerErrors(ingress.logger, ingress.telemetry.metrics)
  const app = fastify({
    logger: false,
    trustProxy: false,
    bodyLimit: bounds.bodyBytes,
    // The longest that any may take; limit-arrival.ts holds the others to theirs.
    requestTimeout: Math.max(bounds.requestMs, bounds.uploadMs),
    keepAliveTimeout: bounds.keepAliveMs,
    return503OnClosing: false,
    exposeHeadRoutes: false,
    genReqId: () => '',
    routerOptions: { maxParamLength: 512 },
    http: {
      headersTimeout: bounds.headersMs,
      connectionsCheckingInterval: Math.min(1_000, bounds.headersMs / 2),
      // We look at Host ourselves, to answer in our own shape.
      requireHostHeader: false,
      keepAlive: true,
      keepAliveInitialDelay: 30_000,
    },
    clientErrorHandler: refuseConnection,
    frameworkErrors: answerError,
  })
  capConnections(app.server, bounds.connectionsPerAddress)
  app.server.on('connect', (_request, socket) => refuseConnect(socket))
  app.server.on('checkExpectation', (_request, res) => refuseExpectation(res))

  // Bodies stay bytes: read-chat-request.ts reads them. zod schemas on routes are there for the document.
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (_request, body, done) => done(null, body))
  app.setValidatorCompiler(() => (value) => ({ value }))
  app.setSerializerCompiler(() => (value) => JSON.stringify(value))

  app.setErrorHandler(answerError)
  countRequests(app, ingress.telemetry.metrics)
  guardAccess(app, ingress, bounds.requestMs)
  app.addHook('onSend', (_request, reply, payload, done) => {
    if (!reply.hasHeader('x-request-id')) reply.header('x-request-id', newRequestId())
    if (ingress.isDraining()) reply.header('connection', 'close')
    done(null, payload)
  })
  app.setNotFoundHandler(() => {
    throw new BrokerError('unknown_url', 'There is nothing at this path.')
  })

  const table = routeTable(app)
  await registerOpenApi(app)
  registerRoutes(app, ingress)
  await registerDocs(app)
  table.close()
  return app
}
