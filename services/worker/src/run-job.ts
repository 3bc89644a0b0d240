import { decideOutcome, type Outcome } from '@switchyard/catalog/outcome'
import type { AttemptFailure } from '@switchyard/contract/error-class'
import { readRequest } from '@switchyard/jobs/read-request'
import type { Verdict } from '@switchyard/lanes/verdict'
import { supportsPrefill } from '@switchyard/providers/supports-prefill'
import { affordableTo } from './affordable.ts'
import { type ClosedAttempt, runAttempt } from './attempt.ts'
import { recordQueueWait } from './attempt-span.ts'
import { chooseDeployment, healthFor } from './choose-deployment.ts'
import { executeOutcome } from './execute-outcome.ts'
import type { Hold } from './hold.ts'
import { openLog, textSoFar } from './stream-log.ts'
import type { WorkerContext } from './worker-context.ts'

/**
 * Runs a claimed job until it ends, moves on, or has to wait: attempt after attempt, each failure a value that one function turns
 * into an outcome and one place executes.
 */
export async function runJob(worker: WorkerContext, hold: Hold): Promise<Verdict> {
  const { spec, claim } = hold
  const deadline =
    spec.deadlineMs === null ? null : setTimeout(() => hold.stop('deadline'), untilMs(spec.deadlineMs, hold.nowMs))
  deadline?.unref()
  try {
    if (spec.stream) openLog(worker, hold, claim.nextSeq)
    let deployment = chooseDeployment(worker, hold)
    const last = hold.attempts.at(-1)?.status
    if ((last === 'lost' || last === 'cancelled') && contentInLog(hold)) {
      // Its last owner vanished in the middle of an answer, and nobody has decided what becomes of that.
      const vanished: AttemptFailure = { class: 'worker_lost', message: 'the worker vanished', status: null }
      const next = await follow(worker, hold, vanished, null)
      if (next.kind !== 'attempt') return next.verdict
      deployment = next.deployment
    }
    recordQueueWait(worker, hold)
    const body = await readRequest(worker.broker.jobs, claim.record, claim.request)
    for (;;) {
      const prefill = await shownText(worker, hold)
      const closed = await runAttempt(worker, hold, deployment, { body, prefill })
      if (closed.kind === 'settled') return { kind: 'done' }
      const next = await follow(worker, hold, closed.failure, closed)
      if (next.kind !== 'attempt') return next.verdict
      deployment = next.deployment
    }
  } finally {
    if (deadline) clearTimeout(deadline)
  }
}

type Next = { kind: 'attempt'; deployment: string } | { kind: 'over'; verdict: Verdict }

/** Decides what a failure means and has it executed. Decides again when the log turns out to have been read meanwhile. */
async function follow(
  worker: WorkerContext,
  hold: Hold,
  attemptFailure: AttemptFailure,
  closed: Extract<ClosedAttempt, { kind: 'failed' }> | null,
): Promise<Next> {
  if (closed?.ending === null) hold.refuse(closed.deployment, attemptFailure)
  const text = await shownText(worker, hold)
  let read = hold.claim.record.read || hold.readers.size > 0
  for (;;) {
    const outcome = decide(worker, hold, attemptFailure, { refused: closed?.ending === null, text, read })
    const next = await executeOutcome(worker, hold, outcome, closed)
    if (next.kind !== 'read') return next
    read = true
  }
}

/** What the next attempt would have to go on from; null where nothing is to be continued, or it can't be. */
async function shownText(worker: WorkerContext, hold: Hold): Promise<string | null> {
  if (hold.spec.onBreak !== 'continue' || !contentInLog(hold)) return null
  await hold.log?.flushed()
  return textSoFar(worker, hold)
}

function decide(
  worker: WorkerContext,
  hold: Hold,
  attemptFailure: AttemptFailure,
  { refused, text, read }: { refused: boolean; text: string | null; read: boolean },
): Outcome {
  const { spec } = hold
  const { catalog } = worker.upstreams()
  const affordable = affordableTo(hold, catalog, { failure: attemptFailure, begun: !refused })
  return decideOutcome({
    failure: refused ? { ...attemptFailure, retryAfterMs: hold.earliestSlotInMs() } : attemptFailure,
    // A deployment that was refused before a call was begun has been tried as well, as far as the route is concerned.
    attempts: refused ? [...hold.attempts, ...hold.refusals] : [...hold.refusals, ...hold.attempts],
    route: spec.route,
    hop: hold.hop,
    deadlineMs: spec.deadlineMs,
    nowMs: hold.nowMs,
    stream: spec.stream,
    contentInLog: contentInLog(hold),
    read,
    onBreak: spec.onBreak,
    ...healthFor(worker, hold),
    prefillPossible: (name) => {
      const deployment = catalog.deployments.get(name)
      return text !== null && deployment !== undefined && supportsPrefill(deployment.provider.kind, deployment.model)
    },
    ...(affordable && { affordable }),
    windowOf: (name) => catalog.deployments.get(name)?.contextWindow ?? null,
    neededTokens: spec.estimate.inputTokens,
    random: Math.random,
  })
}

function contentInLog(hold: Hold): boolean {
  return hold.log !== null && hold.log.nextSeq > 0
}

function untilMs(deadlineMs: number, nowMs: number): number {
  return Math.min(Math.max(0, deadlineMs - nowMs), 2 ** 31 - 1)
}
