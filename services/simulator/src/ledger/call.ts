import type { DialectName } from '../dialect.ts'
import type { FaultKind } from '../faults/fault-rule.ts'

/** How a call ended. `client_gone`: the caller closed the connection first, also out of a fault that hangs. */
export type CallEnd = 'in_flight' | 'complete' | 'client_gone' | `fault:${FaultKind}` | 'error'

/** One call as `GET /control/ledger` shows it. */
export interface Call {
  /** 1, 2, 3 … in order of beginning; also the cursor. */
  n: number
  /** Also the call's request id in its answer's headers. */
  id: string
  /** When its body had been read, epoch ms. */
  at: number
  dialect: DialectName
  /** First 12 hex digits of the key's SHA-256; null when there was no usable key. */
  key: string | null
  /** Null when the body could not be read so far. */
  model: string | null
  /** The header `x-client-request-id`: the caller's own id of the attempt. */
  clientRequestId: string | null
  stream: boolean
  promptTokens: number
  /** Generated and sent: all of it for a complete call, by characters for one that ended early. */
  completionTokens: number
  /** Read from the prompt cache, and written to it. */
  cachedTokens: number
  cacheWriteTokens: number
  /** Bytes of the answer's body, and content chunks, handed to the socket. */
  bytesSent: number
  chunksSent: number
  /** HTTP status; null while nothing was answered. */
  status: number | null
  fault: FaultKind | null
  ended: CallEnd
  msToEnd: number | null
  /** First 16 hex digits of the SHA-256 of the last user text. */
  promptHash: string | null
}

export interface LedgerEvent {
  seq: number
  type: 'begin' | 'end'
  call: Call
}
