import { type Principal, requireScope } from '@switchyard/accounts/principal'
import { BrokerError } from '@switchyard/contract/broker-error'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { checkJsonType, checkTransport } from './check-transport.ts'
import { checkMultipartType } from './files/multipart-boundary.ts'
import type { Ingress } from './ingress.ts'
import { limitArrival } from './limit-arrival.ts'

/** Who may call a route: anybody, or whoever has a key with this scope. */
export type Access =
  | 'public'
  | 'inference'
  | 'models.read'
  | 'jobs.read'
  | 'jobs.cancel'
  | 'files.read'
  | 'files.write'
  | 'webhooks.read'
  | 'webhooks.write'
  | 'events.read'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Every route must say it (route-table.ts). */
    access?: Access
    /** The body must be JSON. */
    json?: boolean
    /** The body must be a multipart form, which the handler reads as it comes. */
    multipart?: boolean
  }
  interface FastifyRequest {
    principal: Principal | null
  }
}

/** The caller of a route that is not public. */
export function principalOf(request: FastifyRequest): Principal {
  if (request.principal === null) throw new Error('a public route asked for its caller')
  return request.principal
}

/**
 * Decides about every request before its body is read: well-formed, let in by the matched route's own word (what does not say
 * `public` needs a key), of the right content type. Paths without a route are let through to be told that they have none.
 */
export function guardAccess(app: FastifyInstance, ingress: Ingress, requestMs: number): void {
  app.decorateRequest('principal', null)
  async function guard(request: FastifyRequest): Promise<void> {
    checkTransport(request.raw)
    if (request.is404) return
    const { access, json, multipart } = request.routeOptions.config
    if (access !== 'public') {
      const principal = await callerOf(ingress, request)
      if (access === undefined) throw new Error('a route without a declared access was called')
      requireScope(principal, access)
      request.principal = principal
      if (ingress.isDraining()) {
        throw new BrokerError('service_unavailable', 'This server is shutting down. Try again.', {
          retryAfterMs: 1_000,
        })
      }
    }
    if (json) checkJsonType(request.raw)
    if (multipart) checkMultipartType(request.raw.headers['content-type'])
  }
  app.addHook('onRequest', async (request) => {
    let uploads = false
    try {
      await guard(request)
      uploads = request.routeOptions.config.multipart ?? false
    } finally {
      if (!uploads) limitArrival(request.raw, requestMs)
    }
  })
}

/** A caller that keeps failing is told to slow down instead; good keys from the same address are served all the same. */
async function callerOf(ingress: Ingress, request: FastifyRequest): Promise<Principal> {
  try {
    return await ingress.authenticator.authenticate(authorizations(request.raw.rawHeaders))
  } catch (error) {
    if (BrokerError.is(error) && error.status === 401 && error.code !== 'missing_api_key') {
      ingress.failedAuth.failed(request.ip)
    }
    throw error
  }
}

/** All of them: Node keeps the first of two and says nothing, and a proxy before us may have looked at the other. */
function authorizations(rawHeaders: readonly string[]): string[] {
  const given: string[] = []
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i]!
    if (name.length === 13 && name.toLowerCase() === 'authorization') given.push(rawHeaders[i + 1]!)
  }
  return given
}
