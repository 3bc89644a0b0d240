import { type ChildProcess, spawn } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Redis } from 'ioredis'

/** A server of the test's own, to be paused, killed and set up as no other test would like it. */
export interface OwnRedis {
  url: string
  port: number
  /** The port that other nodes of a cluster speak to. */
  busPort: number
  /** One command on a connection of its own; whole numbers and texts as Redis gives them. */
  ask(command: string, ...args: (string | number)[]): Promise<unknown>
  /** Names of the connections that are open, the asking one left out. */
  connections(): Promise<string[]>
  pause(): void
  resume(): void
  /** SIGKILL; what was written is in the append-only file. */
  kill(): Promise<void>
  start(): Promise<void>
  /** Ends it and removes its files. Safe twice. */
  remove(): Promise<void>
}

const PATIENCE_MS = 20_000
/** A port that is free can be taken before the server has it: other tests choose theirs at the same time. */
const TRIES = 5

export async function startOwnRedis(options: { clustered?: boolean } = {}): Promise<OwnRedis> {
  const dir = await mkdtemp(join(tmpdir(), 'own-redis-'))
  let [port, busPort] = [0, 0]
  let child: ChildProcess | null = null

  async function startAnywhere(): Promise<void> {
    for (let tries = 1; ; tries++) {
      ;[port, busPort] = [await freePort(), await freePort()]
      try {
        await start()
        return
      } catch (error) {
        if (tries === TRIES) throw error
      }
    }
  }

  async function start(): Promise<void> {
    const program = process.env.SWITCHYARD_REDIS_SERVER || 'redis-server'
    const cluster = ['--cluster-enabled', 'yes', '--cluster-port', `${busPort}`, '--cluster-node-timeout', '2000']
    const server = ['--bind', '127.0.0.1', '--port', `${port}`, '--dir', dir, '--save', '', '--appendonly', 'yes']
    const started = spawn(program, options.clustered ? [...server, ...cluster] : server, { stdio: 'ignore' })
    child = started
    for (const deadline = performance.now() + PATIENCE_MS; ; await sleep(10)) {
      if (await isReady(started.pid)) return
      if (started.exitCode !== null || performance.now() > deadline) throw new Error(`${program} does not start`)
    }
  }

  /** By its own word: the port may be that of another test's server. */
  async function isReady(pid: number | undefined): Promise<boolean> {
    try {
      const info = String(await ask('INFO', 'server'))
      return info.includes(`process_id:${pid}\r\n`) && (await ask('PING')) === 'PONG'
    } catch {
      return false
    }
  }

  async function ask(command: string, ...args: (string | number)[]): Promise<unknown> {
    const redis = new Redis({ port, host: '127.0.0.1', lazyConnect: true, retryStrategy: () => null })
    redis.on('error', () => {})
    try {
      await redis.connect()
      return await redis.call(command, ...args)
    } finally {
      redis.disconnect()
    }
  }

  async function kill(): Promise<void> {
    if (child === null || child.exitCode !== null || child.signalCode !== null) return
    const gone = once(child, 'exit')
    child.kill('SIGKILL')
    await gone
  }

  await startAnywhere()
  return {
    url: `redis://127.0.0.1:${port}`,
    port,
    busPort,
    ask,
    async connections() {
      const lines = String(await ask('CLIENT', 'LIST'))
        .trim()
        .split('\n')
      return lines.filter((line) => !line.includes(' cmd=client')).map((line) => / name=(\S*)/.exec(line)?.[1] ?? '')
    },
    pause: () => void child?.kill('SIGSTOP'),
    resume: () => void child?.kill('SIGCONT'),
    kill,
    start,
    async remove() {
      await kill()
      await rm(dir, { recursive: true, force: true })
    },
  }
}

/** Below the range from which systems take the ports of outgoing connections: it is also free when the server comes back. */
async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(15_000, 32_000)
    const isFree = await new Promise<boolean>((resolve) => {
      const server = createServer()
      server.once('error', () => resolve(false))
      server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
    })
    if (isFree) return port
  }
}
