import { BrokerError } from '@switchyard/contract/broker-error'

/**
 * The one range of bytes that a `Range` header asks for, `to` exclusive; null for all: no header, another unit, more than one range, or
 * nothing that can be read, which RFC 9110 §14.2 lets a server ignore. Throws `range_not_satisfiable` when it lies behind the end.
 */
export function readRange(header: string | undefined, bytes: number): { from: number; to: number } | null {
  const given = /^bytes= *(\d{0,15}) *- *(\d{0,15}) *$/i.exec(header ?? '')
  if (!given || (given[1] === '' && given[2] === '')) return null
  const [, first, last] = given as unknown as [string, string, string]
  if (first === '') {
    if (Number(last) === 0 || bytes === 0) throw unsatisfiable(bytes)
    return { from: Math.max(0, bytes - Number(last)), to: bytes }
  }
  const from = Number(first)
  if (last !== '' && Number(last) < from) return null
  if (from >= bytes) throw unsatisfiable(bytes)
  return { from, to: last === '' ? bytes : Math.min(Number(last) + 1, bytes) }
}

function unsatisfiable(bytes: number): BrokerError {
  return new BrokerError('range_not_satisfiable', `The file has ${bytes} bytes; the range asks for none of them.`)
}
