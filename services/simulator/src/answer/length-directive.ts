/** More chunks than this are not given, whoever asks. */
export const MOST_CHUNKS = 100_000

/** `length: 50 chunks` anywhere in the last user text asks for a stream of exactly so many content chunks. */
export function lengthDirective(text: string): number | null {
  const at = text.indexOf('length:')
  if (at < 0) return null
  const match = /^length:\s*(\d{1,9})\s*chunks?\b/.exec(text.slice(at, at + 40))
  return match === null ? null : Math.max(1, Math.min(MOST_CHUNKS, Number(match[1])))
}

/**
 * Makes a text long enough for `count` pieces of a few characters each, by going on with the words of its own and a running
 * number, so that a piece that is lost, doubled or out of order shows.
 */
export function stretch(text: string, count: number): string {
  const needed = count * 6
  if (text.length >= needed) return text
  const words = text.slice(0, 500).match(/[A-Za-z]{2,10}/g) ?? ['more']
  let longer = text
  for (let i = 1; longer.length < needed; i++) longer += ` ${i}:${words[i % words.length]}`
  return longer
}
