import { BrokerError } from '@switchyard/contract/broker-error'
import { checkUrl, type UrlRules } from '@switchyard/egress/check-url'

/**
 * Throws `invalid_webhook_url` or `webhook_url_not_allowed` for a URL that would never be called. Nothing is looked up here: names are
 * judged by the addresses that they have when they are called. The reason is a class; nothing of the URL is repeated.
 */
export function checkWebhookUrl(rules: UrlRules, url: string, param: string): void {
  const verdict = checkUrl(url, rules)
  if (verdict.ok) return
  const code = verdict.problem === 'malformed' ? 'invalid_webhook_url' : 'webhook_url_not_allowed'
  throw new BrokerError(code, `Invalid value for '${param}': ${verdict.reason}.`, { param })
}
