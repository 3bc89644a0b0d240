import type { ChatCall } from '../chat-call.ts'

/** What all chunks of an answer have in common. */
export interface AnswerMeta {
  id: string
  created: number
  model: string
  system_fingerprint?: string
}

/** The same for the whole attempt, so that a stream cut and read again shows no seam. */
export function answerMeta(call: ChatCall, nowMs: number = Date.now()): AnswerMeta {
  return {
    id: `chatcmpl-${attemptSlug(call.attemptId)}`,
    created: Math.floor(nowMs / 1000),
    model: call.upstream.model,
    ...(call.upstream.simulated ? { system_fingerprint: 'simulator' } : {}),
  }
}

/** `job_01J….2` → `01J…-2`. */
export function attemptSlug(attemptId: string): string {
  return attemptId.replace(/^job_/, '').replaceAll(/[^A-Za-z0-9]+/g, '-')
}
