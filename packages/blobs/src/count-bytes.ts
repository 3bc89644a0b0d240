import { createHash } from 'node:crypto'
import { BrokerError } from '@switchyard/contract/broker-error'

/** Size and digest of bytes that pass by; throws `file_too_large` as soon as there are more than `maxBytes`. */
export function countBytes(maxBytes: number = Number.POSITIVE_INFINITY) {
  const hash = createHash('sha256')
  let bytes = 0
  return {
    add(chunk: Uint8Array): void {
      bytes += chunk.length
      if (bytes > maxBytes) throw new BrokerError('file_too_large', `More than ${maxBytes} bytes are not accepted.`)
      hash.update(chunk)
    },
    done: () => ({ bytes, sha256: hash.digest('hex') }),
  }
}
