import { createHmac } from 'node:crypto'

/**
 * The headers of one try, after Standard Webhooks (https://www.standardwebhooks.com): the id stays, the time is the try's, and each
 * secret that counts has its signature. Throws for a secret that could be guessed rather than sign with it.
 */
export function signatureHeaders(options: {
  id: string
  atMs: number
  body: string
  secrets: readonly string[]
}): Record<string, string> {
  const { id, body, secrets } = options
  const timestamp = Math.floor(options.atMs / 1_000)
  if (secrets.length === 0) throw new Error('nothing is sent unsigned')
  const signatures = secrets.map((secret) => {
    const key = Buffer.from(secret.replace(/^whsec_/, ''), 'base64')
    if (key.length < 24) throw new Error('a signing secret is too short')
    return `v1,${createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64')}`
  })
  return { 'webhook-id': id, 'webhook-timestamp': String(timestamp), 'webhook-signature': signatures.join(' ') }
}
