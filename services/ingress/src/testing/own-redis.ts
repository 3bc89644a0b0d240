import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connectRedis, disconnectRedis } from '@switchyard/redis/connect'

export interface OwnRedis {
  url: string
  pause(): void
  resume(): void
  /** Ends it as a crash would. */
  kill(): Promise<void>
  /** Starts it again with the data that it had. */
  start(): Promise<void>
  stop(): Promise<void>
}

/** A Redis of this test's own, to be paused, filled and killed. */
export async function startOwnRedis(options: { maxmemory?: string } = {}): Promise<OwnRedis> {
  const directory = await mkdtemp(join(tmpdir(), 'ingress-redis-'))
  const port = await freePort()
  const url = `redis://127.0.0.1:${port}`
  let child: ChildProcess

  async function start(): Promise<void> {
    const maxmemory = options.maxmemory ? ['--maxmemory', options.maxmemory] : []
    const flags = ['--port', String(port), '--dir', directory, '--save', '', '--appendonly', 'yes', ...maxmemory]
    child = spawn('redis-server', flags, { stdio: 'ignore' })
    for (;;) {
      try {
        await disconnectRedis(await connectRedis(url, { role: 'producer', name: 'probe' }))
        return
      } catch {
        if (child.exitCode !== null) throw new Error('redis-server did not start')
      }
    }
  }

  async function kill(): Promise<void> {
    const gone = once(child, 'exit')
    child.kill('SIGKILL')
    await gone
  }

  await start()
  return {
    url,
    pause: () => void child.kill('SIGSTOP'),
    resume: () => void child.kill('SIGCONT'),
    kill,
    start,
    async stop() {
      if (child.exitCode === null && child.signalCode === null) await kill()
      await rm(directory, { recursive: true, force: true })
    },
  }
}

async function freePort(): Promise<number> {
  const server = createServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}
