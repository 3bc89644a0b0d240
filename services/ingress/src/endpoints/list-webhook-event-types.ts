import { EVENT_TYPES } from '@switchyard/contract/event'

/** `GET /v1/webhook_event_types` */
export function listWebhookEventTypes(): unknown {
  return { object: 'list', data: EVENT_TYPES }
}
