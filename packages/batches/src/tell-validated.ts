import type { RedisClient } from '@switchyard/redis/connect'
import { runScript } from '@switchyard/redis/script'
import type { InputProblem } from './batch-record.ts'
import { batchKeys } from './keys.ts'
import { publishNews } from './news.ts'
import { scripts } from './scripts.ts'
import type { ValidInput } from './validate-input.ts'

/** From `validating` to `in_progress`, or to `failed` with what is wrong with the input. False when it no longer waits for it. */
export async function tellValidated(
  redis: RedisClient,
  batchId: string,
  found: Pick<ValidInput, 'total' | 'model'> | { problems: InputProblem[] },
): Promise<boolean> {
  const args = 'problems' in found ? [0, '', JSON.stringify(found.problems)] : [found.total, found.model, '']
  const told = await runScript(redis, scripts.validated, [batchKeys(batchId).record], args)
  await publishNews(redis, [batchId])
  return told === 1
}
