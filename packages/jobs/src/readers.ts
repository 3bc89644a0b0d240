/** What a reader wants to hear: every event, or only the end (a caller that waits for one JSON answer). */
export type Interest = 'all' | 'end'

export interface Reader {
  id: string
  interest: Interest
}

/** Behind the expiry in the readers hash: `1790000000000` or `1790000000000e`. */
export function interestSuffix(interest: Interest): string {
  return interest === 'end' ? 'e' : ''
}

export function parseReaders(flat: string[]): Reader[] {
  const readers: Reader[] = []
  for (let i = 0; i < flat.length; i += 2) {
    readers.push({ id: flat[i]!, interest: flat[i + 1]!.endsWith('e') ? 'end' : 'all' })
  }
  return readers
}
