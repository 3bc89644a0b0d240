/** What a reader wants to hear: every event, or only the end (a caller that waits for one JSON answer). */
export type Interest = 'all' | 'end'

export interface Reader {
  id: string
  interest: Interest
}

/** Behind the expiry in the record's field `readers`: `i1=1790000000000 i2=1790000000000e`. */
export function interestCode(interest: Interest): string {
  return interest === 'end' ? 'e' : ''
}

/** The readers of a record's field `readers`, lapsed ones too. */
export function parseReaders(text: string): Reader[] {
  if (text === '') return []
  return text.split(' ').map((reader) => ({
    id: reader.slice(0, reader.lastIndexOf('=')),
    interest: reader.endsWith('e') ? 'end' : 'all',
  }))
}
