import type OpenAI from 'openai'
import type { JobObject } from '../harness/api.ts'
import { readExtraction } from './extraction.ts'
import type { ResultRow } from './result-row.ts'

interface EndedJob extends JobObject {
  attempts: (JobObject['attempts'][number] & { duration_ms: number | null })[]
  cost_usd: number | null
}

interface Completion {
  choices: { message: { content: string | null } }[]
}

/** What the job and its result say once it has ended; `providerMs` is how long providers worked on it, all attempts together. */
export async function readEnd(
  client: OpenAI,
  jobId: string,
  signal: AbortSignal,
): Promise<{ end: Omit<ResultRow, 'document' | 'duration_ms' | 'wait_ms'>; providerMs: number }> {
  const job = await client.get<EndedJob>(`/jobs/${jobId}`, { signal })
  const providerMs = job.attempts.reduce((sum, { duration_ms }) => sum + (duration_ms ?? 0), 0)
  const ended = {
    job: jobId,
    status: job.status,
    error: job.error && { code: job.error.code, message: job.error.message },
    attempts: job.attempts.map(({ deployment }) => deployment),
    input_tokens: job.usage.input_tokens,
    output_tokens: job.usage.output_tokens,
    cost_usd: job.cost_usd,
  }
  if (job.status !== 'completed') return { end: { ...ended, extraction: null, answered_by: null }, providerMs }

  const { data, response } = await client.get<Completion>(`/jobs/${jobId}/result`, { signal }).withResponse()
  const extraction = readExtraction(data.choices[0]?.message.content)
  const error = extraction === null ? { code: 'not_the_schema', message: 'the answer is not what was asked for' } : null
  return {
    end: { ...ended, error, extraction, answered_by: response.headers.get('x-switchyard-deployment') },
    providerMs,
  }
}
