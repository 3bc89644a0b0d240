/** The shapes of an answer (https://platform.openai.com/docs/api-reference/chat/object and /streaming) that we write ourselves. */
export interface ChatUsage {
  prompt_tokens: number
  completion_tokens: number
  total_tokens: number
  prompt_tokens_details?: { cached_tokens?: number; cache_write_tokens?: number }
  completion_tokens_details?: { reasoning_tokens?: number }
}

export type FinishReason = 'stop' | 'length' | 'tool_calls' | 'content_filter'

export interface ToolCallDelta {
  index: number
  id?: string
  type?: 'function'
  function?: { name?: string; arguments?: string }
}

export interface ChunkDelta {
  role?: 'assistant'
  content?: string | null
  /** Reasoning text, as OpenAI-compatible servers of reasoning models send it. */
  reasoning_content?: string
  refusal?: string | null
  tool_calls?: ToolCallDelta[]
}

export interface ChatChunk {
  id: string
  object: 'chat.completion.chunk'
  created: number
  model: string
  system_fingerprint?: string
  choices: { index: number; delta: ChunkDelta; finish_reason: FinishReason | null; logprobs?: unknown }[]
  usage?: ChatUsage | null
  /** Ours: an attempt-changed marker, on which readers discard what came before (design.md §6). */
  switchyard?: { attempt: number; discard_before: number }
}

export interface ChatCompletion {
  id: string
  object: 'chat.completion'
  created: number
  model: string
  system_fingerprint?: string
  choices: {
    index: number
    message: {
      role: 'assistant'
      content: string | null
      reasoning_content?: string
      refusal: string | null
      tool_calls?: { id: string; type: 'function'; function: { name: string; arguments: string } }[]
    }
    finish_reason: FinishReason | null
    logprobs?: unknown
  }[]
  usage?: ChatUsage
}
