// node infra/start/run.mjs <file.ts> [arguments]: bring what is missing, then run a file on the pinned Node.
import { findRedisServer } from './redis-binary.mjs'
import { runNode } from './run-node.mjs'
import { fail, installDependencies } from './toolchain.mjs'

const [file, ...args] = process.argv.slice(2)
if (file === undefined) fail('usage: node infra/start/run.mjs <file.ts> [arguments]')
const [redisServer] = await Promise.all([process.env.REDIS_URL ? '' : findRedisServer(), installDependencies()])
runNode(file, args, { SWITCHYARD_REDIS_SERVER: redisServer })
