import type OpenAI from 'openai'
import type { JobObject } from '../harness/api.ts'
import { extractionRequest } from './extraction.ts'
import { followJob } from './follow-job.ts'
import type { Document } from './read-documents.ts'
import { readEnd } from './read-end.ts'
import type { ResultRow } from './result-row.ts'

const CANCEL_MS = 2000

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
  const sentAt = performance.now()
  try {
    const accepted = await client.chat.completions
      .create(extractionRequest(model, document), { headers: { Prefer: 'respond-async' }, signal })
      .asResponse()
    jobId = ((await accepted.json()) as JobObject).id
    for await (const _event of followJob(client, jobId, { signal })) {
      // Only the end counts here; a program could show what it sees.
    }
    const durationMs = performance.now() - sentAt
    const { end, providerMs } = await readEnd(client, jobId, signal)
    return {
      document: document.name,
      ...end,
      duration_ms: round(durationMs),
      wait_ms: round(Math.max(0, durationMs - providerMs)),
    }
  } catch (error) {
    if (!signal.aborted) return lostSight(document, jobId, error)
    if (jobId !== null)
      await client.post(`/jobs/${jobId}/cancel`, { timeout: CANCEL_MS, maxRetries: 0 }).catch(() => {})
    throw signal.reason
  }
}

function round(ms: number): number {
  return Math.round(ms * 10) / 10
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
    cost_usd: job === null ? 0 : null,
    duration_ms: null,
    wait_ms: null,
  }
}
