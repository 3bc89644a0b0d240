import type { IncomingMessage } from 'node:http'
import type { Authenticator } from '@switchyard/accounts/authenticate'
import { requireScope } from '@switchyard/accounts/principal'

/** The scope of operators' keys; a key with all rights has it. */
const ADMIN = 'admin'

/** Throws as the authenticator does, and `insufficient_scope` for a key that is no operator's. */
export async function checkCaller(authenticator: Authenticator, request: IncomingMessage): Promise<void> {
  // All of them: Node keeps the first of two and says nothing.
  requireScope(await authenticator.authenticate(request.headersDistinct.authorization), ADMIN)
}
