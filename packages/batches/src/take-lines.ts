import type { RedisClient } from '@switchyard/redis/connect'
import { type Command, pipelineBySlot, scriptCommand } from '@switchyard/redis/pipeline'
import { batchKeys } from './keys.ts'
import { scripts } from './scripts.ts'

/** A line of a batch under one number of try. */
export interface TakenLine {
  line: number
  try: number
}

/** Lets the next lines of batches into their windows. Whoever dies before they are jobs leaves them there for the next one. */
export async function takeLines(
  redis: RedisClient,
  wishes: readonly { batchId: string; lines: number }[],
  windowSize: number,
): Promise<TakenLine[][]> {
  const replies = await pipelineBySlot(
    redis,
    wishes.map(({ batchId, lines }): Command => {
      const { record, again, window } = batchKeys(batchId)
      return scriptCommand(scripts.take, [record, again, window], [windowSize, lines])
    }),
  )
  return replies.map(({ error, value }) => {
    if (error) throw error
    const flat = value as number[]
    return Array.from({ length: flat.length / 2 }, (_, i) => ({ line: flat[i * 2]!, try: flat[i * 2 + 1]! }))
  })
}

/** The lines in a batch's window, those that were taken first before the others, with the time of it. */
export async function readWindow(redis: RedisClient, batchId: string): Promise<(TakenLine & { takenAtMs: number })[]> {
  const flat = await redis.zrange(batchKeys(batchId).window, 0, '-1', 'WITHSCORES')
  return Array.from({ length: flat.length / 2 }, (_, i) => {
    const [line, tryNumber] = flat[i * 2]!.split('.').map(Number) as [number, number]
    return { line, try: tryNumber, takenAtMs: Number(flat[i * 2 + 1]) }
  })
}
