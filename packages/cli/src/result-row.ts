/** A line of results.jsonl: what became of one document. */
export interface ResultRow {
  document: string
  status: 'completed' | 'failed'
  /** The answer: a text, or the JSON value that a schema asked for; the whole body where the endpoint answers with something else. */
  output: unknown
  error: { code: string; message: string } | null
  /** As the endpoint reports it. */
  usage: Record<string, unknown> | null
  /** Id of the job that the line was. */
  job: string | null
  /** Who answered, as the provider names it. */
  model: string | null
}

interface Answer {
  custom_id: string
  response: { status_code: number; request_id: string; body: Body | null } | null
  error: { code: string | null; message: string } | null
}

interface Body {
  model?: string
  choices?: { message?: { content?: string | null; refusal?: string | null } }[]
  output?: { type: string; content?: { type: string; text?: string }[] }[]
  usage?: Record<string, unknown>
  error?: { code?: string | null; message?: string } | null
}

/** Reads a row of a batch (https://platform.openai.com/docs/api-reference/batch/request-output). An answer that is not the JSON that was asked for is a failure. */
export function readRow(text: string, json: boolean): ResultRow {
  const { custom_id: document, response, error } = JSON.parse(text) as Answer
  const body = response?.body ?? null
  const rest = { usage: body?.usage ?? null, job: response?.request_id ?? null, model: body?.model ?? null }
  const completed = (output: unknown): ResultRow => ({ document, status: 'completed', output, error: null, ...rest })
  const failed = (code: string, message: string): ResultRow => ({
    document,
    status: 'failed',
    output: null,
    error: { code, message },
    ...rest,
  })
  if (error) return failed(error.code ?? 'unknown', error.message)
  if (response === null || response.status_code >= 400 || body === null) {
    const status = response?.status_code ?? 'none'
    return failed(body?.error?.code ?? `status_${status}`, body?.error?.message ?? `the answer has status ${status}`)
  }
  const answer = readAnswer(body)
  if (!json || typeof answer !== 'string') return completed(answer)
  try {
    return completed(JSON.parse(answer))
  } catch {
    return failed(
      'not_json',
      body.choices?.[0]?.message?.refusal ? 'the model refused' : 'the answer is not the JSON that was asked for',
    )
  }
}

function readAnswer(body: Body): unknown {
  if (body.choices) return body.choices[0]?.message?.content ?? ''
  if (!body.output) return body
  const parts = body.output.flatMap(({ type, content }) => (type === 'message' ? (content ?? []) : []))
  return parts.map(({ text }) => text ?? '').join('')
}

export function rejectedRow({ document, why }: { document: string; why: string }): ResultRow {
  return {
    document,
    status: 'failed',
    output: null,
    error: { code: 'not_sent', message: why },
    usage: null,
    job: null,
    model: null,
  }
}
