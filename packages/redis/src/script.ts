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
  try {
    return await redis.evalsha(script.sha, keys.length, ...keys, ...args)
  } catch (error) {
    if (!isNoScript(error)) throw error
    return await redis.eval(script.lua, keys.length, ...keys, ...args)
  }
}
