// npm start: bring what is missing, then hand over to the stack (stack.ts) on the pinned Node.
import { findRedisServer } from './redis-binary.mjs'
import { runNode } from './run-node.mjs'
import { installDependencies } from './toolchain.mjs'

const [redisServer] = await Promise.all([process.env.REDIS_URL ? '' : findRedisServer(), installDependencies()])
runNode('infra/start/stack.ts', process.argv.slice(2), { SWITCHYARD_REDIS_SERVER: redisServer })
