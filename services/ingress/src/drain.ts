import type { FastifyInstance } from 'fastify'
import type { Ingress } from './ingress.ts'

/** For answers that are already written to reach their readers. */
const LAST_WORDS_MS = 500

/**
 * Ends the listener without a clean end for anything unfinished: no new connections, streams are told where to resume, whoever waits
 * for one answer may have it within `budgetMs` and gets a 503 then.
 */
export async function drain(app: FastifyInstance, ingress: Ingress, budgetMs: number): Promise<void> {
  const closed = app.close()
  ingress.streams.interruptAll()
  await within(ingress.waits.idle(), budgetMs)
  ingress.waits.abortAll()
  await within(closed, LAST_WORDS_MS)
  app.server.closeAllConnections()
  await closed
}

async function within(work: Promise<void>, limitMs: number): Promise<void> {
  const limit = Promise.withResolvers<void>()
  const timer = setTimeout(limit.resolve, limitMs)
  await Promise.race([work, limit.promise])
  clearTimeout(timer)
}
