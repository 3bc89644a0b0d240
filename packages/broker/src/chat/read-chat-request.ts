import { type Needs, needsOf } from '@switchyard/catalog/needs'
import type { ResponseTerms } from '@switchyard/contract/job'
import { readJson } from '@switchyard/contract/json/read-json'
import { chatRequest } from '@switchyard/contract/openai-chat/request'
import type { SwitchyardOptions } from '@switchyard/contract/switchyard-options'
import type { CacheIntake } from '../prompt-cache/plan-prompt-cache.ts'
import { readCacheIntake } from '../prompt-cache/read-cache-intake.ts'
import { answerDigest } from './answer-digest.ts'
import { refuseParameters } from './refused-parameters.ts'
import { requestProblem } from './request-problem.ts'

/** All that ingress has to know of a request; plain data, so that it can come from another thread. The prompt stays in the bytes. */
export interface ChatIntake {
  model: string
  stream: boolean
  includeUsage: boolean
  /** `service_tier: flex` */
  flex: boolean
  metadata: Record<string, string>
  options: SwitchyardOptions
  needs: Needs
  /** Of requests to `/v1/responses`. */
  response?: ResponseTerms
  /** Of requests with `cache: exact`: what makes another one the same. */
  digest?: string
  /** Of requests that say something of the prompt cache. */
  promptCache?: CacheIntake
}

/** Checks a body from its bytes on. Throws the `BrokerError` that its sender is to see. */
export function readChatRequest(bytes: Buffer): ChatIntake {
  const body = readJson(bytes)
  const parsed = chatRequest.safeParse(body)
  if (!parsed.success) throw requestProblem(parsed.error, body)
  const request = parsed.data
  refuseParameters(request)
  const options = request.switchyard ?? {}
  const needs = needsOf(request)
  return {
    model: request.model,
    stream: request.stream === true,
    includeUsage: request.stream_options?.include_usage === true,
    flex: request.service_tier === 'flex',
    metadata: request.metadata ?? {},
    options,
    needs,
    ...readCacheIntake(request, options, needs),
    ...(options.cache === 'exact' ? { digest: answerDigest('/v1/chat/completions', request, options) } : {}),
  }
}
