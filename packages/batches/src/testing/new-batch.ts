import { inputBlob, linesBlob } from '../batch-blobs.ts'
import { newBatchId } from '../batch-id.ts'
import type { BatchRecord, BatchSpec } from '../batch-record.ts'
import type { Batches } from '../batches.ts'
import { createBatch } from '../create-batch.ts'
import { ACTIVE_KEY, batchKeys, projectBatchesKey } from '../keys.ts'
import { readBatch } from '../read-batch.ts'
import { tellValidated } from '../tell-validated.ts'
import { validateInput } from '../validate-input.ts'

const ENDPOINT = '/v1/chat/completions'

export function newBatchSpec(over: Partial<BatchSpec> = {}): BatchSpec {
  return {
    v: 1,
    id: newBatchId(),
    project: 'proj_test',
    apiKey: 'key_test',
    endpoint: ENDPOINT,
    inputFileId: 'file-test',
    inputBlob: 'proj_test/file-test/content',
    completionWindow: '24h',
    windowMs: 86_400_000,
    metadata: {},
    outputExpiresAfterSeconds: null,
    createdAtMs: Date.now(),
    ...over,
  }
}

export function inputLine(customId: string, body: object = {}): string {
  const whole = { model: 'm', messages: [{ role: 'user', content: 'Hello' }], ...body }
  return JSON.stringify({ custom_id: customId, method: 'POST', url: ENDPOINT, body: whole })
}

/** A batch that is validated and waits for its lines to be taken. */
export async function runningBatch(
  batches: Batches,
  lines: string[],
  over: Partial<BatchSpec> = {},
): Promise<BatchSpec> {
  const spec = newBatchSpec(over)
  const input = Buffer.from(lines.join('\n'))
  await batches.blobs.put(inputBlob(spec), input)
  await createBatch(batches.redis, spec)
  const found = await validateInput(
    (async function* () {
      yield input
    })(),
    spec.endpoint,
  )
  if ('table' in found) await batches.blobs.put(linesBlob(spec), found.table)
  await tellValidated(batches.redis, spec.id, found)
  return spec
}

export async function readOne(batches: Batches, batchId: string): Promise<BatchRecord> {
  const record = await readBatch(batches.redis, batchId)
  if (!record) throw new Error(`there is no ${batchId}`)
  return record
}

/** Leaves nothing of it behind. */
export async function removeBatch({ redis }: Batches, { id, project }: BatchSpec): Promise<void> {
  await redis.unlink(...Object.values(batchKeys(id)))
  await redis.zrem(ACTIVE_KEY, id)
  await redis.zrem(projectBatchesKey(project), id)
}
