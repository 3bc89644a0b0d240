/**
 * Shapes of secrets that must never leave a process: `sk-…` (OpenAI, Anthropic's `sk-ant-…`, our own `sk-sy-…`), Google's
 * `AIza…`, AWS access keys, webhook secrets, JSON web tokens, and what follows `Bearer` or `Basic` unless it is a plain word.
 */
const SECRETS = new RegExp(
  // A word begins here, or an escape of JSON has just ended: in a finished line, `n` and `sk-…` of `\\nsk-…` touch.
  `(?:(?<=\\\\(?:[bfnrt]|u[0-9a-f]{4}))|(?<![A-Za-z0-9]))(?:${[
    'sk-[A-Za-z0-9_-]{8,}',
    'AIza[A-Za-z0-9_-]{20,}',
    String.raw`(?:AKIA|ASIA)[A-Z0-9]{16}\b`,
    'whsec_[A-Za-z0-9+/_=-]{8,}',
    String.raw`eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*`,
    String.raw`(?:[Bb]earer|[Bb]asic)\s+(?=[a-z]*[^a-z\s"\\])[A-Za-z0-9._~+/=-]{8,}`,
  ].join('|')})`,
  'g',
)

/** Credentials in a URL (`redis://user:password@host`), and query parameters that carry keys (`?key=`). */
const IN_URLS =
  /(\/\/[^\s/:@"]*:)[^\s/@"]+(?=@)|([?&](?:key|api_key|apikey|token|access_token|sig|signature)=)[^&\s"\\]+/gi

const MARK = '[redacted]'

/** A text without anything that looks like a secret. A line of JSON stays one: nothing that is cut out holds a quote or a backslash. */
export function scrub(text: string): string {
  return text.replace(SECRETS, MARK).replace(IN_URLS, (_, url: string | undefined, query: string | undefined) => {
    return `${url ?? query ?? ''}${MARK}`
  })
}

/** A scrubber that also removes these very values: credentials of providers whose keys have no shape of their own. */
export function scrubberOf(secrets: readonly string[]): (text: string) => string {
  // Shorter ones would cut ordinary words out of the log; no provider gives such keys.
  const values = secrets.filter((secret) => secret.length >= 8)
  if (values.length === 0) return scrub
  // As they are, and as JSON writes them; the longest first, so that none leaves the rest of another behind.
  const written = values
    .flatMap((secret) => [secret, JSON.stringify(secret).slice(1, -1)])
    .sort((a, b) => b.length - a.length)
  const pattern = new RegExp(written.map((secret) => secret.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')).join('|'), 'g')
  return (text) => scrub(text.replace(pattern, MARK))
}
