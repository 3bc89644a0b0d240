import { Dispatcher } from 'undici'
import type { Transport } from '../transport.ts'

/** How the bytes end: as HTTP says, with the connection, or with the connection even while nobody reads. */
export type MemoryEnd = 'whole' | 'cut' | 'cut_while_held'

/**
 * A transport whose every call is answered with these pieces, without a socket: thousands of ways to cut a body in a second.
 * It pauses and resumes as undici does.
 */
export function memoryTransport(
  pieces: Uint8Array[],
  contentType = 'text/event-stream',
  end: MemoryEnd = 'whole',
): Transport {
  return { dispatcher: new MemoryDispatcher(pieces, contentType, end), maxAnswerBytes: 1 << 20, maxEventBytes: 1 << 20 }
}

class MemoryDispatcher extends Dispatcher {
  private readonly pieces: Uint8Array[]
  private readonly contentType: string
  private readonly end: MemoryEnd

  constructor(pieces: Uint8Array[], contentType: string, end: MemoryEnd) {
    super()
    this.pieces = pieces
    this.contentType = contentType
    this.end = end
  }

  override dispatch(_options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): boolean {
    let paused = false
    let aborted = false
    let next = 0
    const send = () => {
      while (!paused && !aborted && next < this.pieces.length) {
        handler.onResponseData?.(controller, Buffer.from(this.pieces[next++] as Uint8Array))
      }
      const held = paused && this.end !== 'cut_while_held'
      if (held || aborted || next !== this.pieces.length) return
      next++
      if (this.end === 'whole') handler.onResponseEnd?.(controller, {})
      else
        handler.onResponseError?.(controller, Object.assign(new Error('other side closed'), { code: 'UND_ERR_SOCKET' }))
    }
    const controller: Dispatcher.DispatchController = {
      get aborted() {
        return aborted
      },
      get paused() {
        return paused
      },
      reason: null,
      abort() {
        aborted = true
      },
      pause() {
        paused = true
      },
      resume() {
        paused = false
        queueMicrotask(send)
      },
    }
    queueMicrotask(() => {
      handler.onRequestStart?.(controller, {})
      handler.onResponseStart?.(controller, 200, { 'content-type': this.contentType })
      send()
    })
    return true
  }
}
