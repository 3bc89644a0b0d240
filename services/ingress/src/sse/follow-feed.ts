import type { ServerResponse } from 'node:http'
import { BrokerError, failure, toFailure } from '@switchyard/contract/broker-error'
import type { EventObject } from '@switchyard/contract/event'
import type { ChannelListener } from '@switchyard/notifications/channel-listener'
import { readFeed } from '@switchyard/notifications/feed'
import type { RedisClient } from '@switchyard/redis/connect'
import type { OpenStream } from './open-streams.ts'
import { KEEP_ALIVE_MS } from './sse-answer.ts'

const PAGE = 100
/** Looked at anyway: a message that somebody recorded an event may be lost. */
const LOOK_EVERY_MS = 5_000
/** A reader that takes nothing for so long is cut; it can go on from its last event. */
const STALLED_MS = 30_000
const HEAD = {
  'content-type': 'text/event-stream; charset=utf-8',
  'cache-control': 'no-cache',
  'x-accel-buffering': 'no',
}

type Page = { events: EventObject[]; hasMore: boolean }

/**
 * A project's feed as server-sent events, for as long as the client stays. Pulled, never pushed: a page is read when the one before has
 * left and somebody said that there is more, so a slow reader holds one page and no more. It ends by the client, by a drain or by a
 * fault, and then without a clean end.
 */
export function followFeed(options: {
  res: ServerResponse
  redis: RedisClient
  listener: ChannelListener
  channel: string
  project: string
  cursor: string | null
  /** What was read at the cursor. */
  first: Page
  onClose: () => void
}): OpenStream {
  const { res, redis, listener, project, onClose } = options
  let { cursor } = options
  let closed = false
  let pulling: Promise<void> | null = null
  let again = false
  let movedAtMs = performance.now()
  let lookedAtMs = movedAtMs

  /** Resolves once there is room for more. */
  async function show({ events }: Page): Promise<void> {
    if (events.length === 0 || closed) return
    cursor = events.at(-1)!.id
    movedAtMs = performance.now()
    const text = events.map((event) => `id: ${event.id}\nevent: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`)
    if (!res.write(text.join('')))
      await new Promise<void>((resolve) => res.once('drain', resolve).once('close', resolve))
    movedAtMs = performance.now()
  }

  async function pullAll(): Promise<void> {
    do {
      again = false
      lookedAtMs = performance.now()
      const page = await readFeed(redis, project, cursor, PAGE)
      await show(page)
      again ||= page.hasMore
    } while (again && !closed)
  }

  function pull(): void {
    again = true
    if (!pulling) pulling = pullAll().catch(onFault).finally(next)
  }

  /** What was told while the last page went out. */
  function next(): void {
    pulling = null
    if (again && !closed) pull()
  }

  /** The reader is too slow for what is kept. Anything else (Redis away) the next look tries again. */
  function onFault(error: unknown): void {
    again = false
    if (BrokerError.is(error) && error.code === 'stream_expired') endWith(toFailure(error).error)
  }

  function endWith(error: object): void {
    if (closed) return
    res.write(`event: error\ndata: ${JSON.stringify({ error })}\n\n`, () => cut())
    close()
  }

  function cut(): void {
    res.destroy()
    close()
  }

  function close(): void {
    if (closed) return
    closed = true
    listening.close()
    onClose()
  }

  res.on('close', close)
  res.on('error', () => {})
  res.writeHead(200, HEAD)
  res.flushHeaders()
  again = options.first.hasMore
  pulling = show(options.first).finally(next)
  const listening = listener.listen(options.channel, { onMessage: pull, onReady: pull })
  listening.ready.catch(() => {})
  if (res.destroyed) queueMicrotask(close)

  return {
    tick(nowMs) {
      if (closed) return
      if (res.writableNeedDrain) {
        if (nowMs - movedAtMs > STALLED_MS) cut()
        return
      }
      if (nowMs - movedAtMs >= KEEP_ALIVE_MS) {
        movedAtMs = nowMs
        res.write(': keep-alive\n\n')
      }
      if (nowMs - lookedAtMs >= LOOK_EVERY_MS) pull()
    },
    interrupt() {
      endWith(failure('stream_interrupted', 'This server stopped serving the stream. Reconnect to go on.').error)
    },
    cut,
  }
}
