import type { ServerResponse } from 'node:http'
import type { DeliveryPlan } from './delivery-plan.ts'

/** A reset right behind data would overtake it in the caller's kernel. */
const BEFORE_RESET_MS = 5

export interface DeliveryWatch {
  /** The status line is on its way. */
  answering(): void
  /** Bytes and generated characters handed to the socket; a content chunk when there are any characters. */
  sent(bytes: number, characters: number): void
  /** Called before a cut or reset: from then on the end is ours, whatever the socket says. */
  breaking(): void
}

/**
 * Sends an answer by its plan. Every write has a due time counted from the request, so lateness never adds up; what is due
 * at once goes out in one write. Waits for readers that are slower than the stream. Nothing is sent after the
 * connection has gone: the caller of this hears that from the response's `close` event.
 *
 * @param startMs `performance.now()` when the request had been read
 */
export function runDelivery(plan: DeliveryPlan, response: ServerResponse, startMs: number, watch: DeliveryWatch): void {
  let next = 0
  let lateMs = plan.jitterMs * Math.random()
  let timer: NodeJS.Timeout | undefined
  let isBegun = false
  response.once('close', () => clearTimeout(timer))

  function dueMs(index: number): number {
    const paused = plan.pause !== null && index >= plan.pause.before ? plan.pause.ms : 0
    return startMs + plan.firstMs + index * plan.gapMs + paused + lateMs
  }

  function pump(): void {
    if (response.destroyed) return
    const nowMs = performance.now()
    const { writes } = plan
    let text = ''
    while (next < writes.length) {
      // Timers know only whole ms, so whatever is due within this one goes now.
      const waitMs = dueMs(next) - nowMs
      if (waitMs >= 1) {
        if (text !== '') send(text)
        wait(waitMs)
        return
      }
      const write = writes[next]!
      watch.sent(Buffer.byteLength(write), plan.characters[next]!)
      next++
      lateMs = plan.jitterMs * Math.random()
      if (typeof write === 'string') {
        text += write
      } else {
        if (text !== '') send(text)
        text = ''
        send(write)
      }
      const sink = response.socket ?? response
      if (sink.writableNeedDrain && next < writes.length) {
        if (text !== '') send(text)
        sink.once('drain', pump)
        return
      }
    }
    finish(text)
  }

  /**
   * A chunk of a body without length is framed here, but for the first, which takes the headers along: Node's own `write` hands the
   * socket four pieces for it, which is dear for a simulator that shares its machine with what is measured.
   * https://www.rfc-editor.org/rfc/rfc9112#name-chunked-transfer-coding
   */
  function send(data: string | Buffer): void {
    const { socket } = response
    if (isBegun && response.chunkedEncoding && socket !== null && typeof data === 'string') {
      socket.write(`${Buffer.byteLength(data).toString(16)}\r\n${data}\r\n`)
    } else {
      response.write(data)
    }
    isBegun = true
  }

  function wait(ms: number): void {
    timer = setTimeout(pump, Math.round(ms))
  }

  function finish(text: string): void {
    const { socket } = response
    switch (plan.ending) {
      case 'end':
        if (plan.stray !== null && socket !== null) {
          const { stray } = plan
          response.once('finish', () => socket.write(stray))
        }
        response.end(text)
        return
      case 'cut':
        if (text !== '') send(text)
        watch.breaking()
        socket?.destroySoon()
        return
      case 'reset':
        if (text !== '') send(text)
        timer = setTimeout(() => {
          watch.breaking()
          socket?.resetAndDestroy()
        }, BEFORE_RESET_MS)
        return
      case 'hang':
        if (text !== '') send(text)
        return
      case 'repeat':
        if (text !== '') send(text)
        again()
    }
  }

  function again(): void {
    if (response.destroyed) return
    watch.sent(plan.repeat.length, plan.repeat.length)
    send(plan.repeat)
    const sink = response.socket ?? response
    if (sink.writableNeedDrain) sink.once('drain', again)
    else timer = setTimeout(again, plan.gapMs)
  }

  function begin(): void {
    if (response.destroyed) return
    if (!plan.silent) {
      watch.answering()
      response.writeHead(plan.status, plan.headers)
      if (plan.writes.length === 0 && plan.ending !== 'end') response.flushHeaders()
    }
    pump()
  }

  const untilFirstMs = dueMs(0) - performance.now()
  if (plan.firstMs === 0 || untilFirstMs < 1) begin()
  else timer = setTimeout(begin, Math.round(untilFirstMs))
}
