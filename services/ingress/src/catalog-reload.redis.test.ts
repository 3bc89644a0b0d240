import { readFile, rename, writeFile } from 'node:fs/promises'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { type Stack, startStack } from './testing/start-stack.ts'

let stack: Stack
let text: string
beforeAll(async () => {
  stack = await startStack()
  text = await readFile(stack.catalogFile, 'utf8')
})
afterAll(() => stack.stop())

async function models(): Promise<string[]> {
  const { data } = (await (await stack.fetch('/v1/models')).json()) as { data: { id: string }[] }
  return data.map(({ id }) => id)
}

describe('an edited catalog', () => {
  it('is served without a restart, however the editor saves it', async () => {
    await writeFile(stack.catalogFile, `${text}  second: { route: [${stack.deployment}] }\n`)
    await vi.waitUntil(async () => (await models()).includes('second'))
    await writeFile(`${stack.catalogFile}.new`, `${text}  third: { route: [${stack.deployment}] }\n`)
    await rename(`${stack.catalogFile}.new`, stack.catalogFile)
    await vi.waitUntil(async () => (await models()).includes('third'))
    expect(await models()).toEqual([stack.model, 'third'])
  })

  it('that is not valid is refused with its place, and the one before stays', async () => {
    const before = await models()
    await writeFile(stack.catalogFile, `${text}  broken: { route: [nobody] }\n`)
    await vi.waitUntil(() => stack.logged.some((line) => line.includes('models.broken.route')))
    expect(await models()).toEqual(before)
    await writeFile(stack.catalogFile, text)
    await vi.waitUntil(async () => !(await models()).includes('third'))
  })
})

describe('a fleet without a worker for a model', () => {
  it('is not ready for it: 503 until one announces it', async () => {
    await stack.worker.announcement.stop()
    await vi.waitUntil(async () => (await stack.chat({}, { prefer: 'respond-async' })).status === 503, {
      timeout: 5_000,
    })
    const response = await stack.chat()
    expect(response.status).toBe(503)
    expect(response.headers.get('retry-after')).toBe('5')
    expect(await response.json()).toMatchObject({ error: { code: 'no_healthy_deployment' } })
  })
})
