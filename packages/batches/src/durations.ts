/** All in milliseconds. */
const DAY_MS = 24 * 3_600_000
/** A batch can be read, and its failed lines run again, for so long after its end. */
export const KEPT_MS = 30 * DAY_MS
/** The record outlives the moment at which somebody deletes its blobs. */
export const RECORD_KEPT_MS = KEPT_MS + DAY_MS
