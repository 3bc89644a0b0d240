/** Rows above this many bytes wait in the blob store for their segment. */
export const INLINE_ROW_BYTES = 64 * 1024

/** A finished line's row: number `n` of the batch, counted from 1 in the order in which lines finished. */
export interface Row {
  n: number
  line: number
  try: number
  /** o: an answer with status 200; e: an error; u: a job that was cancelled or ran out of its own time. */
  outcome: 'o' | 'e' | 'u'
  /** A line of the output or error file, without its end. */
  text: string
}

/** One line of a segment: `<line> <try> <outcome> <text>`; its number follows from its place. */
export function encodeRow({ line, try: tryNumber, outcome, text }: Omit<Row, 'n'>): string {
  return `${line} ${tryNumber} ${outcome} ${text}\n`
}

export function decodeRow(n: number, encoded: string): Row {
  const first = encoded.indexOf(' ')
  const second = encoded.indexOf(' ', first + 1)
  return {
    n,
    line: Number(encoded.slice(0, first)),
    try: Number(encoded.slice(first + 1, second)),
    outcome: encoded[second + 1] as Row['outcome'],
    text: encoded.slice(second + 3),
  }
}
