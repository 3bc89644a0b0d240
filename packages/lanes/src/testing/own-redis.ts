import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { until } from './until.ts'

const run = promisify(execFile)

/** A server of the test's own, that it may kill. */
export interface OwnRedis {
  url: string
  port: number
  /** SIGKILL; what was written is in the append-only file. */
  kill(): Promise<void>
  start(): Promise<void>
  pause(): void
  resume(): void
  /** Ends it and removes its files. */
  remove(): Promise<void>
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  if (address === null || typeof address === 'string') throw new Error('no port')
  // A cluster node also listens 10,000 above its port.
  return address.port < 55_000 ? address.port : freePort()
}

async function serverBinary(): Promise<string> {
  for (const name of ['redis-server', 'valkey-server']) {
    if (
      await run(name, ['--version']).then(
        () => true,
        () => false,
      )
    )
      return name
  }
  throw new Error('neither redis-server nor valkey-server is on the PATH')
}

/** False while it is not there or still loads its file. */
async function answersPing(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1')
  try {
    socket.write('PING\r\n')
    const [answer] = await once(socket, 'data')
    return String(answer).startsWith('+PONG')
  } catch {
    return false
  } finally {
    socket.destroy()
  }
}

export async function startOwnRedis(extra: string[] = []): Promise<OwnRedis> {
  const [binary, port, dir] = [await serverBinary(), await freePort(), await mkdtemp(join(tmpdir(), 'lanes-redis-'))]
  const url = `redis://127.0.0.1:${port}`
  let child: ChildProcess
  let ended: Promise<unknown> = Promise.resolve()

  async function start(): Promise<void> {
    const args = [
      '--port',
      `${port}`,
      '--dir',
      dir,
      '--save',
      '',
      '--appendonly',
      'yes',
      '--bind',
      '127.0.0.1',
      ...extra,
    ]
    child = spawn(binary, args, { stdio: 'ignore' })
    ended = once(child, 'exit')
    await until('redis-server answers', () => answersPing(port))
  }

  async function kill(): Promise<void> {
    child.kill('SIGKILL')
    await ended
  }

  await start()
  return {
    url,
    port,
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
