import { createHash } from 'node:crypto'
import { chmod, lstat, mkdir } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { SettingsError } from './stack-settings.ts'

/** Where the managed Redis keeps its files and listens. */
export interface RedisPlace {
  /** Append-only file. */
  directory: string
  socket: string
  pidFile: string
}

/** sockaddr_un holds 108 bytes on Linux and 104 on macOS, the closing zero included. */
const LONGEST_SOCKET = 100

/** The socket stands beside the data, or in a private directory of the system's temporary one where that path is too long. */
export function redisPlace(dataDir: string, temporary: string = tmpdir()): RedisPlace {
  const directory = join(dataDir, 'redis')
  const beside = join(directory, 'redis.sock')
  const short = join(
    temporary,
    `switchyard-${createHash('sha256').update(dataDir).digest('hex').slice(0, 16)}`,
    'redis.sock',
  )
  const socket = Buffer.byteLength(beside) <= LONGEST_SOCKET ? beside : short
  if (Buffer.byteLength(socket) > LONGEST_SOCKET) {
    throw new SettingsError(
      `Neither ${dataDir} nor ${temporary} is short enough for a socket. Set SWITCHYARD_DATA_DIR to a shorter path.`,
    )
  }
  return { directory, socket, pidFile: join(directory, 'redis.pid') }
}

/** Makes both directories, for this user only. A directory under the shared temporary one that somebody else made is refused. */
export async function prepareRedisPlace(place: RedisPlace): Promise<void> {
  await mkdir(place.directory, { recursive: true, mode: 0o700 })
  const socketDirectory = join(place.socket, '..')
  if (socketDirectory === place.directory) return
  await mkdir(socketDirectory, { mode: 0o700 }).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw error
  })
  const found = await lstat(socketDirectory)
  if (!found.isDirectory() || (process.getuid !== undefined && found.uid !== process.getuid())) {
    throw new SettingsError(`${socketDirectory} belongs to somebody else. Set SWITCHYARD_DATA_DIR to a shorter path.`)
  }
  await chmod(socketDirectory, 0o700)
}
