type Fields = Record<string, unknown>

/** A tool call as it grows; `index` is the place that the stream gave it. */
export interface PartialToolCall {
  index: number
  value: {
    id: string
    type: string
    function?: { name: string; arguments: string }
    custom?: { name: string; input: string }
  }
}

/**
 * Adds the pieces of one delta to the calls so far, which stay ordered by index. Servers that give no index start a new call
 * with each new id. A name comes whole: some servers repeat it in every piece.
 */
export function assembleToolCalls(calls: PartialToolCall[], pieces: Fields[]): void {
  for (const piece of pieces) {
    const { value } = callOf(calls, piece)
    if (value.id === '' && typeof piece.id === 'string') value.id = piece.id
    if (isFields(piece.custom)) {
      value.type = 'custom'
      value.custom ??= { name: '', input: '' }
      value.custom.name ||= text(piece.custom.name)
      value.custom.input += text(piece.custom.input)
    }
    if (isFields(piece.function)) {
      value.function ??= { name: '', arguments: '' }
      value.function.name ||= text(piece.function.name)
      value.function.arguments += text(piece.function.arguments)
    }
  }
}

function callOf(calls: PartialToolCall[], piece: Fields): PartialToolCall {
  const last = calls.at(-1)
  const given = typeof piece.index === 'number' ? piece.index : null
  const same =
    given === null
      ? last && (typeof piece.id !== 'string' || piece.id === last.value.id) && last
      : calls.find(({ index }) => index === given)
  if (same) return same
  const call: PartialToolCall = { index: given ?? (last ? last.index + 1 : 0), value: { id: '', type: 'function' } }
  calls.push(call)
  calls.sort((a, b) => a.index - b.index)
  return call
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : ''
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
