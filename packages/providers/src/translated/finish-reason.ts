import type { LanguageModelV4FinishReason } from '@ai-sdk/provider'
import type { FinishReason } from '@switchyard/contract/openai-chat/chunk'

export interface ChatFinish {
  finish_reason: FinishReason
  /** The provider's own word, where OpenAI has none for it. */
  native_finish_reason?: string
}

/** Null: the model did not finish an answer (Gemini's MALFORMED_FUNCTION_CALL), so there is none. */
export function chatFinish({ unified, raw }: LanguageModelV4FinishReason): ChatFinish | null {
  switch (unified) {
    case 'stop':
      return { finish_reason: 'stop' }
    case 'length':
      return { finish_reason: 'length' }
    case 'content-filter':
      return { finish_reason: 'content_filter' }
    case 'tool-calls':
      return { finish_reason: 'tool_calls' }
    case 'other':
      return { finish_reason: 'stop', ...(raw === undefined ? {} : { native_finish_reason: raw }) }
    case 'error':
    case 'interrupted':
      return null
  }
}
