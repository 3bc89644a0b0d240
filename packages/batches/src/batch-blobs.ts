interface Owner {
  id: string
  project: string
}

function blobsOf({ project, id }: Owner): string {
  return `${project}/${id}`
}

/** The input as it was when the batch was validated: the file may be deleted meanwhile. */
export function inputBlob(batch: Owner): string {
  return `${blobsOf(batch)}/input`
}

/** Where each line of the input begins and how long it is (line-table.ts). */
export function linesBlob(batch: Owner): string {
  return `${blobsOf(batch)}/lines`
}

/** Rows `from` to `to`, as segment-text.ts writes them. */
export function segmentBlob(batch: Owner, from: number, to: number): string {
  return `${blobsOf(batch)}/segment-${from}-${to}`
}

/** A row that is too large for Redis. */
export function rowBlob(batch: Owner, line: number, tryNumber: number): string {
  return `${blobsOf(batch)}/row-${line}-${tryNumber}`
}
