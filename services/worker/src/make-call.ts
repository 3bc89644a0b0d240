import type { AttemptFailure } from '@switchyard/contract/error-class'
import type { Attempt } from '@switchyard/contract/job'
import type { AttemptEnding } from '@switchyard/jobs/record'
import { narrow } from '@switchyard/limits/learn'
import { hasLimits } from '@switchyard/limits/limit-config'
import { callProvider, type ProviderResult } from '@switchyard/providers/call-provider'
import { AnswerSink } from './answer-sink.ts'
import { startAttemptSpan } from './attempt-span.ts'
import { billAttempt } from './bill-attempt.ts'
import { clientDialect } from './client-dialect.ts'
import { countAttempt } from './count-attempt.ts'
import type { Hold } from './hold.ts'
import { interpret } from './interpret.ts'
import { logAttempt } from './log-attempt.ts'
import type { OpenAttempt } from './open-attempt.ts'
import { refusalOf } from './refusal.ts'
import type { WorkerContext } from './worker-context.ts'

/** What is asked, the same of every deployment. */
export interface Question {
  body: Buffer
  /** What the answer is to go on from; null: it starts from the beginning. */
  prefill: string | null
}

/** A call that is over. Its attempt has yet to be closed in the record. */
export interface EndedCall {
  open: OpenAttempt
  /** Where its lines went. */
  sink: AnswerSink
  result: ProviderResult
  /** null: the answer is complete. */
  failure: AttemptFailure | null
  ending: AttemptEnding
}

/** Makes the call of an open attempt, to its end: its lines go to the log as they come, the rest is classified, billed and told. */
export async function makeCall(
  worker: WorkerContext,
  hold: Hold,
  open: OpenAttempt,
  question: Question,
): Promise<EndedCall> {
  const { beginning, target } = open
  if (open.onTrial) worker.trials.begin(hold.jobId, hold.spec.stream)
  const span = startAttemptSpan(worker, hold, beginning)
  const sink = new AnswerSink(hold, beginning)
  const result = await callProvider(
    worker.transport,
    {
      ...clientDialect(hold),
      upstream: target.upstream,
      body: question.body,
      stream: hold.spec.stream,
      includeUsage: hold.spec.includeUsage,
      drop: beginning.dropped,
      attemptId: open.id,
      prefill: question.prefill,
      signal: hold.signal,
    },
    sink,
  )
  if (open.onTrial) worker.trials.end(hold.jobId)
  learn(worker, open, result)
  hold.unlease(open.id)

  const failure = result.ok ? null : interpret(hold, result.failure)
  const ending = endingOf(hold, open, sink, result, failure)
  const attempt: Attempt = { ...beginning, ...ending }
  hold.attempts = [...hold.attempts, attempt]
  span.end(attempt)
  logAttempt(worker, hold, attempt)
  countAttempt(worker, hold, attempt)
  return { open, sink, result, failure, ending }
}

/** What an answer says of the deployment's limits goes to its limiter: with the end of the call, or at once where it was refused. */
function learn(worker: WorkerContext, { id, target, beginning }: OpenAttempt, result: ProviderResult): void {
  const { deployment } = beginning
  if (result.ok) {
    worker.lessons.note(deployment, id, result.learned)
    return
  }
  const { jobs, limiterClock, onError } = worker.broker
  const refusal = refusalOf(result.failure, limiterClock?.minuteMs)
  if (!refusal || !hasLimits(target.deployment.limits)) return
  narrow(jobs.redis, deployment, target.deployment.limits, refusal, limiterClock).catch((error) =>
    onError(error, 'narrow a limit'),
  )
}

function endingOf(
  hold: Hold,
  { target, beginning }: OpenAttempt,
  sink: AnswerSink,
  result: ProviderResult,
  failure: AttemptFailure | null,
): AttemptEnding {
  return {
    status: failure === null ? 'completed' : statusOf(hold, failure),
    dropped: result.ok ? union(beginning.dropped, result.dropped) : beginning.dropped,
    // Handed back is no failure of anybody's.
    errorClass: hold.reason === 'drain' ? null : (failure?.class ?? null),
    errorMessage: failure?.message ?? null,
    httpStatus: result.httpStatus,
    ttftMs: sink.firstContentAtMs === null ? null : sink.firstContentAtMs - beginning.startedAtMs,
    durationMs: Date.now() - beginning.startedAtMs,
    ...(result.ok && result.incomplete ? { incomplete: result.incomplete } : {}),
    ...billAttempt(target.deployment, {
      usage: result.usage,
      completed: result.ok,
      contentChars: sink.contentChars,
      inputTokens: hold.spec.estimate.inputTokens,
      atMs: beginning.startedAtMs,
    }),
  }
}

function statusOf(hold: Hold, failure: AttemptFailure): AttemptEnding['status'] {
  if (failure.class === 'cancelled') return 'cancelled'
  if (failure.class === 'worker_lost') return hold.reason === 'drain' ? 'released' : 'lost'
  return 'failed'
}

function union(a: string[], b: string[]): string[] {
  return b.length === 0 ? a : [...new Set([...a, ...b])]
}
