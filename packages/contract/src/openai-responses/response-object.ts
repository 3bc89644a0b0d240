import type { IncompleteReason, JobSpec } from '../job.ts'
import type { Usage } from '../usage.ts'
import type { ResponsesRequest } from './request.ts'
import { responseIdOf } from './response-id.ts'

/** The shapes of an answer (https://platform.openai.com/docs/api-reference/responses/object) that we write ourselves. */
export interface OutputTextPart {
  type: 'output_text'
  text: string
  annotations: unknown[]
  logprobs: unknown[]
}

export interface RefusalPart {
  type: 'refusal'
  refusal: string
}

export type ItemStatus = 'in_progress' | 'completed' | 'incomplete'

export interface MessageItem {
  id: string
  type: 'message'
  status: ItemStatus
  role: 'assistant'
  content: (OutputTextPart | RefusalPart)[]
}

export interface ReasoningItem {
  id: string
  type: 'reasoning'
  status: ItemStatus
  summary: { type: 'summary_text'; text: string }[]
}

export interface FunctionCallItem {
  id: string
  type: 'function_call'
  status: ItemStatus
  call_id: string
  name: string
  arguments: string
}

export interface ImageItem {
  id: string
  type: 'image_generation_call'
  status: ItemStatus
  result: string | null
}

export type OutputItem = MessageItem | ReasoningItem | FunctionCallItem | ImageItem

export interface ResponseUsage {
  input_tokens: number
  input_tokens_details: { cached_tokens: number; cache_write_tokens: number }
  output_tokens: number
  output_tokens_details: { reasoning_tokens: number }
  total_tokens: number
}

export type ResponseStatus = 'queued' | 'in_progress' | 'completed' | 'incomplete' | 'failed' | 'cancelled'

/** A provider of the same dialect may say more; what it says is kept. */
export interface ResponseObject {
  id: string
  object: 'response'
  created_at: number
  status: ResponseStatus
  background: boolean
  completed_at: number | null
  error: { code: string; message: string } | null
  incomplete_details: { reason: IncompleteReason } | null
  model: string
  output: unknown[]
  previous_response_id: string | null
  store: boolean
  metadata: Record<string, string>
  usage: ResponseUsage | null
  [more: string]: unknown
}

/** What is ours to say of a response, whoever generates it. */
export interface ResponseHead {
  id: string
  createdAt: number
  model: string
  background: boolean
  store: boolean
  previousResponseId: string | null
  metadata: Record<string, string>
}

export function responseHead(spec: JobSpec): ResponseHead {
  return {
    id: responseIdOf(spec.id),
    createdAt: Math.floor(spec.createdAtMs / 1000),
    model: spec.model,
    background: spec.response?.background ?? false,
    store: spec.response?.store ?? false,
    previousResponseId: spec.response?.previousResponseId ?? null,
    metadata: spec.metadata,
  }
}

/** A response before its first output, with the parameters as the request gave them; `request` null where it is not known. */
export function newResponse(
  head: ResponseHead,
  request: Partial<ResponsesRequest> | null,
  status: ResponseStatus,
): ResponseObject {
  return {
    id: head.id,
    object: 'response',
    created_at: head.createdAt,
    status,
    background: head.background,
    completed_at: null,
    error: null,
    incomplete_details: null,
    instructions: request?.instructions ?? null,
    max_output_tokens: request?.max_output_tokens ?? null,
    max_tool_calls: request?.max_tool_calls ?? null,
    model: head.model,
    output: [],
    parallel_tool_calls: request?.parallel_tool_calls ?? true,
    previous_response_id: head.previousResponseId,
    reasoning: { effort: request?.reasoning?.effort ?? null, summary: request?.reasoning?.summary ?? null },
    service_tier: request?.service_tier ?? 'default',
    store: head.store,
    temperature: request?.temperature ?? null,
    text: { format: request?.text?.format ?? { type: 'text' }, verbosity: request?.text?.verbosity ?? 'medium' },
    tool_choice: request?.tool_choice ?? 'auto',
    tools: request?.tools ?? [],
    top_logprobs: request?.top_logprobs ?? 0,
    top_p: request?.top_p ?? null,
    truncation: request?.truncation ?? 'disabled',
    usage: null,
    user: request?.user ?? null,
    metadata: head.metadata,
  }
}

/** A response that a provider of the same dialect made, as ours: its id, and what the provider was not told. */
export function ownResponse(head: ResponseHead, theirs: Record<string, unknown>): ResponseObject {
  return {
    ...theirs,
    id: head.id,
    object: 'response',
    created_at: head.createdAt,
    background: head.background,
    store: head.store,
    previous_response_id: head.previousResponseId,
    metadata: head.metadata,
  } as ResponseObject
}

export function responseUsage(usage: Usage): ResponseUsage {
  return {
    input_tokens: usage.inputTokens,
    input_tokens_details: { cached_tokens: usage.cachedInputTokens, cache_write_tokens: usage.cacheWriteTokens },
    output_tokens: usage.outputTokens,
    output_tokens_details: { reasoning_tokens: usage.reasoningTokens },
    total_tokens: usage.inputTokens + usage.outputTokens,
  }
}
