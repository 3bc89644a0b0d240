/** What the model says, before any dialect gives it a shape. */
export interface Answer {
  parts: AnswerPart[]
  finish: 'stop' | 'length' | 'tool' | 'stop_sequence'
  /** The stop sequence that ended it. */
  stopSequence: string | null
  /** How many chunks a stream of it has; null: as many as its length gives. */
  chunks: number | null
  /** Given so many times over (`n`, `candidateCount`); `usage` counts them all. */
  copies: number
  usage: AnswerUsage
}

/** Everything about an answer but what it costs. */
export type ComposedAnswer = Omit<Answer, 'usage' | 'copies'>

export type AnswerPart =
  | { kind: 'reasoning'; text: string }
  | { kind: 'text'; text: string }
  | { kind: 'tool'; id: string; name: string; text: string }

/** Tokens. `input` holds cached and cache-writing ones, `output` holds reasoning. */
export interface AnswerUsage {
  input: number
  cached: number
  cacheWrite: number
  /** Those of `cacheWrite` that are kept for an hour or more. */
  cacheWriteLong: number
  output: number
  reasoning: number
}
