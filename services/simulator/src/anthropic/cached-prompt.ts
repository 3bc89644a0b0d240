import type { PromptBlock } from '../answer/prompt-cache.ts'
import type { Turn } from '../dialect.ts'
import type { MessagesRequest } from './messages-request.ts'
import { claudeTraits } from './model-traits.ts'

type Control = { ttl?: '5m' | '1h' | undefined } | null | undefined

const LIFETIMES = { '5m': 300_000, '1h': 3_600_000 } as const
const MOST_MARKS = 4

/** Tools, system and messages, block by block, with the marks where they stand. */
export function claudeCache(request: MessagesRequest): Turn['cache'] {
  return {
    rules: { kind: 'marks', minTokens: claudeTraits(request.model).cacheMinTokens, scope: '' },
    blocks: () => {
      const blocks = [
        ...(request.tools ?? []).map(blockOf),
        ...contentBlocks(request.system ?? []),
        ...request.messages.flatMap(({ content }) => contentBlocks(content)),
      ]
      // A mark on the request as a whole is one at its end.
      const last = blocks.at(-1)
      if (last && request.cache_control != null) last.keepMs ??= LIFETIMES[request.cache_control.ttl ?? '5m']
      return blocks
    },
  }
}

function contentBlocks(content: string | object[]): PromptBlock[] {
  if (typeof content === 'string') return content === '' ? [] : [{ ...EMPTY, text: content }]
  return content.map(blockOf)
}

const EMPTY: PromptBlock = { text: '', images: 0, keepMs: null, endsTurn: false }

function blockOf(block: object): PromptBlock {
  const { cache_control: control, ...rest } = block as { cache_control?: Control; type?: string; text?: string }
  return {
    ...EMPTY,
    text: rest.text ?? JSON.stringify(rest),
    images: rest.type === 'image' ? 1 : 0,
    keepMs: control == null ? null : LIFETIMES[control.ttl ?? '5m'],
  }
}

/** What the API says of marks that it does not take; null: all is well. */
export function checkCacheMarks(request: MessagesRequest): string | null {
  const marks: { path: string; ttl: '5m' | '1h'; isEmpty: boolean }[] = []
  const look = (path: string, block: object) => {
    const { cache_control: control, ...rest } = block as { cache_control?: Control; type?: string; text?: string }
    if (control != null)
      marks.push({ path, ttl: control.ttl ?? '5m', isEmpty: rest.type === 'text' && rest.text === '' })
  }
  for (const [i, tool] of (request.tools ?? []).entries()) look(`tools.${i}`, tool)
  if (Array.isArray(request.system)) for (const [i, block] of request.system.entries()) look(`system.${i}`, block)
  for (const [m, { content }] of request.messages.entries()) {
    if (Array.isArray(content)) for (const [i, block] of content.entries()) look(`messages.${m}.content.${i}`, block)
  }
  const count = marks.length + (request.cache_control == null ? 0 : 1)
  if (count > MOST_MARKS) {
    return `A maximum of ${MOST_MARKS} blocks with cache_control may be provided. Found ${count}.`
  }
  const empty = marks.find(({ isEmpty }) => isEmpty)
  if (empty) return `${empty.path}.text: cache_control cannot be set for empty text blocks`
  const short = marks.findIndex(({ ttl }) => ttl === '5m')
  const late = short === -1 ? undefined : marks.slice(short).find(({ ttl }) => ttl === '1h')
  return late === undefined
    ? null
    : `${late.path}.cache_control.ttl: a ttl='1h' cache_control block must not come after a ttl='5m' cache_control block. Note that blocks are processed in the following order: \`tools\`, \`system\`, \`messages\`.`
}
