import { settle } from '@switchyard/broker/settle'
import type { AttemptFailure } from '@switchyard/contract/error-class'
import { attemptId } from '@switchyard/contract/ids'
import type { Attempt } from '@switchyard/contract/job'
import { beginAttempt } from '@switchyard/jobs/begin-attempt'
import type { AttemptBeginning, AttemptEnding } from '@switchyard/jobs/record'
import { narrow } from '@switchyard/limits/learn'
import { reconcile } from '@switchyard/limits/reconcile'
import { callProvider, type ProviderResult } from '@switchyard/providers/call-provider'
import { AnswerSink } from './answer-sink.ts'
import { startAttemptSpan } from './attempt-span.ts'
import { billAttempt, estimateCost } from './bill-attempt.ts'
import { clientDialect } from './client-dialect.ts'
import { abandonHeadStart, takeHeadStart } from './head-start.ts'
import type { Hold } from './hold.ts'
import { keepTrying } from './keep-trying.ts'
import { logAttempt } from './log-attempt.ts'
import { reserveCapacity } from './reserve-capacity.ts'
import type { WorkerContext } from './worker-context.ts'

export type ClosedAttempt =
  /** The job has ended, or is no longer ours. */
  | { kind: 'settled' }
  /** What follows is `catalog/outcome`'s to decide. `ending` is null when no call was begun (no capacity, no such deployment). */
  | {
      kind: 'failed'
      deployment: string
      /** Under which its capacity was, or would have been, reserved. */
      lease: string
      failure: AttemptFailure
      ending: { number: number; beginning: AttemptBeginning; ending: AttemptEnding } | null
    }

/**
 * One attempt as a pipeline: resolve the deployment, reserve capacity, write the attempt down, call, classify, bill. A success
 * settles the job; a failure is handed back as a value.
 */
export async function runAttempt(
  worker: WorkerContext,
  hold: Hold,
  { deployment, body, prefill }: { deployment: string; body: Buffer; prefill: string | null },
): Promise<ClosedAttempt> {
  const number = hold.attempts.length + 1
  const id = attemptId(hold.jobId, number)
  const refused = (failure: AttemptFailure): ClosedAttempt => ({
    kind: 'failed',
    deployment,
    lease: id,
    failure,
    ending: null,
  })
  const headStart = takeHeadStart(hold, deployment, number)
  const begun = headStart?.begun ? headStart.beginning : null
  const target = headStart?.target ?? worker.upstreams().usable.get(deployment)
  if (!target) return refused({ class: 'not_found', message: 'no longer served by this worker', status: null })

  const capacity = await reserveCapacity(worker, hold, target.deployment, id, headStart?.reservation ?? null)
  if (!capacity.ok) return refused(capacity.failure)
  const giveBack = async () => {
    if (!capacity.reserved) return
    await reconcile(worker.broker.jobs.redis, deployment, target.deployment.limits, id, null)
  }
  if (hold.signal.aborted) {
    if (begun) await abandonHeadStart(worker, hold)
    else await giveBack()
    return refused(interpret(hold, { class: 'cancelled', message: 'stopped before the call', status: null }))
  }

  if (capacity.reserved) hold.leased = { deployment, lease: id }
  const routed = hold.spec.route.hops[hold.hop]!.deployments.find((candidate) => candidate.id === deployment)
  const beginning: AttemptBeginning = begun ?? {
    number,
    fence: hold.fence,
    hop: hold.hop,
    deployment,
    provider: target.deployment.provider.name,
    model: target.upstream.model,
    simulated: target.upstream.simulated,
    dropped: routed?.drop ?? [],
    startedAtMs: Date.now(),
    estimate: { ...hold.spec.estimate, costNanoUsd: estimateCost(target.deployment, hold.spec.estimate) },
  }
  if (!begun && !(await beginAttempt(worker.broker.jobs, hold.jobId, beginning)).owned) {
    await giveBack()
    return { kind: 'settled' }
  }
  hold.headStart = null
  const onTrial = begun !== null && capacity.reserved
  if (onTrial) worker.trials.begin(hold.jobId, hold.spec.stream)

  const span = startAttemptSpan(worker, hold, beginning)
  const sink = new AnswerSink(hold, beginning)
  const result = await callProvider(
    worker.transport,
    {
      ...clientDialect(hold),
      upstream: target.upstream,
      body,
      stream: hold.spec.stream,
      includeUsage: hold.spec.includeUsage,
      drop: beginning.dropped,
      attemptId: id,
      prefill,
      promptCache: hold.spec.promptCache,
      signal: hold.signal,
    },
    sink,
  )
  if (onTrial) worker.trials.end(hold.jobId)
  if (!result.ok && result.failure.class === 'rate_limited') {
    const { retryAfterMs } = result.failure
    if (retryAfterMs !== undefined) {
      narrow(worker.broker.jobs.redis, deployment, { retryAfterMs }).catch((error) =>
        worker.broker.onError(error, 'narrow a limit'),
      )
    }
  }

  hold.leased = null
  const failure = result.ok ? null : interpret(hold, result.failure)
  const ending = endingOf(hold, target.deployment, beginning, sink, result, failure)
  const attempt: Attempt = {
    ...beginning,
    ...(result.ok ? { dropped: union(beginning.dropped, result.dropped) } : {}),
    ...ending,
  }
  hold.attempts = [...hold.attempts, attempt]
  span.end(attempt)
  logAttempt(worker, hold, attempt)
  if (failure) return { kind: 'failed', deployment, lease: id, failure, ending: { number, beginning, ending } }

  sink.flushHeld()
  // The end leaves right behind the last lines; it is refused as long as they are not in the log.
  void hold.log?.flushNow()
  const settled = hold.log?.refused
    ? null
    : await keepTrying(hold, () =>
        settle(
          worker.broker,
          hold.spec,
          { fence: hold.fence, log: hold.log },
          {
            status: 'completed',
            failure: null,
            body: result.ok ? result.body : null,
            terminal: result.ok ? result.terminal : null,
            attempt: { number, ending },
          },
          hold.attempts,
        ),
      )
  if (settled) return { kind: 'settled' }
  // A newer owner or a cancel was first. Nothing of the answer counts, its bill does.
  hold.stop('ended')
  const late: AttemptFailure = { class: 'cancelled', message: 'the job had ended or moved on', status: null }
  return { kind: 'failed', deployment, lease: id, failure: late, ending: { number, beginning, ending } }
}

function union(a: string[], b: string[]): string[] {
  return b.length === 0 ? a : [...new Set([...a, ...b])]
}

/** An aborted call says only that it was aborted; why is known here. */
function interpret(hold: Hold, failure: AttemptFailure): AttemptFailure {
  switch (hold.reason) {
    case null:
      return failure
    case 'ended':
      return { class: 'cancelled', message: 'the job has ended', status: null }
    case 'deadline':
      return { class: 'deadline', message: 'the deadline passed during the call', status: null }
    case 'drain':
      return { class: 'worker_lost', message: 'the worker was asked to stop', status: null }
    case 'lease':
      return { class: 'worker_lost', message: 'the lease could not be renewed in time', status: null }
  }
}

function endingOf(
  hold: Hold,
  deployment: Parameters<typeof billAttempt>[0],
  beginning: AttemptBeginning,
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
    ...billAttempt(deployment, {
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
