import { BrokerError } from '@switchyard/contract/broker-error'
import { EVENT_TYPES } from '@switchyard/contract/event'
import { DEFAULT_ID } from '@switchyard/notifications/default-secret'
import { sendTest } from '@switchyard/notifications/send-test'
import type { FastifyRequest } from 'fastify'
import { z } from 'zod'
import type { Ingress } from '../ingress.ts'
import { readJsonBody } from '../read-json-body.ts'
import { storeCall } from '../store-call.ts'
import { noSuchEndpoint, ownReceiver } from '../webhooks/own-receiver.ts'

export const webhookTest = z.strictObject({ event_type: z.enum(EVENT_TYPES) })

export const webhookTestResult = z.object({
  object: z.literal('webhook_endpoint.test'),
  webhook_endpoint_id: z.string(),
  event_type: z.string(),
  status_code: z.int().describe('What the endpoint answered'),
  success: z.literal(true).describe('It answered; `status_code` says what'),
})

/** `POST /v1/webhook_endpoints/{id}/test`: a sample event, sent once by the process that delivers; the answer is the endpoint's. */
export async function testWebhookEndpoint(
  ingress: Ingress,
  request: FastifyRequest,
): Promise<z.infer<typeof webhookTestResult>> {
  const { event_type } = readJsonBody(request, webhookTest)
  const { project, id } = await ownReceiver(ingress, request)
  if (id === DEFAULT_ID) throw noSuchEndpoint()
  const { tries } = await storeCall(sendTest(ingress.redis, ingress.listener, project, id, event_type))
  const { status_code, error } = tries.at(-1)!
  if (status_code === null) {
    throw new BrokerError('webhook_test_failed', `The endpoint did not answer: ${error}.`)
  }
  return { object: 'webhook_endpoint.test', webhook_endpoint_id: id, event_type, status_code, success: true }
}
