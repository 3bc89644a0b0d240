import OpenAI from 'openai'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { errorIn } from './testing/bodies.ts'
import { type Stack, startStack } from './testing/start-stack.ts'

let stack: Stack
let client: OpenAI
beforeAll(async () => {
  stack = await startStack()
  client = new OpenAI({ baseURL: `${stack.url}/v1`, apiKey: stack.key, maxRetries: 0 })
})
afterAll(() => stack.stop())

const FIELDS = { name: 'mine', url: 'https://example.com/hook', event_types: ['batch.completed' as const] }

function post(path: string, body: unknown, asOther = false): Promise<Response> {
  const send = asOther ? stack.fetchAsOther : stack.fetch
  return send(path, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
}

describe('webhook endpoints, by the official client', () => {
  it('are created, retrieved, updated, listed, rotated and deleted', async () => {
    const made = await client.webhooks.create(FIELDS)
    const { signing_secret, ...endpoint } = made
    expect(signing_secret).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/)
    expect(await client.webhooks.retrieve(made.id)).toEqual(endpoint)
    expect(await client.webhooks.update(made.id, { name: 'yours', event_types: ['response.failed'] })).toMatchObject({
      name: 'yours',
      event_types: ['response.failed'],
      url: FIELDS.url,
    })
    const other = await client.webhooks.create(FIELDS)
    const listed: string[] = []
    for await (const { id } of client.webhooks.list({ limit: 1 })) listed.push(id)
    expect(listed).toEqual([made.id, other.id].toSorted().reverse())
    const rotated = await client.webhooks.rotateSecret(made.id)
    expect(rotated.signing_secret).not.toBe(signing_secret)
    expect(rotated.signing_secret_hint).not.toBe(made.signing_secret_hint)
    await client.webhooks.rotateSecret(made.id, { keep_old_secret_active_for_24_hours: false })
    for (const { id } of [made, other]) {
      expect(await client.webhooks.delete(id)).toEqual({ id, object: 'webhook_endpoint.deleted', deleted: true })
    }
    await expect(client.webhooks.retrieve(made.id)).rejects.toMatchObject({ status: 404, code: 'not_found' })
  })

  it('name the event types that there are', async () => {
    const { data } = await client.webhooks.eventTypes.list()
    expect(data).toContain('job.completed')
    for (const type of data)
      expect((await post('/v1/webhook_endpoints', { ...FIELDS, event_types: [type] })).status).toBe(200)
  })

  it('show a default secret by rotating it', async () => {
    const { id, signing_secret } = await client.webhooks.rotateSecret('default')
    expect([id, signing_secret]).toEqual(['default', expect.stringMatching(/^whsec_/)])
    expect((await client.webhooks.rotateSecret('default')).signing_secret).not.toBe(signing_secret)
  })

  it('are test-sent only while somebody delivers, and never for ever', async () => {
    const { id } = await client.webhooks.create(FIELDS)
    const answer = await post(`/v1/webhook_endpoints/${id}/test`, { event_type: 'eval.run.failed' })
    expect(await errorIn(answer)).toMatchObject({ code: 'invalid_value', param: 'event_type' })
    expect((await post('/v1/webhook_endpoints/default/test', { event_type: 'job.failed' })).status).toBe(404)
  })
})

