import type { ServerResponse } from 'node:http'
import type { Ledger, LedgerQuery } from '../ledger/ledger.ts'

/** A reader that is this far behind is cut off. */
const MOST_BUFFERED_BYTES = 4 * 1024 * 1024

/**
 * Sends every begin and end of a call as a server-sent event (`id: <seq>`, `event: begin|end`, `data: <call>`) until the
 * reader leaves. The comment `: ready` comes first: what happens after it is not missed.
 */
export function streamLedger(ledger: Ledger, response: ServerResponse, filter: LedgerQuery): void {
  response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-store' })
  const unsubscribe = ledger.subscribe(({ seq, type, call }) => {
    if (filter.model !== undefined && call.model !== filter.model) return
    if (filter.clientRequestId !== undefined && call.clientRequestId !== filter.clientRequestId) return
    if (response.writableLength > MOST_BUFFERED_BYTES) response.destroy()
    else response.write(`id: ${seq}\nevent: ${type}\ndata: ${JSON.stringify(call)}\n\n`)
  })
  response.once('close', unsubscribe)
  response.write(': ready\n\n')
}
