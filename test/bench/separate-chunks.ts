// Loaded before the simulator. With no delay between chunks it sends a whole stream in one write, and no provider does that:
// a gateway would be spared the work of 50 chunks. Here each event of such a stream is a write of its own, in an event-loop
// turn of its own. Paced streams, which end with a few events at once, go out as they are.
import { ServerResponse } from 'node:http'

/** More events than this in the last write of a stream: it was not paced. */
const A_PACED_END = 8

const { end } = ServerResponse.prototype
ServerResponse.prototype.end = function inTurns(this: ServerResponse, ...args: unknown[]): ServerResponse {
  const [text] = args
  const events = typeof text === 'string' && text.startsWith('data: ') ? text.split(/(?<=\n\n)/) : []
  if (events.length <= A_PACED_END) return Reflect.apply(end, this, args)
  let next = 0
  const writeNext = (): void => {
    if (this.destroyed) return
    if (next === events.length) Reflect.apply(end, this, [])
    else {
      // The first takes the headers along; the others are framed here, since Node's own `write` makes four pieces of each.
      if (next === 0 || this.socket === null) this.write(events[next])
      else this.socket.write(frame(events[next]!))
      next++
      setImmediate(writeNext)
    }
  }
  writeNext()
  return this
}

function frame(event: string): string {
  return `${Buffer.byteLength(event).toString(16)}\r\n${event}\r\n`
}
