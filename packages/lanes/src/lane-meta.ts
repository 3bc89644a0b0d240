/**
 * BullMQ's own scripts write entries into the lane's event stream, which nobody of us reads. They take the bound
 * from the lane's `meta` hash, and write 10,000 there themselves if nobody did.
 */
export const MAX_EVENTS = 1_000
export const MAX_EVENTS_FIELD = 'opts.maxLenEvents'
