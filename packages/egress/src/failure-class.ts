import { UnresolvedError } from './resolve-target.ts'

/** What its sender may learn of a call that got no answer. Few and coarse, so that nobody's network can be mapped with them. */
export type EgressFailure = 'url_not_allowed' | 'unreachable' | 'tls_error' | 'timeout' | 'aborted'

const TLS_CODES = /^(ERR_TLS_|ERR_SSL_|EPROTO$|CERT_|UNABLE_TO_|DEPTH_ZERO_|SELF_SIGNED_|HOSTNAME_MISMATCH$|ERR_OSSL_)/

/** What an error of a call was, by the codes on it and on what caused it. */
export function failureClass(error: unknown): EgressFailure {
  for (const each of causes(error)) {
    if (each instanceof UnresolvedError) return each.notAllowed ? 'url_not_allowed' : 'unreachable'
    const { code } = each as { code?: unknown }
    if (typeof code !== 'string') continue
    if (code.endsWith('_TIMEOUT') || code === 'ETIMEDOUT') return 'timeout'
    if (TLS_CODES.test(code)) return 'tls_error'
  }
  return 'unreachable'
}

function* causes(error: unknown): Generator<object> {
  let each = error
  for (let depth = 0; depth < 5 && typeof each === 'object' && each !== null; depth++) {
    yield each
    if (each instanceof AggregateError) for (const one of each.errors) if (typeof one === 'object' && one) yield one
    each = (each as { cause?: unknown }).cause
  }
}
