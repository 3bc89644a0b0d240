import { mkdtemp } from 'node:fs/promises'
import { join } from 'node:path'
import { checkout } from './checkout.ts'
import type { Crew } from './crew.ts'

export interface BenchRedis {
  url: string
  pid: number
  stop(): Promise<void>
}

/** A Redis as `npm start` manages it (append-only file, unix socket), without a stack around it. */
export async function startRedis(crew: Crew, directory: string): Promise<BenchRedis> {
  const home = await mkdtemp(join(directory, 'redis-'))
  const socket = join(home, 'redis.sock')
  const member = crew.start({
    name: 'redis',
    command: process.env.SWITCHYARD_REDIS_SERVER || 'redis-server',
    args: [checkout('infra/redis.conf'), '--port', '0', '--unixsocket', socket, '--dir', home, '--loglevel', 'notice'],
  })
  await member.line(/ready to accept connections/i)
  return { url: `unix://${encodeURI(socket)}`, pid: member.pid, stop: () => member.stop() }
}
