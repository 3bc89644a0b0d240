/**
 * Bytes by name, outside Redis. Names are `<project>/<owner>/<part>`: two to four segments of letters, digits, `_` and `-`; an owner is
 * a job, a file or a batch. A blob appears as a whole or not at all, and a write replaces what had the name as a whole.
 */
export interface BlobStore {
  /**
   * `fresh`: the writer has just made the name up and tells nobody of it before this resolves, so the store may write in place, which
   * costs less. A process that dies meanwhile leaves a part of it, without anybody who knows the name.
   */
  put(name: string, data: Buffer | string, options?: { fresh?: boolean }): Promise<void>
  /**
   * Writes as the bytes come, in bounded memory. More than `maxBytes`: `file_too_large`. When this or `source` throws, the blob is as
   * it was before, and `source` has been told to return.
   */
  putStream(name: string, source: AsyncIterable<Uint8Array>, options?: { maxBytes?: number }): Promise<Written>
  /** The whole blob in memory; null when there is none. */
  get(name: string): Promise<Buffer | null>
  /**
   * The bytes from `from` up to and without `to`, cut at the end of the blob; `bytes` is the size of all of it. null when there is none.
   * Whoever gets a body reads it or calls `destroy` on it: it holds a file or a connection open.
   */
  stream(name: string, range?: { from?: number; to?: number }): Promise<{ bytes: number; body: BlobBody } | null>
  /** The bytes from `from` up to and without `to`, cut at the end of the blob. null when there is none. */
  getRange(name: string, from: number, to: number): Promise<Buffer | null>
  /** Makes one blob of these, one after the other, in bounded memory; they stay. Rejects when one of them is missing. Size in bytes. */
  compose(name: string, parts: readonly string[]): Promise<{ bytes: number }>
  /** Nothing happens when there is none. */
  delete(name: string): Promise<void>
  /** Everything below `<project>/<owner>` (or one segment less or more). */
  deleteBelow(prefix: string): Promise<void>
  /** The blobs below a prefix of whole segments, all of them for ''. Those of one owner come one after the other. */
  list(prefix: string): AsyncIterable<{ name: string; modifiedAtMs: number }>
  /** Drops what writes left behind whose process died more than `olderThanMs` ago. Gives how many. */
  dropUnfinished(olderThanMs: number): Promise<number>
}

export interface Written {
  bytes: number
  /** Hex, of all bytes. */
  sha256: string
}

/** A Node stream, as far as the readers of blobs need it. */
export interface BlobBody extends AsyncIterable<Buffer> {
  destroy(): void
}
