import type { Principal } from '@switchyard/accounts/principal'
import { type BrokerError, toFailure } from '@switchyard/contract/broker-error'
import { isTerminal, type JobRecord } from '@switchyard/contract/job'
import type { LogEntry } from '@switchyard/contract/log-entry'
import { readEvents } from '@switchyard/jobs/read-events'
import type { FastifyReply } from 'fastify'
import { type Answering, finishedOf } from './answer-headers.ts'
import type { Ingress } from './ingress.ts'
import { FROM_START, invalidCursor } from './read-cursor.ts'
import { markAnswering } from './refuse-connection.ts'
import { SseAnswer } from './sse/sse-answer.ts'
import { storeCall } from './store-call.ts'

/**
 * A job's log from a place on, live as long as it runs. The same bytes as the answer of a streamed request had. A cursor at the last
 * event of an ended log is 204, which tells a browser's EventSource to stop; one beyond is `invalid_cursor`.
 */
export async function followJob(
  ingress: Ingress,
  principal: Principal,
  record: JobRecord,
  cursor: number,
  reply: FastifyReply,
): Promise<unknown> {
  const release = ingress.streams.reserve(principal.apiKey, record.spec.id)
  try {
    return isTerminal(record.status)
      ? await replay(ingress, record, cursor, reply, release)
      : await follow(ingress, record, cursor, reply, release)
  } catch (error) {
    release()
    throw error
  }
}

async function replay(
  ingress: Ingress,
  record: JobRecord,
  cursor: number,
  reply: FastifyReply,
  release: () => void,
): Promise<unknown> {
  const entries = afterCursor(await storeCall(readEvents(ingress.broker.jobs, record, cursor - 1)), cursor)
  if (entries.length === 0) {
    release()
    return reply.code(204).header('x-request-id', record.spec.id).send()
  }
  const answer = open(ingress, record, reply, release)
  answer.write(entries)
  answer.end(null)
  return reply
}

async function follow(
  ingress: Ingress,
  record: JobRecord,
  cursor: number,
  reply: FastifyReply,
  release: () => void,
): Promise<unknown> {
  const { jobs } = ingress.broker
  let answer: SseAnswer | null = null
  let answering: Answering = finishedOf(record)
  let early: LogEntry[] = []
  let ended = false
  let gone: BrokerError | null = null
  const following = ingress.live.follow(
    record.spec.id,
    { after: Math.max(FROM_START, cursor - 1), created: false },
    {
      onStart(start) {
        answering = start
      },
      onEntries(entries) {
        const fresh = entries[0]!.seq > cursor ? entries : entries.filter(({ seq }) => seq > cursor)
        if (!answer) early = early.concat(entries)
        else if (fresh.length > 0) answer.write(fresh)
      },
      onEnd() {
        ended = true
        answer?.end(null)
      },
      onGone(error) {
        gone = error
        answer?.fail(toFailure(error))
      },
    },
  )
  try {
    await following.ready
    if (gone) throw gone
    // Nothing at the cursor: no such place, or the log could not be read just now. Asking once more tells which.
    if (early.length === 0 && cursor !== FROM_START) {
      afterCursor(await storeCall(readEvents(jobs, record, cursor - 1)), cursor)
    }
    const entries = early.length > 0 ? afterCursor(early, cursor) : []
    answer = open(ingress, record, reply, () => {
      following.close()
      release()
    })
    answer.answering(answering)
    answer.open()
    if (entries.length > 0) answer.write(entries)
    if (ended) answer.end(null)
    return reply
  } catch (error) {
    following.close()
    throw error
  }
}

/** The log was read from the cursor on, so that its own event proves that there is such a place. */
function afterCursor(entries: LogEntry[], cursor: number): LogEntry[] {
  if (cursor === FROM_START) return entries
  if (entries[0]?.seq !== cursor) throw invalidCursor('The cursor')
  return entries.slice(1)
}

function open(ingress: Ingress, record: JobRecord, reply: FastifyReply, onClose: () => void): SseAnswer {
  reply.hijack()
  const answered = markAnswering(reply.raw.socket)
  const answer = new SseAnswer(reply.raw, {
    jobId: record.spec.id,
    holdMs: 0,
    onClose() {
      ingress.streams.unwatch(answer)
      answered()
      onClose()
    },
  })
  answer.answering(finishedOf(record))
  ingress.streams.watch(answer)
  return answer
}
