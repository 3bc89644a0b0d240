import type { Principal } from '@switchyard/accounts/principal'
import type { SpokenDialect } from '@switchyard/broker/chat/read-request'
import type { Intake } from '../chat/start-intake.ts'
import type { Ingress } from '../ingress.ts'
import { withHistory } from './with-history.ts'

/** Reads and checks a body that may be a response's, with its history where it names one. Throws the error that its sender is to see. */
export async function readWithHistory(
  ingress: Ingress,
  principal: Principal,
  given: Buffer,
  dialect: SpokenDialect,
): Promise<Awaited<ReturnType<Intake['read']>>> {
  const read = await ingress.intake.read(given, dialect)
  const previous = read.intake.response?.previousResponseId ?? null
  if (previous === null) return read
  const whole = await withHistory(ingress, principal, read.bytes, previous)
  return ingress.intake.read(whole, 'openai-responses')
}
