const CONTENT = '"content":"'
const DONE = 'data: [DONE]\n\n'

/**
 * What is wrong with a stream's body, or null: it must end with `[DONE]` and say exactly `text` in exactly `chunks` chunks.
 * Searches instead of parsing: the client shares the cores with what it measures. Texts hold nothing that JSON escapes.
 */
export function streamFault(body: string, text: string, chunks: number): string | null {
  if (!body.endsWith(DONE)) return `a stream that does not end with [DONE] but with ${JSON.stringify(body.slice(-120))}`
  let said = ''
  let found = 0
  for (let at = body.indexOf(CONTENT); at >= 0; at = body.indexOf(CONTENT, at)) {
    const start = at + CONTENT.length
    at = body.indexOf('"', start)
    if (at < 0) break
    if (at === start) continue
    said += body.slice(start, at)
    found++
  }
  if (said !== text) return `a stream that says ${JSON.stringify(said.slice(0, 80))}…, not what was asked`
  return found === chunks ? null : `a stream of ${found} chunks, not ${chunks}`
}

/** What is wrong with a body that is not streamed, or null. */
export function bodyFault(body: string, text: string): string | null {
  if (body.includes(`${CONTENT}${text}"`)) return null
  return `a body that does not say what was asked: ${JSON.stringify(body.slice(0, 120))}…`
}

/** Whether there is content in this part of a stream (the chunk with the role has an empty one). */
export function hasContent(part: string): boolean {
  for (let at = part.indexOf(CONTENT); at >= 0; at = part.indexOf(CONTENT, at + 1)) {
    const next = at + CONTENT.length
    if (next < part.length && part[next] !== '"') return true
  }
  return false
}
