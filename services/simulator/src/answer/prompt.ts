/**
 * A request as the answering side sees it, whatever dialect it came in. The dialects fill it; nothing in `answer/` knows
 * their wire formats.
 */
export interface Prompt {
  messages: PromptMessage[]
  tools: PromptTool[]
  toolChoice: 'auto' | 'none' | 'required' | { name: string }
  parallelTools: boolean
  format: { kind: 'text' } | { kind: 'json' } | { kind: 'schema'; schema: JsonSchema }
  /** Characters of tools and schema, which count as input too. */
  overheadCharacters: number
  maxTokens: number | null
  stop: string[]
  /** `shown`: reasoning text and tokens; `hidden`: tokens only; `none`: neither. */
  reasoning: 'none' | 'hidden' | 'shown'
}

export interface PromptMessage {
  role: 'system' | 'user' | 'assistant' | 'tool'
  text: string
  images: PromptImage[]
  toolCalls: PromptToolCall[]
  toolResults: PromptToolResult[]
}

export interface PromptToolCall {
  id: string
  name: string
  argumentsJson: string
}

export interface PromptToolResult {
  /** Which tool answered, where the dialect lets us know. */
  name: string
  text: string
}

/** A data URL has its bytes counted; a link is never followed, so only its host is known. */
export type PromptImage =
  | { kind: 'inline'; mediaType: string; bytes: number }
  | { kind: 'link'; host: string; mediaType: string | null }

export interface PromptTool {
  name: string
  description: string
  parameters: JsonSchema
}

export type JsonSchema = Record<string, unknown>
