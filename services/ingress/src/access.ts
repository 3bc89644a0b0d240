import { BrokerError } from '@switchyard/contract/broker-error'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { checkJsonType, checkTransport } from './check-transport.ts'
import type { Ingress } from './ingress.ts'
import type { Principal } from './principal.ts'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Who may call: anybody, or whoever has a key. Every route must say it (route-table.ts). */
    access?: 'public' | 'key'
    /** The body must be JSON. */
    json?: boolean
  }
  interface FastifyRequest {
    principal: Principal | null
  }
}

/** The caller of a route with `access: 'key'`. */
export function principalOf(request: FastifyRequest): Principal {
  if (request.principal === null) throw new Error('a route without access: key asked for its caller')
  return request.principal
}

/**
 * Decides about every request before its body is read: well-formed, let in by the matched route's own word (what does not say
 * `public` needs a key), of the right content type. Paths without a route are let through to be told that they have none.
 */
export function guardAccess(app: FastifyInstance, ingress: Ingress): void {
  app.decorateRequest('principal', null)
  app.addHook('onRequest', async (request) => {
    checkTransport(request.raw)
    if (request.is404) return
    const { access, json } = request.routeOptions.config
    if (access !== 'public') {
      checkCredentials(request)
      request.principal = await ingress.authenticate(request.headers.authorization, request.ip)
      if (ingress.isDraining()) throw drainingError()
    }
    if (json) checkJsonType(request.raw)
  })
}

/** Node keeps the first of two Authorization headers and says nothing; a proxy before us may have looked at the other. */
function checkCredentials(request: FastifyRequest): void {
  const { rawHeaders } = request.raw
  let given = 0
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i]!
    if (name.length === 13 && name.toLowerCase() === 'authorization') given++
  }
  if (given > 1) throw new BrokerError('invalid_api_key', 'Give one Authorization header: Bearer and the API key.')
}

function drainingError(): BrokerError {
  return new BrokerError('service_unavailable', 'This server is shutting down. Try again.', { retryAfterMs: 1_000 })
}
