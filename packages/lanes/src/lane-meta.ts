/**
 * BullMQ writes a few entries per delivery into the lane's event stream, which nobody of us reads. It takes the bound from
 * the lane's `meta` hash, and writes 10,000 there itself if nobody did.
 */
export const MAX_EVENTS = 1_000
export const MAX_EVENTS_FIELD = 'opts.maxLenEvents'
