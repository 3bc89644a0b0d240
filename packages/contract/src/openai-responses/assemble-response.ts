import type { ErrorBody } from '../broker-error.ts'
import { responseError } from './event-data.ts'
import type { ResponseObject, ResponseStatus } from './response-object.ts'

type Fields = Record<string, unknown>

/** What a stream that did not complete had said: its items as far as they came. Events before a restart do not count. */
function assembleOutput(lines: readonly string[]): unknown[] {
  let output: Fields[] = []
  for (const line of lines) {
    const event = parse(line)
    if (event === null) continue
    if (event.type === 'response.created' || event.type === 'switchyard.restarted') output = []
    const index = typeof event.output_index === 'number' ? event.output_index : -1
    if (
      (event.type === 'response.output_item.added' || event.type === 'response.output_item.done') &&
      isFields(event.item)
    ) {
      output[index] = event.item
    } else if (output[index] !== undefined) {
      grow(output[index], event)
    }
  }
  return output.filter((item) => item !== undefined).map(asLeft)
}

/**
 * The response of a finished stream from its log. A completed one is what its last event says; one that failed or was cancelled
 * keeps what it had said, its open items marked incomplete.
 */
export function assembleResponse(
  lines: readonly string[],
  ended: { status: ResponseStatus; error: ErrorBody } | null,
): ResponseObject | null {
  const last = parse(lines.at(-1) ?? '')
  const response = last !== null && isFields(last.response) ? (last.response as ResponseObject) : null
  if (response === null || ended === null) return response
  const first = lines.map(parse).find((event) => event?.type === 'response.created')
  const begun = first && isFields(first.response) ? first.response : {}
  return {
    ...begun,
    ...response,
    ...keepGiven(begun),
    status: ended.status,
    error: responseError(ended.error),
    output: assembleOutput(lines),
  }
}

/** The last event of a failure knows the job, not the request; the first one repeated the request. */
function keepGiven(begun: Fields): Fields {
  const { status: _, error: __, output: ___, ...given } = begun
  return given
}

function grow(item: Fields, event: Fields): void {
  const { type, delta, part } = event
  const content = item.content as Fields[] | undefined
  const summary = item.summary as Fields[] | undefined
  const at = Number(event.content_index ?? event.summary_index ?? 0)
  if (type === 'response.content_part.added' && content && isFields(part)) content[at] = part
  else if (type === 'response.reasoning_summary_part.added' && summary && isFields(part)) summary[at] = part
  else if (typeof delta !== 'string') return
  else if (type === 'response.output_text.delta') append(content?.[at], 'text', delta)
  else if (type === 'response.refusal.delta') append(content?.[at], 'refusal', delta)
  else if (type === 'response.reasoning_summary_text.delta') append(summary?.[at], 'text', delta)
  else if (type === 'response.function_call_arguments.delta') append(item, 'arguments', delta)
}

function append(target: Fields | undefined, key: string, delta: string): void {
  if (target !== undefined) target[key] = String(target[key] ?? '') + delta
}

function asLeft(item: Fields): Fields {
  return item.status === 'in_progress' ? { ...item, status: 'incomplete' } : item
}

function parse(line: string): Fields | null {
  if (!line.startsWith('{')) return null
  try {
    const value: unknown = JSON.parse(line)
    return isFields(value) ? value : null
  } catch {
    return null
  }
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
