import type { IncomingMessage } from 'node:http'
import { refuseConnection } from './refuse-connection.ts'

/**
 * Ends the connection of a request whose body has not come whole in this time, with a 408. Node's own limit holds for every request of
 * a server, and an upload may take longer than others.
 */
export function limitArrival(request: IncomingMessage, ms: number): void {
  // Nearly every body has come with its headers by the time that the caller is known.
  if (request.complete || request.destroyed) return
  const timer = setTimeout(() => {
    if (request.complete) return
    refuseConnection(Object.assign(new Error('too slow'), { code: 'ERR_HTTP_REQUEST_TIMEOUT' }), request.socket)
  }, ms)
  request.once('close', () => clearTimeout(timer))
}
