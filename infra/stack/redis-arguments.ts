import { totalmem } from 'node:os'
import type { RedisPlace } from './redis-place.ts'

/**
 * The command line of the managed Redis: `infra/redis.conf` (what every Redis of ours must be) and what only this one is:
 * where it lives, how much memory it may take, no TCP port, a socket for this user alone.
 */
export function redisArguments(place: RedisPlace, configFile: string, fsyncAlways: boolean): string[] {
  return [
    configFile,
    ...['--port', '0'],
    ...['--unixsocket', place.socket, '--unixsocketperm', '700'],
    ...['--dir', place.directory],
    ...['--pidfile', place.pidFile],
    ...['--maxmemory', String(halfOfMemory())],
    ...['--appendfsync', fsyncAlways ? 'always' : 'everysec'],
    ...['--daemonize', 'no'],
    ...['--loglevel', 'warning'],
  ]
}

/** Bytes: half of what this process may use, the container's limit where there is one. */
function halfOfMemory(): number {
  const limit = process.constrainedMemory()
  return Math.floor((limit > 0 && limit < totalmem() ? limit : totalmem()) / 2)
}
