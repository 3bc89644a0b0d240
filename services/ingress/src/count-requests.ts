import type { Metrics } from '@switchyard/telemetry/metric-registry'
import type { FastifyInstance } from 'fastify'

/** What a client that left before anything was said would have seen, as other proxies write it down. */
const CLIENT_LEFT = '499'

/** Counts every request when its answer is over, whoever ended it; by the pattern of its path, never the path itself. */
export function countRequests(app: FastifyInstance, metrics: Metrics): void {
  app.addHook('onRequest', (request, { raw }, done) => {
    const beganAtMs = performance.now()
    raw.once('close', () => {
      const { method } = request
      const endpoint = request.routeOptions.url ?? 'none'
      const status = raw.headersSent ? String(raw.statusCode) : CLIENT_LEFT
      metrics.counter('switchyard_http_requests_total').add({ method, endpoint, status })
      metrics
        .histogram('switchyard_http_request_duration_seconds')
        .observe({ method, endpoint }, (performance.now() - beganAtMs) / 1_000)
    })
    done()
  })
}
