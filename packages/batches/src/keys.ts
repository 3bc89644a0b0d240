/** Every key of one batch. All carry the batch as hash tag, so one script can touch them together. */
export interface BatchKeys {
  record: string
  /** Bitmap: the line has its row. */
  done: string
  /** Bitmap: the line's row is an error; always a part of `done`. */
  failed: string
  /** Bitmap: lines to be run again. */
  again: string
  /** Sorted set `<line>.<try>` → when it was taken: lines that are jobs now. */
  window: string
  /** Stream of rows, entry `<n>-0`; what is in segments has left it. */
  rows: string
  /** List of `<from>-<to>`: rows that stand in a blob. */
  segments: string
}

export function batchKeys(batchId: string): BatchKeys {
  const record = `sy:{${batchId}}`
  return {
    record,
    done: `${record}:done`,
    failed: `${record}:failed`,
    again: `${record}:again`,
    window: `${record}:window`,
    rows: `${record}:rows`,
    segments: `${record}:segments`,
  }
}

/** Sorted set: batches that need somebody, by the time of their creation. */
export const ACTIVE_KEY = 'sy:{batches}:active'

/** Channel: ids of batches that have news, separated by commas. */
export const NEWS_CHANNEL = 'sy:{batches}:news'

/** Sorted set of a project's batch ids, all of the same score. */
export function projectBatchesKey(project: string): string {
  return `sy:{${project}}:batches`
}
