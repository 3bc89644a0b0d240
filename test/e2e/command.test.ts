import { type ChildProcess, spawn } from 'node:child_process'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { api, simulator } from '../harness/shared.ts'

const BIN = fileURLToPath(new URL('../../node_modules/.bin/switchyard', import.meta.url))

interface Run {
  child: ChildProcess
  /** What it has said so far, on both streams. */
  said(): string
  ended: Promise<number | null>
}

let folder: string

beforeEach(async () => {
  await simulator.reset()
  folder = await mkdtemp(join(tmpdir(), 'switchyard-command-'))
})
afterEach(() => rm(folder, { recursive: true }))

function run(...args: string[]): Run {
  const env = { ...process.env, SWITCHYARD_URL: api.stack.url, SWITCHYARD_API_KEY: api.stack.key }
  const child = spawn(BIN, ['batch', ...args], { cwd: folder, env, stdio: ['ignore', 'pipe', 'pipe'] })
  let said = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (bytes) => (said += bytes))
  return { child, said: () => said, ended: new Promise((resolve) => child.once('close', resolve)) }
}

async function put(files: Record<string, string | Buffer>): Promise<void> {
  await mkdir(join(folder, 'docs/deep'), { recursive: true })
  for (const [name, content] of Object.entries(files)) await writeFile(join(folder, name), content)
}

async function results(out: string): Promise<{ document: string; status: string; output: unknown }[]> {
  const text = await readFile(join(folder, out, 'results.jsonl'), 'utf8').catch(() => '')
  return text
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line))
}

async function summary(out: string): Promise<unknown> {
  return JSON.parse(await readFile(join(folder, out, 'summary.json'), 'utf8'))
}

describe('switchyard batch', () => {
  it('answers a folder of documents by a schema, and says what it left out', async () => {
    const schema = { type: 'object', properties: { title: { type: 'string' } }, required: ['title'] }
    await put({
      'docs/a.md': 'the first',
      'docs/deep/b.md': 'the second',
      'docs/c.bin': Buffer.from([0, 1]),
      'prompt.md': 'What is it called?',
      'schema.json': JSON.stringify({ ...schema, additionalProperties: false }),
    })
    const asked = ['--model', 'gpt-5-4-mini', '--prompt-file', 'prompt.md', '--schema', 'schema.json', '--out', 'out']
    const { ended, said } = run('docs', ...asked)
    expect(await ended, said()).toBe(0)
    const rows = (await results('out')).toSorted((a, b) => (a.document < b.document ? -1 : 1))
    expect(rows).toMatchObject([
      { document: 'a.md', status: 'completed', output: { title: expect.any(String) } },
      { document: 'deep/b.md', status: 'completed', output: { title: expect.any(String) } },
    ])
    expect(said()).toContain('c.bin is binary: skipped')
    expect(await summary('out')).toMatchObject({
      status: 'completed',
      documents: { total: 3, completed: 2, failed: 0, skipped: 1 },
      cost_usd: expect.any(Number),
      skipped: [{ document: 'c.bin' }],
    })
    expect(await simulator.calls()).toHaveLength(2)
  })

  it('survives Ctrl-C: the batch goes on, and resuming gives every document once', async () => {
    await simulator.model('gpt-5.4-mini', { firstTokenMs: 300 })
    const names = Array.from({ length: 300 }, (_, i) => `${String(i).padStart(3, '0')}.txt`)
    await put(Object.fromEntries(names.map((name) => [`docs/${name}`, `echo: ${name}`])))
    await put({ 'docs/large.txt': 'x'.repeat(2000) })
    const first = run('docs', '--model', 'gpt-5-4-mini', '--max-bytes', '1000', '--out', 'out')
    // The document that is too large has its row before the first answer.
    await expect.poll(async () => (await results('out')).length, { timeout: 20_000 }).toBeGreaterThan(1)
    first.child.kill('SIGINT')
    expect(await first.ended, first.said()).toBe(130)
    const [, id] = /switchyard batch --resume (\S+) --out "out"/.exec(first.said()) ?? []
    expect(id, first.said()).toMatch(/^batch_/)
    expect((await results('out')).length).toBeLessThan(names.length)

    const second = run('--resume', id!, '--out', 'out')
    expect(await second.ended, second.said()).toBe(1)
    const rows = await results('out')
    expect(rows.map(({ document }) => document).toSorted()).toEqual([...names, 'large.txt'])
    expect(rows.filter(({ status }) => status === 'failed').map(({ document }) => document)).toEqual(['large.txt'])
    expect(await summary('out')).toMatchObject({ batch: id, documents: { total: 301, completed: 300, failed: 1 } })
    expect(await simulator.calls()).toHaveLength(300)
  }, 60_000)

  it('says with its exit code what went wrong: a line that failed 1, a wrong call 2', async () => {
    await put({ 'docs/a.md': 'text' })
    const failed = run('docs', '--model', 'no-such-model', '--out', 'out')
    expect(await failed.ended, failed.said()).toBe(1)
    expect(await results('out')).toMatchObject([
      { document: 'a.md', status: 'failed', error: { code: 'model_not_found' } },
    ])
    for (const args of [['docs', '--no-such-option'], ['nowhere', '--model', 'm'], ['docs', '--max-tokens', 'x'], []]) {
      const wrong = run(...args)
      expect(await wrong.ended, wrong.said()).toBe(2)
    }
    expect(await simulator.calls()).toHaveLength(0)
  })
})
