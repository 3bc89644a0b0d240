// npm test: bring what is missing, then check and test everything (check/run-checks.ts) on the pinned Node.
import { execFileSync } from 'node:child_process'
import { dirname } from 'node:path'
import { findRedisServer } from './redis-binary.mjs'
import { runNode } from './run-node.mjs'
import { installDependencies, pnpmSpec, root, toolPath } from './toolchain.mjs'

const [redisServer] = await Promise.all([findRedisServer(), installDependencies()])
// Turbo runs each package's scripts through pnpm and looks for it on the PATH.
const pnpm = execFileSync('npx', ['--yes', `--package=${await pnpmSpec()}`, '--call', 'command -v pnpm'], {
  cwd: root,
  encoding: 'utf8',
  stdio: ['ignore', 'pipe', 'ignore'],
}).trim()
runNode('infra/check/run-checks.ts', process.argv.slice(2), {
  SWITCHYARD_REDIS_SERVER: redisServer,
  PATH: toolPath(dirname(pnpm)),
})