describe('a webhook endpoint', () => {
  it.each([
    [{ ...FIELDS, url: 'ftp://example.com/' }, 'invalid_webhook_url', 'url'],
    [{ ...FIELDS, url: '' }, 'invalid_webhook_url', 'url'],
    [{ ...FIELDS, url: 'https://user:pass@example.com/' }, 'invalid_webhook_url', 'url'],
    [{ ...FIELDS, url: 'https://example.com:6379/' }, 'invalid_webhook_url', 'url'],
    [{ ...FIELDS, url: 'https://169.254.169.254/' }, 'webhook_url_not_allowed', 'url'],
    [{ ...FIELDS, url: 'https://[::ffff:a9fe:a9fe]/' }, 'webhook_url_not_allowed', 'url'],
    [{ ...FIELDS, url: 'https://metadata.google.internal/' }, 'webhook_url_not_allowed', 'url'],
    [{ ...FIELDS, url: 7 }, 'invalid_value', 'url'],
    [{ ...FIELDS, name: '' }, 'invalid_value', 'name'],
    [{ ...FIELDS, event_types: [] }, 'invalid_value', 'event_types'],
    [{ ...FIELDS, event_types: ['job.completed', 'job.*'] }, 'invalid_value', 'event_types[1]'],
    [{ ...FIELDS, secret: 'x' }, 'unknown_parameter', 'secret'],
    [{ name: 'x', url: FIELDS.url }, 'missing_required_parameter', 'event_types'],
    [[], 'invalid_value', null],
  ])('is not made of %j', async (body, code, param) => {
    const response = await post('/v1/webhook_endpoints', body)
    expect(response.status).toBe(400)
    const error = await errorIn(response)
    expect(error).toMatchObject({ code, param })
    expect(error.message).not.toContain('pass@')
  })

  it('is nobody else’s, and neither are its deliveries', async () => {
    const { id } = await client.webhooks.create(FIELDS)
    const one = `/v1/webhook_endpoints/${id}`
    const asked: [string, string, object?][] = [
      ['GET', one],
      ['POST', one, { name: 'stolen' }],
      ['DELETE', one],
      ['POST', `${one}/rotate_secret`, {}],
      ['POST', `${one}/test`, { event_type: 'job.completed' }],
      ['GET', `${one}/deliveries`],
      ['GET', `${one}/deliveries/whd_1`],
      ['POST', `${one}/deliveries/whd_1/redeliver`],
      ['POST', `${one}/redeliver`, { after: 0 }],
    ]
    for (const [method, path, body] of asked) {
      const response = await stack.fetchAsOther(path, {
        method,
        ...(body ? { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) } : {}),
      })
      expect([path, response.status]).toEqual([path, 404])
      expect(await errorIn(response)).toMatchObject({ code: 'not_found', param: 'webhook_endpoint_id' })
    }
    expect(await client.webhooks.retrieve(id)).toMatchObject({ name: 'mine' })
  })

  it('needs the scope that its route says', async () => {
    const key = await stack.makeKey(stack.project, { scopes: ['webhooks.read'] })
    const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' }
    expect((await fetch(`${stack.url}/v1/webhook_endpoints`, { headers })).status).toBe(200)
    const made = await fetch(`${stack.url}/v1/webhook_endpoints`, {
      method: 'POST',
      headers,
      body: JSON.stringify(FIELDS),
    })
    expect(made.status).toBe(403)
    expect((await fetch(`${stack.url}/v1/events`, { headers })).status).toBe(403)
  })

  it.each([
    ['deliveries?status=lost', 'invalid_value', 'status'],
    ['deliveries?limit=0', 'invalid_value', 'limit'],
    ['deliveries?after=whd_x', 'invalid_cursor', 'after'],
  ])('refuses %s', async (query, code, param) => {
    const response = await stack.fetch(`/v1/webhook_endpoints/default/${query}`)
    expect(await errorIn(response)).toMatchObject({ code, param })
  })

  it('takes a range of deliveries to send again', async () => {
    const range = { after: Date.now() / 1_000 - 60 }
    const answer = await post('/v1/webhook_endpoints/default/redeliver', range)
    expect(await answer.json()).toMatchObject({ object: 'webhook_endpoint.redelivery', count: 0, has_more: false })
    const wrong = await post('/v1/webhook_endpoints/default/redeliver', { ...range, before: 1 })
    expect(await errorIn(wrong)).toMatchObject({ code: 'invalid_value', param: 'before' })
  })
})

describe("a job's own webhook", () => {
  it.each([
    [{ url: 'http://example.com/' }, 'invalid_webhook_url', 'switchyard.webhook.url'],
    [{ url: 'https://10.0.0.1/' }, 'webhook_url_not_allowed', 'switchyard.webhook.url'],
    [{ url: 'https://example.com/', events: ['job.done'] }, 'invalid_value', 'switchyard.webhook.events[0]'],
    [{ url: 'https://example.com/', events: ['batch.failed'] }, 'invalid_value', 'switchyard.webhook.events[0]'],
    ['whe_00000000000000000000000000', 'invalid_value', 'switchyard.webhook'],
  ])('is refused before the job is accepted: %j', async (webhook, code, param) => {
    const response = await stack.chat({ switchyard: { webhook } }, { prefer: 'respond-async' })
    expect(response.status).toBe(400)
    expect(await errorIn(response)).toMatchObject({ code, param })
  })

  it('travels with the job, and its result is kept until a day after the last try', async () => {
    const { id } = await client.webhooks.create(FIELDS)
    for (const webhook of [id, { url: 'https://example.com/own', events: ['job.failed'] }]) {
      const response = await stack.chat({ switchyard: { webhook } }, { prefer: 'respond-async' })
      expect(response.status).toBe(202)
      const job = await stack.worker.next()
      expect(job.claim.record.spec.webhook).toEqual(
        typeof webhook === 'string' ? { endpoint: id } : { url: webhook.url, events: ['job.failed'] },
      )
      expect(job.claim.record.spec.keepMs).toBeGreaterThan(99 * 3_600_000)
      await job.complete('{}')
    }
  })
})
