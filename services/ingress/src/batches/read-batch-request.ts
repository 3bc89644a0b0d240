import { parseCompletionWindow } from '@switchyard/batches/completion-window'
import { MOST_BYTES } from '@switchyard/batches/validate-input'
import { BATCH_ENDPOINTS } from '@switchyard/broker/batches/batch-endpoints'
import { requestProblem } from '@switchyard/broker/chat/request-problem'
import { readJson } from '@switchyard/contract/json/read-json'
import { z } from 'zod'

const HOUR_S = 3_600

/** OpenAI's request (https://platform.openai.com/docs/api-reference/batch/create), with any window from 15m to 7d. */
export const batchRequest = z.strictObject({
  input_file_id: z
    .string()
    .min(1)
    .max(64)
    .describe(`A file of purpose batch: one request in each line, at most 50,000 and ${MOST_BYTES} bytes`),
  endpoint: z.enum(Object.keys(BATCH_ENDPOINTS) as [string, ...string[]]),
  completion_window: z
    .string()
    .refine((text) => parseCompletionWindow(text) !== null, 'expected a time from 15m to 7d, such as 24h'),
  metadata: z
    .record(z.string().min(1).max(64), z.string().max(512))
    .refine((pairs) => Object.keys(pairs).length <= 16, 'at most 16 pairs')
    .nullish(),
  output_expires_after: z
    .strictObject({
      anchor: z.literal('created_at'),
      seconds: z
        .int()
        .min(HOUR_S)
        .max(720 * HOUR_S),
    })
    .nullish(),
})

/** Reads the body of a request for a batch. Throws what its sender is to see. */
export function readBatchRequest(bytes: Buffer): z.infer<typeof batchRequest> {
  const body = readJson(bytes)
  const parsed = batchRequest.safeParse(body)
  if (!parsed.success) throw requestProblem(parsed.error, body)
  return parsed.data
}
