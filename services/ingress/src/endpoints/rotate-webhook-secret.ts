import { DEFAULT_ID, rotateDefaultSecret } from '@switchyard/notifications/default-secret'
import { rotateSecret } from '@switchyard/notifications/endpoints'
import type { FastifyRequest } from 'fastify'
import { z } from 'zod'
import type { Ingress } from '../ingress.ts'
import { readJsonBody } from '../read-json-body.ts'
import { storeCall } from '../store-call.ts'
import { found, receiverIn } from '../webhooks/own-receiver.ts'

export const secretRotation = z.strictObject({
  keep_old_secret_active_for_24_hours: z
    .boolean()
    .default(true)
    .describe('false where the old one is known to others: it ends at once'),
})

/**
 * `POST /v1/webhook_endpoints/{id}/rotate_secret`: the next secret, shown here alone. The old one signs too for a day unless told
 * otherwise. `default` is the secret for URLs that jobs bring, which has no other place to be shown.
 */
export async function rotateWebhookSecret(ingress: Ingress, request: FastifyRequest): Promise<unknown> {
  const options = { keepOld: readJsonBody(request, secretRotation).keep_old_secret_active_for_24_hours }
  const { project, id } = receiverIn(request)
  if (id !== DEFAULT_ID) return found(await storeCall(rotateSecret(ingress.notifications, project, id, options)))
  const { secret, hint, updatedAtMs } = await storeCall(rotateDefaultSecret(ingress.notifications, project, options))
  return {
    id: DEFAULT_ID,
    object: 'webhook_endpoint',
    signing_secret: secret,
    signing_secret_hint: hint,
    updated_at: Math.floor(updatedAtMs / 1_000),
  }
}
