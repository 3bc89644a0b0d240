import type { AttemptFailure } from '@switchyard/contract/error-class'
import type { Dispatcher } from 'undici'
import type { Upstream } from './chat-call.ts'
import { classOf } from './classify-error.ts'
import type { Transport } from './transport.ts'

const PATIENCE_MS = 10_000
const MOST_BYTES = 64 * 1024

/** How each kind lists its models, for whoever has a key. */
const LISTS: Record<Upstream['kind'], { path: string; keyHeader: string; keyPrefix: string }> = {
  openai: { path: '/models', keyHeader: 'authorization', keyPrefix: 'Bearer ' },
  anthropic: { path: '/models?limit=1', keyHeader: 'x-api-key', keyPrefix: '' },
  google: { path: '/models?pageSize=1', keyHeader: 'x-goog-api-key', keyPrefix: '' },
}

/**
 * Asks a provider for its list of models, which spends no token: is it there, and does it take our key? null: it is and does, as far as
 * this shows (a server without such a list shows nothing). Never rejects.
 */
export async function probeUpstream(
  transport: Transport,
  upstream: Pick<Upstream, 'kind' | 'baseUrl' | 'apiKey'>,
  signal: AbortSignal,
): Promise<AttemptFailure | null> {
  const { path, keyHeader, keyPrefix } = LISTS[upstream.kind]
  const headers: Record<string, string> = {
    accept: 'application/json',
    'accept-encoding': 'identity',
    'user-agent': 'switchyard',
    ...(upstream.kind === 'anthropic' ? { 'anthropic-version': '2023-06-01' } : {}),
    ...(upstream.apiKey === null ? {} : { [keyHeader]: keyPrefix + upstream.apiKey }),
  }
  const url = new URL(upstream.baseUrl + path)
  let status: number
  try {
    const answer: Dispatcher.ResponseData = await transport.dispatcher.request({
      origin: url.origin,
      path: url.pathname + url.search,
      method: 'GET',
      headers,
      signal: AbortSignal.any([signal, AbortSignal.timeout(PATIENCE_MS)]),
    })
    status = answer.statusCode
    await answer.body.dump({ limit: MOST_BYTES })
  } catch {
    return signal.aborted ? null : { class: 'server', message: 'no answer from the provider to a probe', status: null }
  }
  const failureClass = classOf(upstream.kind, status, null)
  const tells = status >= 400 && (failureClass === 'credential' || status >= 500) && status !== 501
  return tells ? { class: failureClass, message: `a probe was answered with ${status}`, status } : null
}
