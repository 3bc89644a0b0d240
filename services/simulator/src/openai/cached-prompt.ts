import type { CacheRules, PromptBlock } from '../answer/prompt-cache.ts'
import type { Turn } from '../dialect.ts'
import type { Refusal } from '../refusal.ts'
import type { ChatRequest } from './chat-request.ts'
import { takesBreakpoints } from './model-traits.ts'
import { openaiRefusal } from './refuse-openai.ts'
import type { ResponsesRequest } from './responses-request.ts'

const MIN_TOKENS = 1_024
const AUTOMATIC_MS = 600_000
const LIFETIMES = { '30m': 1_800_000, '12h': 43_200_000 } as const

type Marked = { prompt_cache_breakpoint?: { ttl?: keyof typeof LIFETIMES | undefined } | null | undefined }
type Asked = Pick<ResponsesRequest, 'model' | 'prompt_cache_key' | 'prompt_cache_options'>

/** What is kept of a chat request's prompt. */
export function chatCache(request: ChatRequest): Turn['cache'] {
  return {
    rules: rulesOf(request),
    blocks: () => [
      ...toolBlocks(request.tools),
      ...request.messages.flatMap((message) => {
        const endsTurn = message.role === 'user' || message.role === 'tool'
        const calls = message.role === 'assistant' ? (message.tool_calls ?? []) : []
        return [
          ...contentBlocks(message.content ?? '', endsTurn, request),
          ...calls.map(({ function: call }) => plain(call.name + call.arguments)),
        ]
      }),
    ],
  }
}

export function responsesCache(request: ResponsesRequest): Turn['cache'] {
  return {
    rules: rulesOf(request),
    blocks: () => [
      ...toolBlocks(request.tools),
      ...(request.instructions ? [plain(request.instructions)] : []),
      ...(typeof request.input === 'string'
        ? contentBlocks(request.input, true, request)
        : request.input.flatMap((item) => {
            if (item.type === 'reasoning') return []
            if (item.type === 'function_call') return [plain(item.name + item.arguments)]
            if (item.type === 'function_call_output') return contentBlocks(item.output, true, request)
            return contentBlocks(item.content, item.role === 'user', request)
          })),
    ],
  }
}

/** Calls of one `prompt_cache_key` meet at one machine, and what another machine keeps is not found. */
function rulesOf({ model, prompt_cache_key: key, prompt_cache_options: options }: Asked): CacheRules {
  const common = { minTokens: MIN_TOKENS, scope: key ?? '' }
  if (!takesBreakpoints(model)) return { ...common, kind: 'automatic', keepMs: AUTOMATIC_MS }
  const implicitMs = options?.mode === 'explicit' ? null : LIFETIMES[options?.ttl ?? '30m']
  return { ...common, kind: 'breakpoints', implicitMs }
}

function contentBlocks(content: string | object[], endsTurn: boolean, { prompt_cache_options }: Partial<Asked>) {
  if (typeof content === 'string') return [{ ...plain(content), endsTurn }]
  return content.map((part: object, i): PromptBlock => {
    const { prompt_cache_breakpoint: mark, ...rest } = part as Marked & { text?: string; image_url?: unknown }
    return {
      text: rest.text ?? JSON.stringify(rest),
      images: rest.image_url === undefined ? 0 : 1,
      keepMs: mark ? LIFETIMES[mark.ttl ?? prompt_cache_options?.ttl ?? '30m'] : null,
      endsTurn: endsTurn && i === content.length - 1,
    }
  })
}

function toolBlocks(tools: object[] | null | undefined): PromptBlock[] {
  return tools && tools.length > 0 ? [plain(JSON.stringify(tools))] : []
}

function plain(text: string): PromptBlock {
  return { text, images: 0, keepMs: null, endsTurn: false }
}

/** Models before GPT-5.6 don't know breakpoints. */
export function refusedCacheMark(request: ChatRequest | ResponsesRequest, callId: string): Refusal | null {
  if (takesBreakpoints(request.model)) return null
  const param = request.prompt_cache_options != null ? 'prompt_cache_options' : firstMark(request)
  if (param === null) return null
  const message = `Unsupported parameter: '${param}' is not supported with this model.`
  return openaiRefusal(400, { message, param, code: 'unsupported_parameter' }, callId)
}

function firstMark(request: ChatRequest | ResponsesRequest): string | null {
  const field = 'messages' in request ? 'messages' : 'input'
  const list: unknown = 'messages' in request ? request.messages : request.input
  if (!Array.isArray(list)) return null
  for (const [i, item] of (list as Record<string, unknown>[]).entries()) {
    for (const name of ['content', 'output']) {
      const parts = item[name]
      if (!Array.isArray(parts)) continue
      const at = parts.findIndex((part: Marked) => part.prompt_cache_breakpoint != null)
      if (at !== -1) return `${field}[${i}].${name}[${at}].prompt_cache_breakpoint`
    }
  }
  return null
}
