import { z } from 'zod'
import { MOST_CHUNKS } from '../answer/length-directive.ts'

const ms = z.number().min(0).max(3_600_000)
const limit = z.int().min(0).max(1_000_000_000)

/** How a model behaves. Set by `PUT /control/models/:model`; `*` sets what models without their own value have. */
export const modelSettings = z.strictObject({
  /** From the request to the first content, ms. 0: as fast as possible. */
  firstTokenMs: ms,
  /** What is added to it for every 1,000 tokens of the prompt that are not in the cache, ms. */
  readMsPerKTok: z.number().min(0).max(10_000),
  /** Between chunks, ms. 0: the whole stream in one write. */
  chunkDelayMs: ms,
  /** Each chunk is late by up to this many ms, evenly spread. */
  jitterMs: ms,
  /** Content chunks of a stream; null: by the answer's length. */
  chunks: z.int().min(1).max(MOST_CHUNKS).nullable(),
  /** Requests, and input + output tokens, within `windowMs`, for each key. */
  rpm: limit,
  tpm: limit,
  /** Calls at once, for each key. */
  inFlight: limit,
  /** The minute of `rpm` and `tpm`, scalable for tests. */
  windowMs: z.number().min(60).max(3_600_000),
  /** Tokens; null: the family's. */
  contextWindow: z.int().min(1).nullable(),
  /** Parameters that the model refuses; null: what the real one does. */
  refuses: z.array(z.string().min(1)).max(100).nullable(),
})
export type ModelSettings = z.infer<typeof modelSettings>

export const DEFAULT_SETTINGS: ModelSettings = {
  firstTokenMs: 80,
  readMsPerKTok: 0,
  chunkDelayMs: 15,
  jitterMs: 0,
  chunks: null,
  rpm: 100_000,
  tpm: 1_000_000_000,
  inFlight: 100_000,
  windowMs: 60_000,
  contextWindow: null,
  refuses: null,
}
