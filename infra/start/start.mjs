// npm start: bring what is missing, then hand over to the stack (stack.ts) on the pinned Node.
import { join } from 'node:path'
import { findRedisServer } from './redis-binary.mjs'
import { runNode } from './run-node.mjs'
import { installDependencies, root } from './toolchain.mjs'

const [redisServer] = await Promise.all([process.env.REDIS_URL ? '' : findRedisServer(), installDependencies()])
runNode('infra/start/stack.ts', process.argv.slice(2), {
  SWITCHYARD_REDIS_SERVER: redisServer,
  // Six processes compile the same sources: what the first start keeps halves that for every later one (0.8 s to 0.4 s of CPU each).
  NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE || join(root, 'node_modules/.cache/compiled'),
})
