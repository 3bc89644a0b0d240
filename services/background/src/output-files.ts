import { registerFile } from '@switchyard/batches/files/register-file'
import type { OutputFiles } from '@switchyard/broker/batches/batch-chores'
import type { RedisClient } from '@switchyard/redis/connect'

/** As long as the input of a batch by default. */
const KEPT_MS = 30 * 24 * 3_600_000

/** Output and error files of batches, as `/v1/files` shows them. */
export function outputFiles(redis: RedisClient): OutputFiles {
  return {
    async register(batch, { kind, id, blob, bytes }) {
      const { outputExpiresAfterSeconds: seconds } = batch
      await registerFile(
        { redis },
        {
          project: batch.project,
          id,
          blob,
          bytes,
          filename: `${batch.id}_${kind}.jsonl`,
          purpose: 'batch_output',
          expiresAtMs: Date.now() + (seconds === null ? KEPT_MS : seconds * 1000),
        },
      )
    },
  }
}
