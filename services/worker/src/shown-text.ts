import type { Dialect } from '@switchyard/contract/job'

type Fields = Record<string, unknown>

/** What one line of a stream adds to the answer: text, reasoning, refusal, names and arguments of tool calls. */
export function shownText(dialect: Dialect, line: string): string {
  const event = JSON.parse(line) as Fields
  if (dialect === 'openai-responses') return deltaOf(event)
  let text = ''
  for (const choice of listOf(event.choices)) {
    const delta = isFields(choice.delta) ? choice.delta : {}
    text += textOf(delta.content) + textOf(delta.reasoning_content) + textOf(delta.refusal)
    for (const call of listOf(delta.tool_calls)) {
      if (isFields(call.function)) text += textOf(call.function.name) + textOf(call.function.arguments)
    }
  }
  return text
}

/** The events that end an item repeat what their deltas said. */
function deltaOf({ type, delta }: Fields): string {
  return String(type).endsWith('.delta') ? textOf(delta) : ''
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : ''
}

function listOf(value: unknown): Fields[] {
  return Array.isArray(value) ? value.filter(isFields) : []
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
