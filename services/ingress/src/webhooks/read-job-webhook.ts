import type { Principal } from '@switchyard/accounts/principal'
import { BrokerError } from '@switchyard/contract/broker-error'
import { EVENT_TYPES, type EventType, type JobWebhook } from '@switchyard/contract/event'
import type { SwitchyardOptions } from '@switchyard/contract/switchyard-options'
import { getEndpoint } from '@switchyard/notifications/endpoints'
import type { Ingress } from '../ingress.ts'
import { storeCall } from '../store-call.ts'
import { checkWebhookUrl } from './check-webhook-url.ts'

const PARAM = 'switchyard.webhook'

/**
 * Whom a job tells of its end, from its options: an endpoint that its project has, or a URL that we would call. Throws what its sender
 * is to see; a job is never accepted whose webhook could not be sent.
 */
export async function readJobWebhook(
  ingress: Ingress,
  principal: Principal,
  webhook: NonNullable<SwitchyardOptions['webhook']>,
): Promise<JobWebhook> {
  if (typeof webhook === 'string') {
    const endpoint = await storeCall(getEndpoint(ingress.notifications, principal.project, webhook))
    if (endpoint === null) throw invalid(PARAM, 'the project has no such webhook endpoint')
    if (endpoint.status === 'disabled') throw invalid(PARAM, 'the webhook endpoint is disabled')
    return { endpoint: webhook }
  }
  checkWebhookUrl(ingress.webhookRules, webhook.url, `${PARAM}.url`)
  const events = webhook.events?.map((type, i) => jobEventType(type, `${PARAM}.events[${i}]`))
  return { url: webhook.url, events: events ? [...new Set(events)] : null }
}

function jobEventType(type: string, param: string): EventType {
  const known = EVENT_TYPES.find((each) => each === type)
  if (known === undefined || known.startsWith('batch.')) throw invalid(param, 'no event that a job has')
  return known
}

function invalid(param: string, why: string): BrokerError {
  return new BrokerError('invalid_value', `Invalid value for '${param}': ${why}.`, { param })
}
