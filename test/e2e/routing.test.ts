import { describe, expect, it } from 'vitest'
import { api } from '../harness/shared.ts'

interface Explained {
  object: string
  deployment: string
  lane: string
  policy: string
  task: string | null
  expected: { wait_ms: number; total_ms: number; cost_usd: number | null }
  hops: { lane: string; deployments: { deployment: string }[] }[]
  reasons: { deployment: string; included: boolean; reason: string; score: number | null }[]
}

const messages = [{ role: 'user', content: 'length: 5 chunks' }]
/** About 1.2 M tokens. */
const LONG = [{ role: 'user', content: `${'word '.repeat(1_200_000)}. length: 5 chunks` }]

async function explain(body: object): Promise<Explained> {
  const response = await api.fetch('/v1/route', { json: { model: 'auto-own', messages, ...body } })
  expect(response.status).toBe(200)
  return (await response.json()) as Explained
}

describe('a model that chooses', () => {
  it('sends architecture to the deep model, other tasks to a fast one, and says why', async () => {
    const deep = await explain({ switchyard: { task: 'architecture' } })
    expect(deep).toMatchObject({ object: 'route', deployment: 'auto-opus', policy: 'balanced', task: 'architecture' })
    expect(deep.reasons[0]?.reason).toContain("the model's choice for the task")
    for (const task of ['execution', 'summaries', undefined]) {
      const { lane, expected, reasons } = await explain({ switchyard: { task } })
      expect(lane).toMatch(/^fast\./)
      expect(expected.cost_usd).toBeGreaterThan(0)
      expect(reasons.every(({ score }) => score !== null && score > 0)).toBe(true)
    }
  })

  it('sends a prompt of 1.2 M tokens to the only window that holds it, and it is answered there', async () => {
    const explained = await explain({ messages: LONG, switchyard: { task: 'architecture' } })
    expect(explained.hops).toEqual([
      { lane: 'frontier.openrouter', deployments: [{ deployment: 'auto-long', dropped: [] }] },
    ])
    const response = await api.chat({ model: 'auto-own', messages: LONG })
    expect(response.status).toBe(200)
    expect(response.headers.get('x-switchyard-deployment')).toBe('auto-long (simulator)')
    const job = await api.job(response.headers.get('x-request-id')!)
    expect(job.usage.input_tokens).toBeGreaterThan(1_000_000)
  })

  it('runs a job as it was explained, and the job shows it afterwards', async () => {
    const switchyard = { strategy: 'cost', task: 'execution', deny: ['auto-flash'] }
    const { deployment } = await explain({ switchyard })
    const id = await api.submit({ model: 'auto-own', messages, switchyard })
    const job = await api.ended(id)
    expect(job.attempts.map((attempt) => attempt.deployment)).toEqual([deployment])
    const { policy, task, reasons } = job.route as Explained
    expect({ policy, task }).toEqual({ policy: 'cost', task: 'execution' })
    expect(reasons[0]).toMatchObject({ deployment, included: true, expected: { cost_usd: expect.any(Number) } })
    expect(reasons.at(-1)).toEqual({
      deployment: 'auto-flash',
      included: false,
      reason: 'excluded by allow or deny',
      score: null,
      expected: null,
    })
  })
})

describe('constraints', () => {
  it('prune who would cost too much, and refuse what nobody does for that', async () => {
    const { hops, reasons } = await explain({ max_tokens: 500, switchyard: { max_cost_usd: 0.006 } })
    const tried = hops.flatMap(({ deployments }) => deployments.map(({ deployment }) => deployment))
    expect(tried).not.toContain('auto-opus')
    expect(tried.length).toBeGreaterThan(0)
    expect(reasons.find(({ deployment }) => deployment === 'auto-opus')?.reason).toContain('max_cost_usd')

    const refused = await api.chat({ model: 'auto-own', messages, switchyard: { max_cost_usd: 0.00000001 } })
    expect(refused.status).toBe(400)
    expect(await refused.json()).toMatchObject({
      error: { code: 'invalid_value', param: 'switchyard.max_cost_usd' },
    })
  })

  it('prune who is expected to answer too late', async () => {
    const { reasons } = await explain({ switchyard: { max_ttft_ms: 3_500, strategy: 'latency' } })
    const long = reasons.find(({ deployment }) => deployment === 'auto-long')
    expect(long).toMatchObject({ included: false, reason: expect.stringContaining('max_ttft_ms 3500') })
  })
})
