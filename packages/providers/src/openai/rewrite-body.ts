import { renamedParameters } from './renamed-parameters.ts'
import { type Member, topLevelMembers } from './top-level-members.ts'

export interface BodyRewrite {
  /** The model's name upstream. */
  model: string
  stream: boolean
  /** Parameters to leave out, by their name at the top level. */
  drop: string[]
}

/**
 * The client's body with the broker's fields rewritten: our model name, `stream` as we need it, usage always asked for in a
 * stream, `switchyard` and dropped parameters gone, what the model knows under another name renamed. All other bytes stay as
 * they were sent (design.md §7), numbers and unknown fields included. Every member of a name we own is cut out, so that a
 * repeated key cannot bring back the old value.
 */
export function rewriteBody(body: Buffer, rewrite: BodyRewrite): Buffer {
  const owned = new Set(['model', 'stream', 'stream_options', 'switchyard', ...rewrite.drop])
  const members = topLevelMembers(body)
  const head: Record<string, unknown> = { model: rewrite.model }
  if (rewrite.stream) {
    head.stream = true
    head.stream_options = { ...clientsStreamOptions(body, members, rewrite.drop), include_usage: true }
  }
  const pieces: Buffer[] = [Buffer.from(JSON.stringify(head).slice(0, -1))]
  const renamed = renamedParameters(rewrite.model)
  const given = new Set(members.map(({ key }) => key))
  for (const { key, start, valueStart, end } of members) {
    if (owned.has(key)) continue
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
  const last = members.findLast((member) => member.key === 'stream_options')
  if (last === undefined || drop.includes('stream_options')) return {}
  const value: unknown = JSON.parse(body.toString('utf8', last.valueStart, last.end))
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : {}
}
