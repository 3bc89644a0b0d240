import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import { until } from './until.ts'

/** A server of the test's own, that it may kill. */
export interface OwnRedis {
  url: string
  port: number
  /** The port that other nodes of a cluster speak to. */
  busPort: number
  /** One command on a connection of its own. */
  ask(command: string, ...args: (string | number)[]): Promise<unknown>
  /** SIGKILL; what was written is in the append-only file. */
  kill(): Promise<void>
  start(): Promise<void>
  pause(): void
  resume(): void
  /** Ends it and removes its files. */
  remove(): Promise<void>
}

export async function startOwnRedis(options: { clustered?: boolean } = {}): Promise<OwnRedis> {
  const [port, busPort, dir] = [await freePort(), await freePort(), await mkdtemp(join(tmpdir(), 'lanes-redis-'))]
  const cluster = ['--cluster-enabled', 'yes', '--cluster-port', `${busPort}`, '--cluster-node-timeout', '2000']
  const server = ['--bind', '127.0.0.1', '--port', `${port}`, '--dir', dir, '--save', '', '--appendonly', 'yes']
  let child: ChildProcess
  let ended: Promise<unknown> = Promise.resolve()

  async function start(): Promise<void> {
    child = spawn(
      process.env.SWITCHYARD_REDIS_SERVER || 'redis-server',
      options.clustered ? [...server, ...cluster] : server,
      { stdio: 'ignore' },
    )
    ended = once(child, 'exit')
    await until('the server answers', () =>
      ask('PING').then(
        () => true,
        () => false,
      ),
    )
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
    child.kill('SIGKILL')
    await ended
  }

  await start()
  return {
    url: `redis://127.0.0.1:${port}`,
    port,
    busPort,
    ask,
    start,
    kill,
    pause: () => void child.kill('SIGSTOP'),
    resume: () => void child.kill('SIGCONT'),
    async remove() {
      await kill()
      await rm(dir, { recursive: true, force: true })
    },
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  if (address === null || typeof address === 'string') throw new Error('no port')
  return address.port
}
