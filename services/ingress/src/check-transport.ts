import type { IncomingMessage } from 'node:http'
import { BrokerError } from '@switchyard/contract/broker-error'
import { LOOP_HEADER, LOOP_TOKEN } from '@switchyard/contract/webhook'

const MAX_HEADERS = 200
const HOST = /^(?:\[[0-9a-fA-F:.]{2,45}\]|[A-Za-z0-9._-]{1,253})(?::[0-9]{1,5})?$/
const LOOP = new RegExp(`(?:^|,) *${LOOP_TOKEN} *(?:,|;|$)`)

/**
 * What HTTP lets pass and we don't: absolute-form targets, no or several or malformed `Host`s (Node keeps the first and says
 * nothing), very many headers, encoded bodies, webhooks of our own. Throws the error to answer with. Called before anything else looks at a request.
 */
export function checkTransport(request: IncomingMessage): void {
  const { rawHeaders } = request
  if (rawHeaders.length > MAX_HEADERS * 2) {
    throw new BrokerError('headers_too_large', `More than ${MAX_HEADERS} headers are not accepted.`)
  }
  if (request.url?.charCodeAt(0) !== 47) {
    throw new BrokerError('invalid_host', 'The request target must be a path; proxies are not spoken to here.')
  }
  let hosts = 0
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i]!
    if (name.length === 4 && name.toLowerCase() === 'host') hosts++
  }
  if (hosts !== 1 || !HOST.test(request.headers.host ?? '')) {
    throw new BrokerError('invalid_host', 'Exactly one well-formed Host header is needed.')
  }
  // The receiver is ourselves, or sends everything on to us: 410 ends it, each event would make the next.
  if (LOOP_HEADER in request.headers && LOOP.test(String(request.headers[LOOP_HEADER]))) {
    throw new BrokerError('webhook_loop', 'This is a webhook of this service, and not for it.')
  }
  const encoding = request.headers['content-encoding']
  if (encoding !== undefined && encoding !== 'identity') {
    throw new BrokerError('unsupported_content_encoding', 'Bodies must come without content-encoding.')
  }
}

const JSON_TYPE = /^application\/json(?: *; *charset=(?:utf-8|"utf-8"))?$/i

/** Throws `unsupported_media_type` for anything but JSON in UTF-8. */
export function checkJsonType(request: IncomingMessage): void {
  const type = request.headers['content-type']
  if (type !== undefined && JSON_TYPE.test(type)) return
  throw new BrokerError('unsupported_media_type', 'The body must be sent as content-type: application/json.')
}
