import { answeringAttempt } from '@switchyard/contract/answering-attempt'
import { BrokerError } from '@switchyard/contract/broker-error'
import { isTerminal, type JobRecord } from '@switchyard/contract/job'
import type { LogEntry } from '@switchyard/contract/log-entry'
import { assembleCompletion } from '@switchyard/contract/openai-chat/assemble-completion'
import type { ChatUsage } from '@switchyard/contract/openai-chat/chunk'
import { assembleResponse } from '@switchyard/contract/openai-responses/assemble-response'
import { decodeArchive } from './archive.ts'
import type { Jobs } from './jobs.ts'
import { jobKeys } from './keys.ts'
import { readEvents } from './read-events.ts'

/** HTTP status and JSON text, exactly as a waiting client would have had them. */
export interface StoredResult {
  status: number
  body: Buffer | string
}

/** The answer of an ended job. A streamed one's is assembled from its log. Throws `job_not_finished`, `stream_expired`. */
export async function readResult(jobs: Jobs, record: JobRecord): Promise<StoredResult> {
  if (!isTerminal(record.status)) {
    throw new BrokerError('job_not_finished', `The job is ${record.status}; its result is there once it has ended.`)
  }
  if (record.failure) return { status: record.failure.status, body: JSON.stringify({ error: record.failure.error }) }
  if (record.spec.stream) {
    const entries = await readEvents(jobs, record, -1)
    if (record.spec.dialect === 'openai-responses') return { status: 200, body: finalResponse(entries) }
    const lines = entries.filter(({ event, terminal }) => event === null && terminal === null).map(({ data }) => data)
    return { status: 200, body: assembleCompletion(lines, usageOf(record)) }
  }
  const body = await readBody(jobs, record)
  if (body === null) throw new BrokerError('stream_expired', 'The result of this job is no longer kept.')
  return { status: 200, body }
}

/** The last event of a response carries all of it. */
function finalResponse(entries: LogEntry[]): string {
  const response = assembleResponse(
    entries.map(({ data }) => data),
    null,
  )
  if (response === null) throw new BrokerError('stream_expired', 'The result of this job is no longer kept.')
  return JSON.stringify(response)
}

async function readBody(jobs: Jobs, record: JobRecord): Promise<Buffer | string | null> {
  if (record.resultBlob) return jobs.blobs.get(record.resultBlob)
  let name = record.archive
  if (!name) {
    const [body, archive] = await jobs.redis.hmget(jobKeys(record.spec.id).record, 'result', 'archive')
    if (body) return body
    // It may have been archived since the record was read.
    name = archive ?? null
  }
  const blob = name ? await jobs.blobs.get(name) : null
  return blob ? (await decodeArchive(blob)).result : null
}

/** The stream's own usage chunk may not have been shown to its client; a body that is not streamed always has one. */
function usageOf(record: JobRecord): ChatUsage | null {
  const usage = answeringAttempt(record.attempts)?.usage
  if (!usage) return null
  return {
    prompt_tokens: usage.inputTokens,
    completion_tokens: usage.outputTokens,
    total_tokens: usage.inputTokens + usage.outputTokens,
    prompt_tokens_details: {
      cached_tokens: usage.cachedInputTokens,
      ...(usage.cacheWriteTokens === 0 ? {} : { cache_write_tokens: usage.cacheWriteTokens }),
    },
    completion_tokens_details: { reasoning_tokens: usage.reasoningTokens },
  }
}
