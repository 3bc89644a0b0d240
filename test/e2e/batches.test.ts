import { beforeEach, describe, expect, it } from 'vitest'
import { createBatch, endedBatch, getBatch, readRows, requestLine } from '../harness/batches.ts'
import { api, simulator } from '../harness/shared.ts'

/** An ended batch is told of with the next round of the feeder. */
const EVENTUALLY = { timeout: 10_000 }

describe('a batch', () => {
  beforeEach(() => simulator.reset())

  it('comes back as a file with each answer under its own id, and mistakes in another', async () => {
    const lines = Array.from({ length: 40 }, (_, i) => requestLine(`doc-${i}`, `echo: answer ${i}`))
    const batch = await createBatch(api, [
      ...lines,
      requestLine('hot', 'echo: x', { temperature: 9 }),
      requestLine('nobody', 'echo: x', { model: 'no-such-model' }),
    ])
    expect(batch.status).toBe('validating')
    const ended = await endedBatch(api, batch.id)
    expect(ended).toMatchObject({
      status: 'completed',
      model: 'gpt-5-4-mini',
      request_counts: { total: 42, completed: 40, failed: 2 },
    })
    const rows = await readRows(api, ended.output_file_id)
    const answers = rows.map(({ custom_id, response }) => [custom_id, response?.body.choices?.[0]?.message.content])
    expect(new Map(answers as [string, string][])).toEqual(new Map(lines.map((_, i) => [`doc-${i}`, `answer ${i}`])))
    expect(rows).toHaveLength(40)
    const errors = await readRows(api, ended.error_file_id)
    expect(errors.map(({ custom_id, response }) => [custom_id, response?.status_code]).toSorted()).toEqual([
      ['hot', 400],
      ['nobody', 404],
    ])
    const calls = await simulator.calls()
    expect(calls).toHaveLength(40)
    expect(ended.usage?.output_tokens).toBe(calls.reduce((sum, call) => sum + call.completionTokens, 0))
    expect(ended.switchyard.cost_usd).toBeGreaterThan(0)
    await expect.poll(() => eventsOf(batch.id), EVENTUALLY).toEqual(['batch.completed'])
  })

  it('tells what is wrong with its input, line by line', async () => {
    const batch = await createBatch(api, [requestLine('a', 'x'), '{', requestLine('a', 'x')])
    const ended = await endedBatch(api, batch.id)
    expect(ended).toMatchObject({
      status: 'failed',
      errors: {
        data: [
          { code: 'invalid_json_line', line: 2 },
          { code: 'duplicate_custom_id', line: 3 },
        ],
      },
      output_file_id: null,
    })
    expect(await simulator.calls()).toEqual([])
  })

  it('keeps what has finished when it is cancelled', async () => {
    await simulator.model('gpt-5.4-mini', { firstTokenMs: 200 })
    const batch = await createBatch(
      api,
      Array.from({ length: 400 }, (_, i) => requestLine(`doc-${i}`, 'echo: x')),
    )
    await expect
      .poll(async () => (await getBatch(api, batch.id)).request_counts?.completed, { timeout: 15_000 })
      .toBeGreaterThan(0)
    await api.openai.batches.cancel(batch.id)
    const ended = await endedBatch(api, batch.id)
    expect(ended.status).toBe('cancelled')
    const [rows, errors] = [await readRows(api, ended.output_file_id), await readRows(api, ended.error_file_id)]
    expect(rows).toHaveLength(ended.request_counts!.completed)
    expect(rows.length + errors.length).toBe(400)
    expect(new Set(errors.map(({ error }) => error?.code))).toEqual(new Set(['batch_cancelled']))
  })
})

/** The types of all events about it; the feed tells the oldest first. */
async function eventsOf(id: string): Promise<string[]> {
  const types: string[] = []
  for (let after = ''; ; ) {
    const page = (await (await api.fetch(`/v1/events?limit=100${after}`)).json()) as {
      data: { id: string; type: string; data: { id: string } }[]
    }
    for (const { type, data } of page.data) if (data.id === id) types.push(type)
    if (page.data.length === 0) return types
    after = `&after=${page.data.at(-1)!.id}`
  }
}
