import { Readable } from 'node:stream'
import { toBatchObject } from '@switchyard/batches/batch-object'
import { type BatchRecord, hasEnded } from '@switchyard/batches/batch-record'
import { readBatch } from '@switchyard/batches/read-batch'
import { readRows } from '@switchyard/batches/read-rows'
import { BrokerError } from '@switchyard/contract/broker-error'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { principalOf } from '../access.ts'
import type { Ingress } from '../ingress.ts'
import { ownBatch } from '../own-batch.ts'
import { KEEP_ALIVE_MS } from '../sse/sse-answer.ts'

/** Rows of one JSONL answer; whoever wants more asks again with the cursor that it gets. */
const ROWS_PER_ANSWER = 10_000
/** How soon a stream notices that the process drains, or a message that got lost. */
const LOOK_MS = 1_000
const KEEP_ALIVE = ': keep-alive\n\n'

/**
 * `GET /v1/batches/{id}/output?after=N`: rows of finished lines in the order in which they finished, from the one after N on, while the batch
 * runs and afterwards. As JSONL, `x-switchyard-cursor` being the next N; or, for whoever accepts `text/event-stream`, as events
 * with N as id, live until the batch has ended. A line that was run again has a row for each time.
 */
export async function getBatchOutput(ingress: Ingress, request: FastifyRequest, reply: FastifyReply): Promise<unknown> {
  const batch = await ownBatch(ingress, request)
  const streams = request.headers.accept?.includes('text/event-stream') ?? false
  const after = readAfter(request, streams)
  if (after > batch.rows) throw invalidAfter()
  if (!streams) {
    const last = Math.min(batch.rows, after + ROWS_PER_ANSWER)
    return reply
      .headers({ 'content-type': 'application/jsonl', 'x-switchyard-cursor': String(last) })
      .send(Readable.from(rowLines(ingress, batch, after, last)))
  }
  if (hasEnded(batch.status) && after === batch.rows) return reply.code(204).send()
  const release = ingress.streams.reserve(principalOf(request).apiKey, batch.spec.id)
  const events = Readable.from(rowEvents(ingress, batch, after))
  events.once('close', release)
  return reply
    .headers({
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-cache',
      'x-accel-buffering': 'no',
    })
    .send(events)
}

async function* rowLines(ingress: Ingress, { spec }: BatchRecord, after: number, last: number): AsyncGenerator<string> {
  if (after >= last) return
  for await (const { n, text } of readRows(ingress.files, spec, after)) {
    yield `${text}\n`
    if (n >= last) return
  }
}

/** Ends after the batch's own event, and only then: a process that drains destroys the socket, so that nobody takes it for whole. */
async function* rowEvents(ingress: Ingress, batch: BatchRecord, after: number): AsyncGenerator<string> {
  const { spec } = batch
  const follow = ingress.batches.follow(spec.id)
  let seen = after
  let spokeAtMs = performance.now()
  try {
    // Something at once, so that headers reach whoever waits for the first row.
    yield KEEP_ALIVE
    for (;;) {
      // Read before the rows: what it counts is there.
      const now = await readBatch(ingress.redis, spec.id)
      for await (const { n, text } of readRows(ingress.files, spec, seen)) {
        yield `id: ${n}\ndata: ${text}\n\n`
        seen = n
        spokeAtMs = performance.now()
      }
      if (!now) throw new Error(`${spec.id} is gone`)
      if (hasEnded(now.status)) {
        yield `event: batch.${now.status}\ndata: ${JSON.stringify(toBatchObject(now))}\n\n`
        return
      }
      await follow.next(LOOK_MS)
      if (ingress.isDraining()) throw new BrokerError('service_unavailable', 'The server is shutting down.')
      if (performance.now() - spokeAtMs >= KEEP_ALIVE_MS) {
        yield KEEP_ALIVE
        spokeAtMs = performance.now()
      }
    }
  } finally {
    follow.close()
  }
}

/** The header wins: a browser that reconnects keeps its URL and sends the newer place in the header. */
function readAfter(request: FastifyRequest, streams: boolean): number {
  const { after = '0' } = request.query as { after?: unknown }
  const header = request.headers['last-event-id']
  const given = streams && header !== undefined && header !== '' ? header : after
  if (typeof given !== 'string' || !/^\d{1,9}$/.test(given)) throw invalidAfter()
  return Number(given)
}

function invalidAfter(): BrokerError {
  return new BrokerError('invalid_cursor', "'after' must be the number of a row of this batch, 0 for the beginning.", {
    param: 'after',
  })
}
