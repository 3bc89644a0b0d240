// Loaded before Portkey's gateway, whose start script listens on every address and has no option for it: a benchmark is
// nobody's business but this machine's.
import { Server } from 'node:net'

const listen = Server.prototype.listen
Server.prototype.listen = function onLoopback(this: Server, ...args: unknown[]): Server {
  const [port, ...rest] = args
  const callback = rest.find((argument) => typeof argument === 'function')
  return Reflect.apply(listen, this, [port, '127.0.0.1', ...(callback === undefined ? [] : [callback])])
}
