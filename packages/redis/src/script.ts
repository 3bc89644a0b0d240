import { isAscii } from 'node:buffer'
import { createHash } from 'node:crypto'
import type { RedisClient } from './connect.ts'

export interface Script {
  name: string
  lua: string
  sha: string
}

export type Arg = string | number | Buffer

/** A Lua script that is sent by its hash. All keys of one call carry the same hash tag. */
export function defineScript(name: string, lua: string): Script {
  return { name, lua, sha: createHash('sha1').update(lua).digest('hex') }
}

export function isNoScript(error: unknown): boolean {
  return error instanceof Error && error.message.startsWith('NOSCRIPT')
}

/** Runs a script by hash; a flushed script cache is healed by sending the text once. */
export async function runScript(redis: RedisClient, script: Script, keys: string[], args: Arg[]): Promise<unknown> {
  const given = args.some(Buffer.isBuffer) ? args.map(asText) : args
  try {
    return await redis.evalsha(script.sha, keys.length, ...keys, ...given)
  } catch (error) {
    if (!isNoScript(error)) throw error
    return await redis.eval(script.lua, keys.length, ...keys, ...given)
  }
}

/**
 * One Buffer among the arguments makes ioredis build the whole command from pieces; as text it is joined, the same bytes. Above
 * this size copying it costs more than the pieces.
 */
const TEXT_BYTES = 16 * 1024

function asText(arg: Arg): Arg {
  return Buffer.isBuffer(arg) && arg.length <= TEXT_BYTES && isAscii(arg) ? arg.toString('latin1') : arg
}
