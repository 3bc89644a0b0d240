import { z } from 'zod'
import { DIALECTS } from '../dialect.ts'

/**
 * What can be wrong with an answer. Where a fault belongs to streams, its nearest kin happens to an answer that is not
 * streamed (see `plan-fault.ts`).
 */
export const FAULT_KINDS = [
  // before any answer
  'status',
  'reset',
  'no_response',
  // within the answer
  'stall',
  'cut',
  'no_terminal',
  'double_terminal',
  'slow_drip',
  'malformed',
  'invalid_utf8',
  'error_event',
  'empty',
  'wrong_content_type',
  'huge_chunk',
  'endless',
  'zero_usage',
  'negative_usage',
  // in HTTP itself
  'extra_response',
  'encoding_bomb',
  'encoding_chain',
  'huge_headers',
] as const
export type FaultKind = (typeof FAULT_KINDS)[number]

/** Largest body, chunk or header that a fault makes. */
const MOST_BYTES = 256 * 1024 * 1024

/** The body of `POST /control/faults`. With neither `times` nor `share` it happens to every matching call. */
export const faultRule = z
  .strictObject({
    kind: z.enum(FAULT_KINDS),
    model: z.string().min(1).default('*'),
    dialect: z.enum(DIALECTS).optional(),
    /** Only streams, or only answers that are none. */
    stream: z.boolean().optional(),
    /** `status`: the HTTP status, 500 by default. */
    status: z.int().min(300).max(599).optional(),
    /** Seconds for the `retry-after` header; a string is sent as it is, for absurd values. */
    retryAfter: z.union([z.number(), z.string().max(200)]).optional(),
    /** Content chunks that are sent before it happens. */
    afterChunks: z.int().min(0).max(1_000_000).optional(),
    /** The next N matching calls. */
    times: z.int().min(1).max(1_000_000).optional(),
    /** This share of the matching calls, drawn from a seeded sequence. */
    share: z.number().min(0).max(1).optional(),
    seed: z.int().default(1),
    /** `status`: is said after so long (0). `stall`, `no_response`: goes on then (never, by default). `slow_drip`: between bytes (1,000). */
    delayMs: z.number().min(0).max(3_600_000).optional(),
    message: z.string().max(10_000).optional(),
    /** Sent in place of the dialect's own error or answer body; text, or JSON. */
    body: z.unknown().optional(),
    /** Size of `huge_chunk`, `encoding_bomb` (50 MB each) and `huge_headers` (1 MB). */
    bytes: z.int().min(1).max(MOST_BYTES).optional(),
  })
  .refine((rule) => rule.times === undefined || rule.share === undefined, 'times and share exclude each other')
export type FaultRule = z.infer<typeof faultRule>
