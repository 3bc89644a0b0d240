import type { JobSpec } from '@switchyard/contract/job'
import { assembleCompletion } from '@switchyard/contract/openai-chat/assemble-completion'
import { assembleResponse } from '@switchyard/contract/openai-responses/assemble-response'

/** The body for a client that did not ask for a stream where the deployment was asked for one, because only a stream can be stopped. */
export function wholeAnswer({ dialect }: JobSpec, lines: string[], terminal: string | null): string {
  if (dialect === 'openai-chat') return assembleCompletion(lines)
  return JSON.stringify(assembleResponse([...lines, terminal ?? ''], null))
}
