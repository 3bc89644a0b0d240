const MAX_LENGTH = 256

/** A place in a body as OpenAI writes it: `messages[3].content[0].image_url`. Cut when a caller's own keys make it long. */
export function jsonPath(segments: readonly PropertyKey[]): string {
  let path = ''
  for (const segment of segments) {
    if (typeof segment === 'number') path += `[${segment}]`
    else path += path === '' ? String(segment) : `.${String(segment)}`
    if (path.length > MAX_LENGTH) return `${path.slice(0, MAX_LENGTH)}…`
  }
  return path
}
