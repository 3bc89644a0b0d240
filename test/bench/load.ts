/** Where requests go: the simulator itself, or a gateway in front of it. */
export interface Target {
  origin: string
  path: string
  headers: Record<string, string>
}

/** Pids by the name that the table gives them. */
export type Processes = Record<string, number[]>

/** What an answer is made of: 50 chunks, or one body. */
export type AnswerKind = 'stream' | 'json'

/** So many requests at a time, each followed by the next, until the window is over. */
export interface Load {
  target: Target
  kind: AnswerKind
  model: string
  concurrency: number
  /** The first requests begin spread over so long, so that streams of one length do not stay in step. */
  spreadMs: number
  /** Before the window opens; counted for errors only. */
  warmMs: number
  windowMs: number
  /** Whose CPU time is taken at both ends of the window. */
  watch: Processes
}

export interface Quantiles {
  p50: number
  p99: number
}

export interface Measured {
  /** Answers that ended, and were right, within the window. */
  completed: number
  windowMs: number
  /** Right answers in all, before and after the window too. */
  answered: number
  /** Of the requests that began within the window; null where none of them ended well. */
  firstTokenMs: Quantiles | null
  totalMs: Quantiles | null
  /** CPU time within the window, user and system. */
  cpuMs: Record<string, number>
  failed: number
  /** What was wrong with the first few. */
  failures: string[]
}

/** Streams that are opened, deliver their first chunk and are then left alone. */
export interface Hold {
  target: Target
  model: string
  streams: number
}

export interface Held {
  failed: number
  failures: string[]
}

export type Command = { do: 'run'; load: Load } | { do: 'hold'; hold: Hold } | { do: 'release' }
export type Answer = { ok: true; value: Measured | Held } | { ok: false; reason: string }
