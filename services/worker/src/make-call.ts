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
import { type CostMeter, capReached } from './cost-cap.ts'
import { countAttempt } from './count-attempt.ts'
import type { Hold } from './hold.ts'
import { interpret } from './interpret.ts'
import { logAttempt } from './log-attempt.ts'
import { noteCall } from './note-call.ts'
import type { OpenAttempt } from './open-attempt.ts'
import { refusalOf } from './refusal.ts'
import { wholeAnswer } from './whole-answer.ts'
import type { WorkerContext } from './worker-context.ts'

/** Another deployment's first token came sooner. What this one has done is paid for all the same. */
const OUTRUN: AttemptFailure = { class: 'cancelled', message: 'another deployment answered sooner', status: null }

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
  /** The answer of a job that is not streamed. */
  body: string | null
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
  const { beginning, target, meter } = open
  const { spec } = hold
  const signal = open.stop?.signal ?? hold.signal
  const made = !signal.aborted
  const span = startAttemptSpan(worker, hold, beginning)
  const sink = new AnswerSink(hold, open)
  const calling = callProvider(
    worker.transport,
    {
      ...clientDialect(hold),
      upstream: target.upstream,
      body: question.body,
      // Only a stream can be stopped at the job's cost cap.
      stream: spec.stream || meter !== null,
      includeUsage: spec.includeUsage || (meter !== null && !spec.stream),
      drop: beginning.dropped,
      attemptId: open.id,
      prefill: question.prefill,
      promptCache: hold.spec.promptCache,
      signal,
    },
    sink,
  )
  if (open.onTrial) worker.trials.begin(hold.jobId, spec.stream)
  const result = await calling
  if (open.onTrial) worker.trials.end(hold.jobId)
  learn(worker, open, result)
  hold.unlease(open.id)

  const failure = failureOf(hold, open, result)
  const ending = endingOf(hold, open, { made, sink, result, failure })
  if (hold.passage.batch) await worker.giveWay()
  const attempt: Attempt = { ...beginning, ...ending }
  hold.attempts = [...hold.attempts, attempt]
  span.end(attempt)
  logAttempt(worker, hold, attempt)
  countAttempt(worker, hold, attempt)
  if (failure?.class === 'cost_limit') countCut(worker, hold)
  const noted = noteCall(worker, hold, open, ending, failure)
  if (failure) await noted
  let body = result.ok ? result.body : null
  if (meter && !spec.stream && result.ok && failure === null) {
    sink.flushHeld()
    body = wholeAnswer(spec, sink.lines, result.terminal ?? null)
  }
  return { open, sink, result, body, failure, ending }
}

function countCut({ telemetry }: WorkerContext, { claim }: Hold): void {
  telemetry.metrics.counter('switchyard_streams_cut_total').add({ lane: claim.record.lane })
}

/** Why there is no answer of this call; null where there is one. */
function failureOf(hold: Hold, { stop, meter, racer }: OpenAttempt, result: ProviderResult): AttemptFailure | null {
  const outrun = stop?.reason === 'outrun' || (result.ok && racer !== null && !racer.win())
  if (outrun && (result.ok || hold.reason === null)) return OUTRUN
  if (meter && stop?.reason === 'cost_cap' && (result.ok || hold.reason === null)) {
    return { class: 'cost_limit', message: capReached(hold, meter), status: result.httpStatus }
  }
  return result.ok ? null : interpret(hold, result.failure)
}

/** What an answer says of the deployment's limits goes to its limiter: with the end of the call, or at once where it was refused. */
function learn(worker: WorkerContext, { id, target, beginning }: OpenAttempt, result: ProviderResult): void {
  const { deployment } = beginning
  if (result.usage) {
    worker.calibration.learn(deployment, beginning.estimate.inputTokens, result.usage.inputTokens)
  }
  if (result.ok) {
    worker.lessons.note(deployment, id, result.learned)
    return
  }
  const { jobs, limiterClock, onError } = worker.broker
  const refusal = refusalOf(result.failure, limiterClock?.minuteMs)
  if (!refusal) return
  if (!hasLimits(target.deployment.limits)) {
    if (refusal.retryAfterMs) worker.toldWaits.note(deployment, refusal.retryAfterMs)
    return
  }
  narrow(jobs.redis, deployment, target.deployment.limits, refusal, limiterClock).catch((error) =>
    onError(error, 'narrow a limit'),
  )
}

function endingOf(
  hold: Hold,
  { target, beginning, meter }: OpenAttempt,
  call: { made: boolean; sink: AnswerSink; result: ProviderResult; failure: AttemptFailure | null },
): AttemptEnding {
  const { sink, result, failure } = call
  return {
    status: failure === null ? 'completed' : statusOf(hold, failure),
    dropped: result.ok ? union(beginning.dropped, result.dropped) : beginning.dropped,
    // Handed back, or merely slower, is no failure of anybody's.
    errorClass: hold.reason === 'drain' || failure === OUTRUN ? null : (failure?.class ?? null),
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
      outputTokens: call.made ? knownOutput(hold, failure, meter) : undefined,
      atMs: beginning.startedAtMs,
    }),
  }
}

/** Output tokens that are known better than by the lines that came. */
function knownOutput(hold: Hold, failure: AttemptFailure | null, meter: CostMeter | null): number | undefined {
  // Whoever is left behind had read the prompt; how far an answer in one piece had come nobody knows.
  if (failure === OUTRUN) return hold.spec.stream ? 0 : hold.spec.estimate.outputTokens
  return meter && meter.outputTokens > 0 ? meter.outputTokens : undefined
}

function statusOf(hold: Hold, failure: AttemptFailure): AttemptEnding['status'] {
  if (failure.class === 'cancelled') return 'cancelled'
  if (failure.class === 'worker_lost') return hold.reason === 'drain' ? 'released' : 'lost'
  return 'failed'
}

function union(a: string[], b: string[]): string[] {
  return b.length === 0 ? a : [...new Set([...a, ...b])]
}
