import { newJobId } from '@switchyard/contract/ids'
import type { JobObject } from '@switchyard/contract/job-object'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { errorIn, jobIn } from './testing/bodies.ts'
import { type Stack, startStack } from './testing/start-stack.ts'

interface Page {
  object: string
  data: JobObject[]
  first_id: string | null
  last_id: string | null
  has_more: boolean
}

let stack: Stack
const made: string[] = []
beforeAll(async () => {
  stack = await startStack()
  for (let i = 0, atMs = 0; i < 25; i++) {
    // One a millisecond: ids of the same one are in no order.
    await vi.waitUntil(() => Date.now() > atMs, { interval: 1 })
    atMs = Date.now()
    const job = await jobIn(await stack.chat({ switchyard: { tier: 'batch' } }, { prefer: 'respond-async' }))
    made.push(job.id)
  }
  // Written by an effect just after the answer.
  await vi.waitUntil(async () => (await list('?limit=100')).data.length === 25)
})
afterAll(() => stack.stop())

async function list(query: string): Promise<Page> {
  const response = await stack.fetch(`/v1/jobs${query}`)
  expect(response.status).toBe(200)
  return (await response.json()) as Page
}

describe('GET /v1/jobs', () => {
  it('gives the newest twenty first', async () => {
    const page = await list('')
    const newest = made.toReversed().slice(0, 20)
    expect(page).toMatchObject({ object: 'list', first_id: newest[0], last_id: newest[19], has_more: true })
    expect(page.data.map(({ id }) => id)).toEqual(newest)
  })

  it.each(['asc', 'desc'])('pages through all of them, %s', async (order) => {
    const seen: string[] = []
    let after = ''
    for (let more = true; more; ) {
      const page = await list(`?order=${order}&limit=7${after}`)
      seen.push(...page.data.map(({ id }) => id))
      after = `&after=${page.last_id}`
      more = page.has_more
    }
    expect(seen).toEqual(order === 'asc' ? made : made.toReversed())
  })

  it('shows a project only its own', async () => {
    const response = await stack.fetchAsOther('/v1/jobs?limit=100')
    const { data } = (await response.json()) as Page
    expect(data.filter(({ id }) => made.includes(id))).toEqual([])
  })

  it.each([
    ['limit=0', 'invalid_value', 'limit'],
    ['limit=101', 'invalid_value', 'limit'],
    ['limit=ten', 'invalid_value', 'limit'],
    ['limit=1&limit=2', 'invalid_value', 'limit'],
    ['order=up', 'invalid_value', 'order'],
    ['after=*', 'invalid_cursor', 'after'],
    ['after=', 'invalid_cursor', 'after'],
    [`after=${newJobId()}&after=x`, 'invalid_cursor', 'after'],
  ])('refuses %s', async (query, code, param) => {
    const response = await stack.fetch(`/v1/jobs?${query}`)
    expect(response.status).toBe(400)
    expect(await errorIn(response)).toMatchObject({ code, param })
  })
})
