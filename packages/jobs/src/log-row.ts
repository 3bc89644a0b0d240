import { encodeHead, type FrameNote } from './live-frame.ts'

/** The log of one job under one fence, and who listens to it. */
export interface LogPlace {
  readonly jobId: string
  readonly fence: number
  readonly eventsKey: string
  /** Readers that want every event. */
  readonly audience: readonly string[]
}

/**
 * The lines of one job that go into its log together, as one entry: stored all or none, because a single XADD is. What was sent
 * once is only ever sent again as it was, so that a repeat is known by its id alone.
 */
export interface LogRow {
  log: LogPlace
  /** Number of its last line. */
  seq: number
  count: number
  /** Its lines, joined by line ends: a line of a log holds none itself. */
  data: string
  note: FrameNote | null
  /** It takes no further line. */
  closed: boolean
  /** It may have been stored already: the answer was lost on the way. */
  unsure: boolean
}

/** Id of its entry, `<fence>-<seq of the last line + 1>`: Redis itself refuses a writer whose fence is older than the last entry's. */
export function rowId({ log, seq }: LogRow): string {
  return `${log.fence}-${seq + 1}`
}

/** What stands before its lines in a message to its readers. */
export function rowHead({ log: { jobId, fence }, seq, count, data, note }: LogRow): string {
  return encodeHead({ jobId, fence, seq, count, event: null, data, terminal: null, note })
}
