const DAY_MS = 24 * 3_600_000

/** A batch can be read, and its failed lines run again, for so long after its end. Output files have a life of their own. */
export const RECORD_KEPT_MS = 31 * DAY_MS
/** Ids stay in the list of their project a little longer than the longest life of a batch. */
export const LISTED_MS = 40 * DAY_MS
