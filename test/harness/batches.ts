import type OpenAI from 'openai'
import { toFile } from 'openai'
import type { Api } from './api.ts'

/** A row of an output or error file. */
export interface BatchRow {
  id: string
  custom_id: string
  response: {
    status_code: number
    request_id: string
    body: { choices?: { message: { content: string } }[]; error?: { code: string; param: string | null } }
  } | null
  error: { code: string; message: string } | null
}

export type Batch = OpenAI.Batch & {
  switchyard: {
    eta_seconds: number | null
    cost_usd: number | null
    rate_per_second: number | null
    paused: boolean
    cache: { read_tokens: number; write_tokens: number; hit_ratio: number; saved_usd: number }
  }
}

/** A line that asks a model to say something. */
export function requestLine(customId: string, text: string, body: object = {}): string {
  return JSON.stringify({
    custom_id: customId,
    method: 'POST',
    url: '/v1/chat/completions',
    body: { model: 'gpt-5-4-mini', messages: [{ role: 'user', content: text }], ...body },
  })
}

async function uploadLines(api: Api, lines: string[]): Promise<string> {
  const file = await toFile(Buffer.from(`${lines.join('\n')}\n`), 'requests.jsonl')
  return (await api.openai.files.create({ file, purpose: 'batch' })).id
}

export async function createBatch(api: Api, lines: string[]): Promise<Batch> {
  const input_file_id = await uploadLines(api, lines)
  return (await api.openai.batches.create({
    input_file_id,
    endpoint: '/v1/chat/completions',
    completion_window: '24h',
  })) as Batch
}

export async function getBatch(api: Api, id: string): Promise<Batch> {
  return (await api.openai.batches.retrieve(id)) as Batch
}

/** The batch once it has ended: follows its rows as they come, and again from the last one when the connection breaks. */
export async function endedBatch(api: Api, id: string): Promise<Batch> {
  for (;;) {
    try {
      const response = await api.fetch(`/v1/batches/${id}/output`, { headers: { accept: 'text/event-stream' } })
      for await (const _ of response.body ?? []) {
      }
      if (response.ok) return await getBatch(api, id)
    } catch {
      // The ingress was killed: the next one goes on.
    }
  }
}

/** The rows of a file of a batch; none where there is no file. */
export async function readRows(api: Api, fileId: string | null | undefined): Promise<BatchRow[]> {
  if (!fileId) return []
  const text = await (await api.openai.files.content(fileId)).text()
  return text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as BatchRow)
}
