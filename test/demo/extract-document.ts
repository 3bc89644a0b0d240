import type OpenAI from 'openai'
import type { JobObject } from '../harness/api.ts'
import { type Extraction, extractionRequest, readExtraction } from './extraction.ts'
import { followJob } from './follow-job.ts'
import type { Document } from './read-documents.ts'

/** One line of the results: what became of one document. */
export interface ResultRow {
  document: string
  job: string | null
  /** Of the job; `not_accepted` where there is none. */
  status: string
  extraction: Extraction | null
  error: { code: string; message: string } | null
  /** Deployments in the order in which they were tried. */
  attempts: string[]
  /** Who answered, as `x-switchyard-deployment` says it. */
  answered_by: string | null
  input_tokens: number
  output_tokens: number
  /** null: unpriced. */
  cost_usd: number | null
  /** From the 202 to the first `in_progress`, and to the last event, as this client saw them. */
  wait_ms: number | null
  duration_ms: number | null
}

interface Completion {
  choices: { message: { content: string | null } }[]
}

/**
 * Submits one extraction as a job that nobody waits for, follows it to its end, and gives the row. A request that is refused
 * is a row too; only an abort throws, and then the job is cancelled so that nobody pays for an answer that nobody reads.
 */
export async function extractDocument(
  client: OpenAI,
  document: Document,
  { model, signal }: { model: string; signal: AbortSignal },
): Promise<ResultRow> {
  let jobId: string | null = null
  try {
    const accepted = await client.chat.completions
      .create(extractionRequest(model, document), { headers: { Prefer: 'respond-async' }, signal })
      .asResponse()
    const acceptedAt = performance.now()
    jobId = ((await accepted.json()) as JobObject).id
    let waitMs: number | null = null
    for await (const { data } of followJob(client, jobId, { signal })) {
      if (waitMs === null && isRunning(data)) waitMs = performance.now() - acceptedAt
    }
    const durationMs = performance.now() - acceptedAt
    return {
      ...(await endOf(client, jobId, signal)),
      document: document.name,
      wait_ms: waitMs,
      duration_ms: durationMs,
    }
  } catch (error) {
    if (signal.aborted) {
      if (jobId !== null) await client.post(`/jobs/${jobId}/cancel`, { timeout: 2000, maxRetries: 0 }).catch(() => {})
      throw signal.reason
    }
    return lostSight(document, jobId, error)
  }
}

/** The `status` of a `job.status` event; other events have other types. */
function isRunning(data: string): boolean {
  const event = JSON.parse(data) as { type?: string; status?: string }
  return event.type === 'job.status' && event.status === 'in_progress'
}

type End = Omit<ResultRow, 'document' | 'wait_ms' | 'duration_ms'>

async function endOf(client: OpenAI, jobId: string, signal: AbortSignal): Promise<End> {
  const job = await client.get<JobObject & { cost_usd: number | null }>(`/jobs/${jobId}`, { signal })
  const end: End = {
    job: jobId,
    status: job.status,
    extraction: null,
    error: job.error && { code: job.error.code, message: job.error.message },
    attempts: job.attempts.map(({ deployment }) => deployment),
    answered_by: null,
    input_tokens: job.usage.input_tokens,
    output_tokens: job.usage.output_tokens,
    cost_usd: job.cost_usd,
  }
  if (job.status !== 'completed') return end
  const { data, response } = await client.get<Completion>(`/jobs/${jobId}/result`, { signal }).withResponse()
  end.answered_by = response.headers.get('x-switchyard-deployment')
  end.extraction = readExtraction(data.choices[0]?.message.content)
  if (end.extraction === null) end.error = { code: 'not_the_schema', message: 'the answer is not what the schema says' }
  return end
}

function lostSight(document: Document, job: string | null, error: unknown): ResultRow {
  const { code, message } = error as { code?: string | null; message: string }
  return {
    document: document.name,
    job,
    status: job === null ? 'not_accepted' : 'unknown',
    extraction: null,
    error: { code: code ?? 'no_answer', message },
    attempts: [],
    answered_by: null,
    input_tokens: 0,
    output_tokens: 0,
    cost_usd: null,
    wait_ms: null,
    duration_ms: null,
  }
}
