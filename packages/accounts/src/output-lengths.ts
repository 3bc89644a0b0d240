import type { LedgerRow } from '@switchyard/contract/effects'
import type { RedisClient } from '@switchyard/redis/connect'
import { outputsKey } from './keys.ts'
import { LruMap } from './lru-map.ts'

/**
 * How long a project's answers of a model lately were, as a histogram that forgets: one field for each model in one hash of the
 * project, written by the script that books the ledger lines. Bins are a quarter of an octave wide (1, 2, 2.4, 2.8, 3.4, 4, …), so a
 * quantile is right to 19 %. With 256 answers all counts are halved: what is older than some hundred answers weighs little.
 */
const BINS_PER_OCTAVE = 4
/** Answers of up to 2²⁰ tokens; longer ones count as such. */
export const OUTPUT_BINS = 20 * BINS_PER_OCTAVE + 1
/** Of models and of the hash as a whole: 162 bytes each. */
export const MOST_MODELS = 64
export const HALVED_AT = 256
export const OUTPUTS_KEPT_S = 35 * 24 * 3_600

/** Fewer answers than these say nothing. */
const LEAST_ANSWERS = 20
/** Read anew after this time, in the background. */
const FRESH_MS = 30_000
const MOST_PROJECTS = 10_000

/** The bin that an attempt's answer counts in; -1 where it says nothing about lengths: it failed, or nobody knows. */
export function outputBin({ attempt }: LedgerRow): number {
  const tokens = attempt.usage?.outputTokens ?? 0
  if (attempt.status !== 'completed' || attempt.usageSource !== 'provider' || !(tokens >= 1)) return -1
  return Math.min(OUTPUT_BINS - 1, Math.floor(Math.log2(tokens) * BINS_PER_OCTAVE))
}

/** The smallest length, in tokens, that this share of the answers does not exceed; null: too few are known. */
export function quantileOf(counts: readonly number[], share: number): number | null {
  const total = counts.reduce((sum, count) => sum + count, 0)
  if (total < LEAST_ANSWERS) return null
  let left = share * total
  const bin = counts.findIndex((count) => {
    left -= count
    return left <= 0
  })
  return Math.ceil(2 ** ((bin + 1) / BINS_PER_OCTAVE))
}

/** Counts by bin, of each model. */
async function readOutputs(redis: RedisClient, project: string): Promise<Map<string, number[]>> {
  const fields = await redis.hgetallBuffer(outputsKey(project))
  return new Map(
    Object.entries(fields).map(([model, packed]) => [
      model,
      Array.from({ length: packed.length / 2 }, (_, bin) => packed.readUInt16LE(2 * bin)),
    ]),
  )
}

export interface OutputLengths {
  /** The length that nine of ten answers do not exceed; undefined: not known (yet). Never waits: what is old is read behind its back. */
  typical(project: string, model: string): number | undefined
}

const SHARE = 0.9

export function createOutputLengths(
  redis: RedisClient,
  onError: (error: unknown) => void,
  freshMs: number = FRESH_MS,
): OutputLengths {
  const known = new LruMap<string, { readAtMs: number; byModel: Map<string, number> }>(MOST_PROJECTS)
  const reading = new Set<string>()

  async function refresh(project: string): Promise<void> {
    if (reading.has(project)) return
    reading.add(project)
    try {
      const byModel = new Map<string, number>()
      for (const [model, counts] of await readOutputs(redis, project)) {
        const length = quantileOf(counts, SHARE)
        if (length !== null) byModel.set(model, length)
      }
      known.set(project, { readAtMs: performance.now(), byModel })
    } catch (error) {
      onError(error)
    } finally {
      reading.delete(project)
    }
  }

  return {
    typical(project, model) {
      const entry = known.get(project)
      if (!entry || performance.now() - entry.readAtMs > freshMs) void refresh(project)
      return entry?.byModel.get(model)
    },
  }
}
