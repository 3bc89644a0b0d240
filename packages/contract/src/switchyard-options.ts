import { z } from 'zod'
import { ROUTE_POLICIES } from './job.ts'

const webhook = z.union([
  z.string().min(1).max(64),
  z.strictObject({ url: z.string().min(1).max(2048), events: z.array(z.string().max(64)).min(1).max(50).optional() }),
])

const names = z.array(z.string().min(1).max(64)).min(1).max(100)

/** The `switchyard` object of any inference request (interface.md §3). Unknown fields are refused: they would be ignored otherwise. */
export const switchyardOptions = z.strictObject({
  task: z.string().min(1).max(64).optional(),
  strategy: z.enum(ROUTE_POLICIES).optional(),
  max_cost_usd: z.number().positive().optional(),
  max_ttft_ms: z.number().positive().optional(),
  allow: names.optional(),
  deny: names.optional(),
  tier: z.enum(['interactive', 'batch']).optional(),
  deadline: z.union([z.number(), z.string()]).optional(),
  on_disconnect: z.enum(['cancel', 'continue']).optional(),
  on_break: z.enum(['fail', 'restart', 'continue']).optional(),
  unsupported: z.enum(['strict', 'warn', 'drop']).optional(),
  webhook: webhook.optional(),
  cache: z.enum(['off', 'exact']).optional(),
  prompt_cache: z.enum(['auto', 'off']).optional(),
  tags: z
    .record(z.string().min(1).max(64), z.string().max(512))
    .refine((tags) => Object.keys(tags).length <= 16, 'at most 16 tags')
    .optional(),
})

export type SwitchyardOptions = z.infer<typeof switchyardOptions>
