// Loaded before Portkey's gateway, whose start script listens on every address and has no option for it: a benchmark is
// nobody's business but this machine's. Plain JavaScript, as Portkey may run on an older Node (--portkey-node).
import { Server } from 'node:net'

const { listen } = Server.prototype
Server.prototype.listen = function onLoopback(port, ...rest) {
  const callback = rest.find((argument) => typeof argument === 'function')
  return listen.call(this, port, '127.0.0.1', ...(callback === undefined ? [] : [callback]))
}
