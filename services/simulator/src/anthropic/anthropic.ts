/**
 * Anthropic's API under `/anthropic/v1`: messages, models.
 * https://platform.claude.com/docs/en/api/messages and /models-list
 */
import type { Dialect } from '../dialect.ts'
import { firstProblem } from '../problem/first-problem.ts'
import { Refusal } from '../refusal.ts'
import { claudeCache } from './cached-prompt.ts'
import { checkMessages } from './check-messages.ts'
import { API_VERSIONS, checkVersion } from './check-version.ts'
import { encodeMessage, scriptMessage } from './encode-message.ts'
import { messagesRequest } from './messages-request.ts'
import { claudeContextWindow, isClaudeModel } from './model-traits.ts'
import { anthropicModels } from './models.ts'
import { anthropicRateLimitHeaders } from './rate-limit-headers.ts'
import { readAnthropicPrompt } from './read-anthropic-prompt.ts'
import { anthropicProblem, anthropicRefusal, anthropicTrouble } from './refuse-anthropic.ts'

const PREFIX = '/anthropic/v1/'

export const anthropic: Dialect = {
  name: 'anthropic',
  prefix: PREFIX,
  takesCalls: (path) => path === `${PREFIX}messages`,
  resource: (path) => anthropicModels(path.slice(PREFIX.length)),
  authenticate({ request, callId }) {
    // The SDKs of 1.x send the key as a bearer token, everything older as `x-api-key`; the API takes both.
    const header = request.headers['x-api-key']
    const bearer = /^Bearer\s+(\S+)$/.exec(request.headers.authorization ?? '')?.[1]
    const key = typeof header === 'string' && header !== '' ? header : bearer
    if (key === undefined) throw anthropicRefusal(401, 'x-api-key header is required', callId)
    if (key === 'invalid') {
      throw anthropicRefusal(401, header === key ? 'invalid x-api-key' : 'Invalid bearer token', callId)
    }
    const version = request.headers['anthropic-version']
    if (version === undefined) throw anthropicRefusal(400, 'anthropic-version: header is required', callId)
    if (typeof version !== 'string' || !API_VERSIONS.includes(version)) {
      throw anthropicRefusal(400, `anthropic-version: "${version}" is not a valid version`, callId)
    }
    return key
  },
  read(body, { request: { headers }, callId, settings }) {
    const parsedBody = parseJson(body, callId)
    try {
      const parsed = messagesRequest.safeParse(parsedBody)
      if (!parsed.success) throw anthropicProblem(firstProblem(parsed.error, parsedBody), callId)
      const request = parsed.data
      const { model } = request
      if (!isClaudeModel(model)) throw anthropicRefusal(404, `model: ${model}`, callId)
      const version = String(headers['anthropic-version'])
      const complaint = checkVersion(request, version) ?? checkMessages(request, settings(model).refuses)
      if (complaint !== null) throw anthropicRefusal(400, complaint, callId)
      const prompt = readAnthropicPrompt(request, callId)
      const stream = request.stream === true
      const shape = { model, thinkingHidden: prompt.reasoning === 'hidden' }
      return {
        model,
        stream,
        prompt,
        contextWindow: claudeContextWindow(model),
        cache: claudeCache(request),
        copies: 1,
        generates: true,
        contentType: stream ? 'text/event-stream; charset=utf-8' : 'application/json',
        whole: (answer, id) => encodeMessage(shape, answer, id),
        script: (answer, id) => scriptMessage(shape, answer, id),
      }
    } catch (error) {
      const model = typeof parsedBody === 'object' && parsedBody !== null ? Reflect.get(parsedBody, 'model') : null
      if (error instanceof Refusal && typeof model === 'string') error.model = model
      throw error
    }
  },
  refuse: anthropicTrouble,
  headers: (admission, callId) => [
    'request-id',
    callId,
    'anthropic-organization-id',
    'org-simulator',
    ...anthropicRateLimitHeaders(admission),
  ],
}

function parseJson(body: Buffer, callId: string): unknown {
  try {
    return JSON.parse(body.toString())
  } catch {
    throw anthropicRefusal(400, 'The request body is not valid JSON', callId)
  }
}
