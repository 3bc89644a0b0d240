import { BrokerError } from '@switchyard/contract/broker-error'
import type { FastifyInstance, RouteOptions } from 'fastify'

const METHODS = ['DELETE', 'GET', 'HEAD', 'OPTIONS', 'PATCH', 'POST', 'PUT', 'TRACE'] as const

/**
 * Notes every route as it is registered. When the app is ready it must be that each one says who may call it; and every path answers
 * 405 to the methods that it does not have. Call before the first route, `close` after the last.
 */
export function routeTable(app: FastifyInstance): { close(): void } {
  const methods = new Map<string, Set<string>>()
  const routes: RouteOptions[] = []
  let closed = false

  app.addHook('onRoute', (route: RouteOptions) => {
    // Looked at when the app is ready: a plugin's own hooks may still add to it.
    if (closed) return
    routes.push(route)
    for (const method of [route.method].flat()) {
      const known = methods.get(route.url) ?? new Set()
      methods.set(route.url, known.add(method))
    }
  })

  app.addHook('onReady', async () => {
    const undeclared = routes.filter(({ config }) => config?.access === undefined)
    if (undeclared.length === 0) return
    throw new Error(
      `Routes without a declared access: ${undeclared.map(({ method, url }) => `${method} ${url}`).join(', ')}`,
    )
  })

  return {
    close() {
      closed = true
      for (const [url, known] of methods) {
        const allow = [...known].sort().join(', ')
        app.route({
          method: METHODS.filter((method) => !known.has(method)),
          url,
          config: { access: 'public' },
          schema: { hide: true },
          // Before any body is read.
          onRequest(_request, reply, done) {
            reply.header('allow', allow)
            done(new BrokerError('method_not_allowed', `This path takes ${allow}.`))
          },
          handler: (_request, reply) => reply.send(),
        })
      }
    },
  }
}
