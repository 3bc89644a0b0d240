import { execFile } from 'node:child_process'
import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'
import { promisify } from 'node:util'
import { fail, run } from './toolchain.mjs'

const OLDEST_REDIS = 7
const NAMES = ['redis-server', 'valkey-server']
/** Where package managers put servers that a plain user's PATH may lack. */
const MORE_PLACES = ['/usr/sbin', '/usr/local/bin', '/usr/local/sbin', '/opt/homebrew/bin']

/** What to try, per package manager; the first package that brings a server is enough. */
const MANAGERS = [
  {
    command: 'apt-get',
    before: ['update'],
    install: ['install', '-y', '--no-install-recommends'],
    packages: ['redis-server', 'valkey-server'],
  },
  { command: 'dnf', install: ['install', '-y'], packages: ['valkey', 'redis'] },
  { command: 'apk', install: ['add', '--no-cache'], packages: ['valkey', 'redis'] },
  { command: 'brew', install: ['install'], packages: ['redis', 'valkey'], root: false },
]

/**
 * Path of a Redis (7.0 or later) or Valkey server: `SWITCHYARD_REDIS_SERVER`, else one on the PATH, else one brought by the
 * system's package manager. Ends the process with a message that says what to install where none can be had.
 */
export async function findRedisServer() {
  const given = process.env.SWITCHYARD_REDIS_SERVER
  if (given) {
    if (await isUsable(given)) return given
    fail(`SWITCHYARD_REDIS_SERVER=${given} is no Redis server of version ${OLDEST_REDIS} or later.`)
  }
  return (await find()) ?? (await install()) ?? fail(whatToInstall())
}

async function find() {
  for (const name of NAMES) {
    const path = onPath(name)
    if (path !== undefined && (await isUsable(path))) return path
  }
  return undefined
}

function onPath(name) {
  for (const place of [...(process.env.PATH ?? '').split(delimiter), ...MORE_PLACES]) {
    const path = join(place, name)
    try {
      accessSync(path, constants.X_OK)
      return path
    } catch {
      // Not here.
    }
  }
  return undefined
}

/** `Redis server v=7.0.15 …` or `Valkey server v=8.1.1 …`; a Valkey of any version comes after Redis 7.0. */
async function isUsable(path) {
  try {
    const { stdout } = await promisify(execFile)(path, ['--version'], { timeout: 5000 })
    const match = /^(Redis|Valkey) server v=(\d+)/i.exec(stdout)
    return match !== null && (match[1].toLowerCase() === 'valkey' || Number(match[2]) >= OLDEST_REDIS)
  } catch {
    return false
  }
}

async function install() {
  const isRoot = process.getuid?.() === 0
  for (const manager of MANAGERS) {
    // Homebrew refuses to run as root, the others need it.
    if (isRoot === (manager.root === false) || onPath(manager.command) === undefined) continue
    // A Debian package starts its service otherwise; ours is a child process with a directory of its own.
    const env = { DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' }
    if (manager.before) await run(manager.command, manager.before, env)
    for (const name of manager.packages) {
      console.error(`switchyard: installing ${name} with ${manager.command}`)
      if ((await run(manager.command, [...manager.install, name], env)) !== 0) continue
      const found = await find()
      if (found !== undefined) return found
    }
  }
  return undefined
}

function whatToInstall() {
  return [
    `A Redis (${OLDEST_REDIS}.0 or later) or Valkey server is needed and none is on the PATH.`,
    'Install one and start again:',
    '  Debian, Ubuntu    sudo apt-get install redis-server',
    '  Fedora, RHEL      sudo dnf install valkey',
    '  Alpine            sudo apk add valkey',
    '  macOS             brew install redis',
    'or use a server that runs already:  REDIS_URL=redis://host:6379 npm start',
  ].join('\n')
}
