import type { CacheRewrite } from '../prompt-cache/cache-rewrite.ts'
import { renamedParameters } from './renamed-parameters.ts'
import { type Member, topLevelMembers } from './top-level-members.ts'

export interface BodyRewrite {
  /** The model's name upstream. */
  model: string
  stream: boolean
  /** Parameters to leave out, by their name at the top level. */
  drop: string[]
  cache?: CacheRewrite
}

/**
 * The client's body with the broker's fields rewritten: our model name, `stream` as we need it, usage always asked for in a
 * stream, `switchyard` and dropped parameters gone, what the model knows under another name renamed. All other bytes stay as
 * they were sent (design.md §7), numbers and unknown fields included. Every member of a name we own is cut out, so that a
 * repeated key cannot bring back the old value. Where breakpoints come in or out, `messages` are written anew.
 */
export function rewriteBody(body: Buffer, rewrite: BodyRewrite): Buffer {
  const owned = new Set(['model', 'stream', 'stream_options', 'switchyard', ...rewrite.drop])
  const members = topLevelMembers(body)
  const head: Record<string, unknown> = { model: rewrite.model }
  if (rewrite.stream) {
    head.stream = true
    head.stream_options = { ...clientsStreamOptions(body, members, rewrite.drop), include_usage: true }
  }
  const { cache = {} } = rewrite
  const given = new Set(members.map(({ key }) => key))
  if (cache.key !== undefined && !given.has('prompt_cache_key')) head.prompt_cache_key = cache.key
  const pieces: Buffer[] = [Buffer.from(JSON.stringify(head).slice(0, -1))]
  const renamed = renamedParameters(rewrite.model)
  for (const { key, start, valueStart, end } of members) {
    if (owned.has(key)) continue
    if (key === 'messages' && cache.messages) {
      const messages = cache.messages(
        JSON.parse(body.toString('utf8', valueStart, end)),
        lastValue(body, members, 'prompt_cache_options'),
      )
      pieces.push(Buffer.from(`,"messages":${JSON.stringify(messages)}`))
      continue
    }
    const name = renamed.get(key)
    if (name === undefined) pieces.push(COMMA, body.subarray(start, end))
    else if (!given.has(name)) pieces.push(Buffer.from(`,"${name}":`), body.subarray(valueStart, end))
  }
  pieces.push(CLOSE)
  return Buffer.concat(pieces)
}

const COMMA = Buffer.from(',')
const CLOSE = Buffer.from('}')

function clientsStreamOptions(body: Buffer, members: Member[], drop: string[]): Record<string, unknown> {
  const value = drop.includes('stream_options') ? null : lastValue(body, members, 'stream_options')
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : {}
}

function lastValue(body: Buffer, members: Member[], name: string): unknown {
  const last = members.findLast((member) => member.key === name)
  return last && JSON.parse(body.toString('utf8', last.valueStart, last.end))
}
