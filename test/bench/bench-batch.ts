import { setTimeout as sleep } from 'node:timers/promises'
import OpenAI, { toFile } from 'openai'
import type { Target } from './load.ts'

const LOOK_MS = 50

export type Batch = OpenAI.Batch

/** OpenAI's client for a stack that was started; a request that fails is an error of the bench. */
export function openaiFor({ origin, headers }: Target): OpenAI {
  const apiKey = String(headers.authorization).slice('Bearer '.length)
  return new OpenAI({ baseURL: `${origin}/v1`, apiKey, maxRetries: 0, timeout: 120_000 })
}

/** The input of a batch: lines of a size. The simulator answers with a word, or in as many chunks as `chunks` says of a line. */
export function batchInput(
  model: string,
  { lines, lineBytes, chunks }: { lines: number; lineBytes: number; chunks?: (line: number) => number },
): Buffer {
  const padding = 'x'.repeat(Math.max(1, lineBytes - 200))
  const requests: string[] = []
  for (let line = 0; line < lines; line++) {
    const content = chunks === undefined ? padding : `length: ${chunks(line)} chunks ${padding}`
    const body = { model, messages: [{ role: 'user', content }], max_completion_tokens: 64 }
    requests.push(JSON.stringify({ custom_id: `line-${line}`, method: 'POST', url: '/v1/chat/completions', body }))
  }
  return Buffer.from(`${requests.join('\n')}\n`)
}

export async function uploadInput(openai: OpenAI, input: Buffer): Promise<string> {
  return (await openai.files.create({ file: await toFile(input, 'bench.jsonl'), purpose: 'batch' })).id
}

export function createBatch(openai: OpenAI, fileId: string): Promise<Batch> {
  return openai.batches.create({
    input_file_id: fileId,
    endpoint: '/v1/chat/completions',
    completion_window: '24h',
  })
}

/** The batch once it has left the statuses given. */
export async function batchPast(openai: OpenAI, id: string, statuses: readonly Batch['status'][]): Promise<Batch> {
  for (;;) {
    const batch = await openai.batches.retrieve(id)
    if (!statuses.includes(batch.status)) return batch
    await sleep(LOOK_MS)
  }
}
