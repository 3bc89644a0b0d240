import { toFailure } from '@switchyard/contract/broker-error'
import type { Follow } from '@switchyard/jobs/live-reader'
import { ATTR, SPAN } from '@switchyard/telemetry/attributes'
import { startSpan } from '@switchyard/telemetry/spans'
import type { FastifyReply } from 'fastify'
import { bookCached } from './cache/book-cached.ts'
import type { AdmittedJob } from './chat/admit-chat.ts'
import { enqueue } from './enqueue.ts'
import type { Ingress } from './ingress.ts'
import { markAnswering } from './refuse-connection.ts'
import { SseAnswer } from './sse/sse-answer.ts'
import { toBrokerError } from './to-broker-error.ts'

/** Relays the job's log from its first event on, as the dialect's own stream. Throws `too_many_streams`; all else is told on the stream. */
export async function answerStream(ingress: Ingress, job: AdmittedJob, reply: FastifyReply): Promise<FastifyReply> {
  const { spec, span } = job
  // Any number of identical requests may share one job.
  const release = ingress.streams.reserve(spec.apiKey, job.stored ? null : spec.id)
  const deliver = startSpan(ingress.telemetry, SPAN.deliver, {
    parent: span.traceparent,
    attributes: { [ATTR.jobId]: spec.id, [ATTR.deliveryMode]: 'stream' },
  })
  reply.hijack()
  const answered = markAnswering(reply.raw.socket)
  let follow: Follow | null = null
  const answer = new SseAnswer(reply.raw, {
    jobId: spec.id,
    holdMs: ingress.holdMs,
    headers: job.headers,
    onClose() {
      ingress.streams.unwatch(answer)
      release()
      answered()
      follow?.close()
      deliver.set({ [ATTR.events]: answer.events })
      deliver.end()
    },
  })
  ingress.streams.watch(answer)
  follow = ingress.live.follow(
    spec.id,
    { after: -1, created: job.stored === null },
    {
      onStart: (start) => answer.answering(start),
      onEntries: (entries) => answer.write(entries),
      onEnd(end) {
        answer.answering(end)
        answer.end(end.failure)
        if (job.cached?.how === 'shared') void bookCached(ingress, job)
      },
      onGone: (error) => answer.fail(toFailure(error)),
    },
  )
  try {
    await enqueue(ingress, job, 'all')
    // Whoever is to come back needs the id now, not with the first event.
    if (spec.response?.background) answer.open()
  } catch (error) {
    follow.close()
    answer.fail(toFailure(toBrokerError(error)))
  }
  return reply
}
