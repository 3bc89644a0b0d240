/** All in milliseconds. */
export const LEASE_MS = 12_000
export const RENEW_EVERY_MS = 4_000
/** A queued job is looked for in its lane this often: a record that no lane knows is back in its lane within 10 s. */
export const QUEUE_CHECK_MS = 8_000
/** `on_disconnect: cancel` acts this long after the last reader left. */
export const DISCONNECT_GRACE_MS = 15_000
export const READER_TTL_MS = 30_000
export const READER_REFRESH_MS = 10_000
export const ARCHIVE_AFTER_MS = 60_000
/** A job that was to be archived and is not is looked at again after this. */
export const ARCHIVE_AGAIN_MS = 600_000
export const RECORD_KEPT_MS = 7 * 24 * 3_600_000
export const KEEP_PLAIN_MS = 3_600_000
export const KEEP_MS = 24 * 3_600_000
/** A stored response can be read and continued for as long as OpenAI keeps one. */
export const KEEP_STORED_MS = 30 * 24 * 3_600_000
/** Bodies above this many bytes live in the blob store. */
export const INLINE_BODY_BYTES = 64 * 1024
