import { spawn } from 'node:child_process'
import { readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type OpenAI from 'openai'
import { PROMPT, SCHEMA } from './extraction.ts'
import type { Outage } from './outage.ts'
import { readResults } from './results.ts'

const BIN = fileURLToPath(new URL('../../node_modules/.bin/switchyard', import.meta.url))
const LOOK_MS = 50
const CANCEL_MS = 2000

/**
 * Runs `switchyard batch` on a folder as a user would, in this terminal, and tells an outage how far it is. An abort ends the command and
 * cancels the batch, so that nobody pays for answers that nobody reads. Gives its exit code, 0 or 1; throws where it could not do its work.
 */
export async function runCommand(
  client: OpenAI,
  stack: { url: string; key: string },
  run: { folder: string; scratch: string; out: string; model: string; outage: Outage | null; signal: AbortSignal },
): Promise<{ code: number; outage: { failedCalls: number } | null }> {
  const { folder, scratch, out, model, outage, signal } = run
  const [prompt, schema] = [join(scratch, 'prompt.md'), join(scratch, 'schema.json')]
  await Promise.all([writeFile(prompt, PROMPT), writeFile(schema, JSON.stringify(SCHEMA))])
  // An earlier run's rows are not this one's.
  for (const name of ['results.jsonl', 'summary.json', 'left-out.json']) await rm(join(out, name), { force: true })
  const args = ['batch', folder, '--model', model, '--prompt-file', prompt, '--schema', schema, '--out', out]
  const env = { ...process.env, SWITCHYARD_URL: stack.url, SWITCHYARD_API_KEY: stack.key }
  const child = spawn(BIN, args, { env, stdio: ['ignore', 'inherit', 'inherit'] })
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', resolve)
  })
  const finished = new AbortController()
  ended.catch(() => {}).finally(() => finished.abort())
  const interrupt = (): void => void child.kill('SIGINT')
  signal.addEventListener('abort', interrupt)
  try {
    while (!finished.signal.aborted) {
      outage?.documentsEnded((await readResults(out)).length)
      await delay(LOOK_MS, undefined, { signal: finished.signal }).catch(() => {})
    }
    const code = await ended
    if (signal.aborted) {
      await cancel(client, out)
      throw signal.reason
    }
    if (code !== 0 && code !== 1) throw new Error(`switchyard batch ended with ${code}`)
    return { code, outage: (await outage?.end()) ?? null }
  } finally {
    signal.removeEventListener('abort', interrupt)
    await outage?.end()
  }
}

async function cancel(client: OpenAI, out: string): Promise<void> {
  const text = await readFile(join(out, 'left-out.json'), 'utf8').catch(() => '')
  if (text === '') return
  const { batch } = JSON.parse(text) as { batch: string }
  await client.batches.cancel(batch, { timeout: CANCEL_MS, maxRetries: 0 }).catch(() => {})
}
