import type { ChatMessage, ChatRequest } from '@switchyard/contract/openai-chat/request'
import type { Capability } from './capabilities.ts'
import { tokenTally } from './estimate-tokens.ts'
import { LONG_BREAKPOINT } from './kind-capabilities.ts'

/** What a request asks of a deployment. Computed once, when the job is accepted; it holds nothing of the prompt. */
export interface Needs {
  /** The client speaks the Responses API: which of a provider's APIs passes it through. Absent: chat completions. */
  responses?: true
  tools: boolean
  /** Explicitly: `parallel_tool_calls: true`. */
  parallelTools: boolean
  jsonSchema: boolean
  jsonObject: boolean
  images: boolean
  /** At least one image is given by http URL. */
  imageUrls: boolean
  /** Audio in, or asked for as output. */
  audio: boolean
  files: boolean
  /** A file of the provider's own store, by id. */
  fileIds: boolean
  logprobs: boolean
  /** How many answers: `n`. */
  choices: number
  reasoning: boolean
  /** The last message is the assistant's, to be continued. */
  prefill: boolean
  /** Tokens, estimated (`estimate-tokens.ts`; flat for media). */
  inputTokens: number
  /** Tokens; null: the model's own maximum. */
  maxOutputTokens: number | null
  /** Every optional parameter that asks for something; not those that only state the default. */
  parameters: string[]
  /** Where the messages ask for a capability: `images` → `messages[2].content[1].image_url`. The first place of each. */
  inMessages: Partial<Record<Capability, string>>
  /** The first `prompt_cache_breakpoint` of a content part: `messages[0].content[1].prompt_cache_breakpoint`. */
  firstBreakpoint?: string
}

/** Tokens of an image: what a 1024 px picture costs on average at the providers of the day; `low` where detail is low. */
const IMAGE_TOKENS = { high: 1_100, low: 100 }
const AUDIO_CHARACTERS_PER_TOKEN = 1_000
const FILE_CHARACTERS_PER_TOKEN = 30
const TOKENS_PER_MESSAGE = 4

/** Not parameters of the model: what every provider takes, and what is ours. */
const STRUCTURE = new Set(['model', 'messages', 'stream', 'stream_options', 'switchyard'])

export function needsOf(request: ChatRequest): Needs {
  const parameters = Object.keys(request).filter((key) => asksSomething(request, key))
  const inMessages: Needs['inMessages'] = {}
  const note = (capability: Capability, path: string) => {
    inMessages[capability] ??= path
  }
  const { inputTokens, breakpoints } = readMessages(request, note)
  if (breakpoints !== null) parameters.push('prompt_cache_breakpoint', ...(breakpoints.long ? [LONG_BREAKPOINT] : []))
  const last = request.messages.length - 1
  if (request.messages[last]?.role === 'assistant') note('prefill', `messages[${last}]`)

  const format = request.response_format?.type
  return {
    tools: parameters.includes('tools') || 'tools' in inMessages,
    parallelTools: parameters.includes('parallel_tool_calls') && request.parallel_tool_calls === true,
    jsonSchema: format === 'json_schema',
    jsonObject: format === 'json_object',
    images: 'images' in inMessages,
    imageUrls: 'imageUrls' in inMessages,
    audio: 'audio' in inMessages || parameters.includes('modalities'),
    files: 'files' in inMessages,
    fileIds: 'fileIds' in inMessages,
    logprobs: parameters.includes('logprobs') || parameters.includes('top_logprobs'),
    choices: request.n ?? 1,
    reasoning: parameters.includes('reasoning_effort'),
    prefill: 'prefill' in inMessages,
    inputTokens,
    maxOutputTokens: request.max_completion_tokens ?? request.max_tokens ?? null,
    parameters,
    inMessages,
    ...(breakpoints === null ? {} : { firstBreakpoint: breakpoints.first }),
  }
}

/** A value that only repeats the default asks for nothing. Temperature has no default that all models share. */
function asksSomething(request: ChatRequest, key: string): boolean {
  const value = request[key]
  if (STRUCTURE.has(key) || value === undefined || value === null) return false
  const hasTools = (request.tools?.length ?? 0) > 0
  switch (key) {
    case 'n':
      return value !== 1
    case 'frequency_penalty':
    case 'presence_penalty':
    case 'top_logprobs':
      return value !== 0
    case 'logprobs':
    case 'store':
      return value !== false
    case 'verbosity':
      return value !== 'medium'
    case 'logit_bias':
    case 'metadata':
      return Object.keys(value).length > 0
    case 'tools':
    case 'parallel_tool_calls':
      return hasTools
    case 'tool_choice':
      return value !== 'auto' && (hasTools || value !== 'none')
    case 'response_format':
      return request.response_format?.type !== 'text'
    case 'modalities':
      return request.modalities?.includes('audio') === true
    case 'service_tier':
      // `flex` is our own batch tier.
      return value !== 'auto' && value !== 'default' && value !== 'flex'
    default:
      return true
  }
}

/** Notes what the messages need; gives the estimate of input tokens, tools and schema included, and what they say of the prompt cache. */
function readMessages(
  request: ChatRequest,
  note: (capability: Capability, path: string) => void,
): { inputTokens: number; breakpoints: { first: string; long: boolean } | null } {
  const tally = tokenTally()
  let breakpoints: { first: string; long: boolean } | null = null
  let flat = 0
  for (const [index, message] of request.messages.entries()) {
    flat += TOKENS_PER_MESSAGE
    if (typeof message.content === 'string') {
      tally.add(message.content)
    } else {
      for (const [at, part] of (message.content ?? []).entries()) {
        flat += readPart(part, `messages[${index}].content[${at}]`)
      }
    }
    if (message.role === 'tool') note('tools', `messages[${index}]`)
    if (message.role === 'assistant' && message.tool_calls !== undefined) {
      note('tools', `messages[${index}].tool_calls`)
      for (const call of message.tool_calls) tally.add(call.function.name + call.function.arguments)
    }
  }
  for (const tool of request.tools ?? []) tally.add(JSON.stringify(tool.function))
  if (request.response_format?.type === 'json_schema') tally.add(JSON.stringify(request.response_format.json_schema))
  return { inputTokens: flat + tally.total(), breakpoints }

  function readPart(part: Exclude<NonNullable<ChatMessage['content']>, string>[number], path: string): number {
    const mark = part.type === 'refusal' ? null : part.prompt_cache_breakpoint
    if (mark) {
      breakpoints ??= { first: `${path}.prompt_cache_breakpoint`, long: false }
      if (mark.ttl === '12h') breakpoints.long = true
    }
    switch (part.type) {
      case 'text':
        tally.add(part.text)
        return 0
      case 'refusal':
        tally.add(part.refusal)
        return 0
      case 'image_url':
        note('images', `${path}.image_url`)
        if (!/^data:/i.test(part.image_url.url)) note('imageUrls', `${path}.image_url`)
        return part.image_url.detail === 'low' ? IMAGE_TOKENS.low : IMAGE_TOKENS.high
      case 'input_audio':
        note('audio', `${path}.input_audio`)
        return Math.ceil(part.input_audio.data.length / AUDIO_CHARACTERS_PER_TOKEN)
      case 'file':
        note('files', `${path}.file`)
        if (part.file.file_id !== undefined) note('fileIds', `${path}.file.file_id`)
        return Math.ceil((part.file.file_data?.length ?? 0) / FILE_CHARACTERS_PER_TOKEN)
    }
  }
}
