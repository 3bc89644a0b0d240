import { BrokerError } from '@switchyard/contract/broker-error'

/** Awaits something of Redis or the blob store; what is no `BrokerError` is the store being away, and its caller's 503. */
export async function storeCall<T>(call: Promise<T>): Promise<T> {
  try {
    return await call
  } catch (cause) {
    if (BrokerError.is(cause)) throw cause
    throw new BrokerError('service_unavailable', 'The job store does not answer. Try again.', {
      retryAfterMs: 1_000,
      cause,
    })
  }
}
