import type { ResponsesRequest } from '@switchyard/contract/openai-responses/request'
import type { PromptEnd } from '@switchyard/contract/prompt-cache'
import { renamedParameters } from '../openai/renamed-parameters.ts'
import { topLevelMembers } from '../openai/top-level-members.ts'
import { BREAKPOINT_PARAMETER, isImplicit } from '../prompt-cache/cache-rewrite.ts'
import { markInput, unmarkedItem } from '../prompt-cache/mark-input.ts'

/** Ours to say; the rest goes as it came. History travels in `input`, so nothing has to be kept upstream. */
const OWNED = ['model', 'stream', 'store', 'background', 'previous_response_id', 'switchyard', 'include', 'input']
const ENCRYPTED = 'reasoning.encrypted_content'

/**
 * The client's Responses request for a provider of the same dialect: our model name, kept nowhere, `switchyard` and dropped
 * parameters gone. All other bytes stay as they were sent. Because nothing is kept upstream, reasoning travels encrypted, and items
 * go without the ids by which a provider would look them up. `from` marks reasoning in our history: another deployment can't read it.
 */
export function rewriteRequest(
  body: Buffer,
  rewrite: {
    model: string
    deployment: string
    stream: boolean
    drop: readonly string[]
    /** Ends of known beginnings to mark, and a key for them unless the caller gave one. */
    cache?: { ends: readonly PromptEnd[]; minTokens: number; key: string | undefined }
  },
): Buffer {
  const members = topLevelMembers(body)
  const last = (name: string): unknown => {
    const member = members.findLast(({ key }) => key === name)
    return member === undefined ? undefined : JSON.parse(body.toString('utf8', member.valueStart, member.end))
  }
  const head: Record<string, unknown> = { model: rewrite.model, store: false }
  if (rewrite.stream) head.stream = true
  const include = last('include')
  const included = new Set<unknown>(Array.isArray(include) ? include : [])
  // Those models alone have reasoning to give back; the others refuse to be asked.
  if (renamedParameters(rewrite.model).size > 0) included.add(ENCRYPTED)
  if (included.size > 0) head.include = [...included]
  const nested = nestedDrops(rewrite.drop)
  for (const name of nested.keys()) {
    const value = last(name)
    if (typeof value === 'object' && value !== null) head[name] = without(value, nested.get(name)!)
  }
  const { cache } = rewrite
  const keepsMarks = !rewrite.drop.includes(BREAKPOINT_PARAMETER)
  let input = last('input')
  if (cache && cache.ends.length > 0 && keepsMarks) {
    const request = { input, instructions: last('instructions') } as ResponsesRequest
    const implicit = isImplicit(last('prompt_cache_options'))
    input = markInput(request, cache.ends, { minTokens: cache.minTokens, implicit })
  }
  head.input = Array.isArray(input)
    ? input.flatMap((item) => statelessItem(item, rewrite.deployment, keepsMarks))
    : input
  if (cache?.key !== undefined && last('prompt_cache_key') === undefined) head.prompt_cache_key = cache.key
  const owned = new Set([...OWNED, ...rewrite.drop, ...nested.keys()])
  const pieces: Buffer[] = [Buffer.from(JSON.stringify(head).slice(0, -1))]
  for (const { key, start, end } of members) if (!owned.has(key)) pieces.push(COMMA, body.subarray(start, end))
  pieces.push(CLOSE)
  return Buffer.concat(pieces)
}

const COMMA = Buffer.from(',')
const CLOSE = Buffer.from('}')

/** `text.format` → `text` without `format`. */
function nestedDrops(drop: readonly string[]): Map<string, string[]> {
  const nested = new Map<string, string[]>()
  for (const name of drop) {
    const [outer, inner] = name.split('.', 2)
    if (inner !== undefined) nested.set(outer!, [...(nested.get(outer!) ?? []), inner])
  }
  return nested
}

function without(value: object, names: string[]): object {
  return Object.fromEntries(Object.entries(value).filter(([name]) => !names.includes(name)))
}

function statelessItem(item: unknown, deployment: string, keepsMarks: boolean): unknown[] {
  if (typeof item !== 'object' || item === null) return [item]
  const { id, status: _status, switchyard_from: from, ...rest } = item as Record<string, unknown>
  if (rest.type !== 'reasoning') return [keepsMarks ? rest : unmarkedItem(rest)]
  const isReadable = typeof rest.encrypted_content === 'string' && (from === undefined || from === deployment)
  return isReadable ? [{ ...rest, id }] : []
}
