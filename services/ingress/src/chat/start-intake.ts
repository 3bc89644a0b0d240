import type { ChatIntake } from '@switchyard/broker/chat/read-chat-request'
import { readRequest, type SpokenDialect } from '@switchyard/broker/chat/read-request'
import { BrokerError } from '@switchyard/contract/broker-error'
import { type IntakeThread, startIntakeThread } from './intake-thread.ts'

/** Reading 256 KB takes 0.75 ms; what is larger would hold up every stream of this process. */
const INLINE_BYTES = 256 * 1024
const THREADS = 2
/** Bodies that wait for a thread are held in memory; more than this and new ones are turned away. */
const MAX_WAITING_BYTES = 512 * 1024 * 1024

export interface Intake {
  /** What the body asks, and its bytes again: large ones are read in another thread and come back in a new Buffer. */
  read(
    bytes: Buffer,
    dialect: SpokenDialect,
  ): { intake: ChatIntake; bytes: Buffer } | Promise<{ intake: ChatIntake; bytes: Buffer }>
  stop(): Promise<void>
}

/** Threads are started by the first large body. */
export function startIntake(): Intake {
  const threads = Array.from({ length: THREADS }, () => startIntakeThread())
  let waitingBytes = 0

  async function readElsewhere(bytes: Buffer, dialect: SpokenDialect): Promise<{ intake: ChatIntake; bytes: Buffer }> {
    const { length } = bytes
    if (waitingBytes + length > MAX_WAITING_BYTES) {
      throw new BrokerError('service_unavailable', 'Too many large bodies are being read. Try again.', {
        retryAfterMs: 2_000,
      })
    }
    waitingBytes += length
    try {
      return await leastBusy(threads).read(bytes, dialect)
    } finally {
      waitingBytes -= length
    }
  }

  return {
    read: (bytes, dialect) =>
      bytes.length <= INLINE_BYTES ? { intake: readRequest(bytes, dialect), bytes } : readElsewhere(bytes, dialect),
    async stop() {
      await Promise.all(threads.map((thread) => thread.stop()))
    },
  }
}

function leastBusy(threads: IntakeThread[]): IntakeThread {
  return threads.reduce((best, thread) => (thread.waiting() < best.waiting() ? thread : best))
}
