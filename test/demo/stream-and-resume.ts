import type OpenAI from 'openai'
import { events, type SseEvent, textOf } from '../harness/api.ts'
import { followJob } from './follow-job.ts'
import type { Document } from './read-documents.ts'

export interface ResumedStream {
  job: string
  /** Number of the last event seen before the connection was cut. */
  cutAfter: number
  events: number
  bytes: number
  /** What is wrong with the stream as it was seen, in words; empty when nothing is. */
  problems: string[]
}

/** The simulator gives an answer of so many chunks; a model takes it as a hint. */
const LENGTH = 'length: 160 chunks'
const CUT_AT_CHARACTERS = 450
const DOCUMENT_CHARACTERS = 4000

/**
 * Streams an answer to `show`, destroys its own connection in the middle, goes on through the job's events with `Last-Event-ID`,
 * and compares what it saw with the job's result and with a second reading of the whole log, byte for byte.
 */
export async function streamAndResume(
  client: OpenAI,
  document: Document,
  { model, signal, show }: { model: string; signal: AbortSignal; show: (text: string) => void },
): Promise<ResumedStream> {
  const cut = new AbortController()
  const response = await client.chat.completions
    .create(
      {
        model,
        stream: true,
        messages: [{ role: 'user', content: question(document) }],
      },
      { signal: AbortSignal.any([signal, cut.signal]) },
    )
    .asResponse()
  const job = response.headers.get('x-request-id') ?? ''
  const seen: SseEvent[] = []
  const see = (event: SseEvent): void => {
    seen.push(event)
    show(textOf([event]))
  }

  let characters = 0
  for await (const event of events(response)) {
    see(event)
    characters += textOf([event]).length
    if (characters >= CUT_AT_CHARACTERS) break
  }
  // Aborting destroys the socket; what was under way on it is lost to us.
  cut.abort()
  const cutAfter = seen.at(-1)?.id ?? -1
  show(`\n  ✂ connection destroyed after event ${cutAfter}, resuming with Last-Event-ID: ${cutAfter}\n`)
  for await (const event of followJob(client, job, { after: cutAfter, signal })) see(event)
  show('\n')

  const replayed: SseEvent[] = []
  for await (const event of followJob(client, job, { signal })) replayed.push(event)
  const text = textOf(seen)
  const result = await resultText(client, job, signal)
  return {
    job,
    cutAfter,
    events: seen.length,
    bytes: Buffer.byteLength(text),
    problems: compare({ seen, replayed, text, result, cutAfter }),
  }
}

function question(document: Document): string {
  const text = document.text.slice(0, DOCUMENT_CHARACTERS)
  return `What is this document about? Answer in about 150 words (${LENGTH}).\n\n<document>\n${text}\n</document>`
}

async function resultText(client: OpenAI, job: string, signal: AbortSignal): Promise<string> {
  const result = await client.get<{ choices: { message: { content: string | null } }[] }>(`/jobs/${job}/result`, {
    signal,
  })
  return result.choices[0]?.message.content ?? ''
}

/** What differs between the stream as it was seen, its log, and the job's result. */
function compare(stream: {
  seen: SseEvent[]
  replayed: SseEvent[]
  text: string
  result: string
  cutAfter: number
}): string[] {
  const { seen, replayed, text, result, cutAfter } = stream
  const problems: string[] = []
  if (cutAfter >= (seen.at(-1)?.id ?? 0)) problems.push('the answer had ended before the connection was cut')
  const gap = seen.findIndex(({ id }, i) => id !== i)
  if (gap !== -1) problems.push(`event ${gap} of the stream has the number ${seen[gap]!.id}`)
  if (!Buffer.from(text).equals(Buffer.from(result))) {
    problems.push(
      `the stream has ${Buffer.byteLength(text)} bytes of text, the job's result ${Buffer.byteLength(result)}`,
    )
  }
  if (JSON.stringify(seen) !== JSON.stringify(replayed)) problems.push('the log reads differently a second time')
  return problems
}
