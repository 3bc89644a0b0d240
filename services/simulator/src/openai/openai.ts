/**
 * OpenAI's API under `/openai/v1`: chat completions, responses, embeddings, models.
 * https://platform.openai.com/docs/api-reference/chat and /responses and /embeddings and /models
 */
import type { Dialect, Opening, Turn } from '../dialect.ts'
import { firstProblem } from '../problem/first-problem.ts'
import { Refusal } from '../refusal.ts'
import { chatCache, responsesCache } from './cached-prompt.ts'
import { chatRequest } from './chat-request.ts'
import { checkChat, unknownModel } from './check-chat.ts'
import { checkResponses } from './check-responses.ts'
import { embeddingInputs, embeddingsRequest, encodeEmbeddings } from './embeddings.ts'
import { encodeCompletion, scriptCompletion } from './encode-chat.ts'
import { encodeResponse, scriptResponse } from './encode-response.ts'
import { contextWindow, isOpenaiModel } from './model-traits.ts'
import { openaiModels } from './models.ts'
import { rateLimitHeaders } from './rate-limit-headers.ts'
import { readOpenaiPrompt } from './read-openai-prompt.ts'
import { readResponsesPrompt } from './read-responses-prompt.ts'
import { openaiProblem, openaiRefusal, openaiTrouble } from './refuse-openai.ts'
import { responsesRequest } from './responses-request.ts'

const PREFIX = '/openai/v1/'
const KEYS_PAGE = 'https://platform.openai.com/account/api-keys'

const ENDPOINTS = new Set(['chat/completions', 'responses', 'embeddings'].map((path) => PREFIX + path))

export const openai: Dialect = {
  name: 'openai',
  prefix: PREFIX,
  takesCalls: (path) => ENDPOINTS.has(path),
  resource: (path) => openaiModels(path.slice(PREFIX.length)),
  authenticate({ request, callId }) {
    const key = /^Bearer\s+(\S+)$/.exec(request.headers.authorization ?? '')?.[1]
    if (key === undefined) {
      const message = `You didn't provide an API key. You need to provide your API key in an Authorization header using Bearer auth (i.e. Authorization: Bearer YOUR_KEY). You can obtain an API key from ${KEYS_PAGE}.`
      throw openaiRefusal(401, { message }, callId, ['www-authenticate', 'Bearer realm="OpenAI API"'])
    }
    if (key === 'invalid') {
      const message = `Incorrect API key provided: invalid. You can find your API key at ${KEYS_PAGE}.`
      throw openaiRefusal(401, { message, code: 'invalid_api_key' }, callId)
    }
    return key
  },
  read(body, opening) {
    const parsed = parseBody(body, opening)
    try {
      if (opening.path.endsWith('/embeddings')) return readEmbeddings(parsed, opening)
      return opening.path.endsWith('/responses') ? readResponses(parsed, opening) : readChat(parsed, opening)
    } catch (error) {
      const model = typeof parsed === 'object' && parsed !== null ? Reflect.get(parsed, 'model') : null
      if (error instanceof Refusal && typeof model === 'string') error.model = model
      throw error
    }
  },
  refuse: openaiTrouble,
  headers: (admission, callId, processingMs) => [
    'x-request-id',
    callId,
    'openai-organization',
    'org-simulator',
    'openai-processing-ms',
    String(processingMs),
    'openai-version',
    '2020-10-01',
    ...rateLimitHeaders(admission),
  ],
}

function parseBody(body: Buffer, { request, callId }: Opening): unknown {
  const type = request.headers['content-type'] ?? ''
  if (!/^application\/json\b/i.test(type)) {
    const message = `Unsupported content type: '${type}'. This API method only accepts 'application/json' requests, but you specified the header 'Content-Type: ${type}'. Please try again with a supported content type.`
    throw openaiRefusal(400, { message, code: 'unsupported_content_type' }, callId)
  }
  try {
    return JSON.parse(body.toString())
  } catch {
    const message =
      'We could not parse the JSON body of your request. The OpenAI API expects a JSON payload, but what was sent was not valid JSON.'
    throw openaiRefusal(400, { message }, callId)
  }
}

function readChat(body: unknown, { callId, settings }: Opening): Turn {
  const parsed = chatRequest.safeParse(body)
  if (!parsed.success) throw openaiProblem(firstProblem(parsed.error, body), callId)
  const request = parsed.data
  const refusal = checkChat(request, settings(request.model).refuses, callId)
  if (refusal !== null) throw refusal
  const stream = request.stream === true
  return {
    model: request.model,
    stream,
    prompt: readOpenaiPrompt(request, callId),
    contextWindow: contextWindow(request.model),
    cache: chatCache(request),
    copies: request.n ?? 1,
    generates: true,
    contentType: stream ? 'text/event-stream; charset=utf-8' : 'application/json',
    whole: (answer, id) => encodeCompletion(request, answer, id),
    script: (answer, id) => scriptCompletion(request, answer, id),
  }
}

function readResponses(body: unknown, { callId, settings }: Opening): Turn {
  const parsed = responsesRequest.safeParse(body)
  if (!parsed.success) throw openaiProblem(firstProblem(parsed.error, body), callId)
  const request = parsed.data
  const refusal = checkResponses(request, settings(request.model).refuses, callId)
  if (refusal !== null) throw refusal
  const stream = request.stream === true
  return {
    model: request.model,
    stream,
    prompt: readResponsesPrompt(request, callId),
    contextWindow: contextWindow(request.model),
    cache: responsesCache(request),
    copies: 1,
    generates: true,
    contentType: stream ? 'text/event-stream; charset=utf-8' : 'application/json',
    whole: (answer, id) => encodeResponse(request, answer, id),
    script: (answer, id) => scriptResponse(request, answer, id),
  }
}

function readEmbeddings(body: unknown, { callId }: Opening): Turn {
  const parsed = embeddingsRequest.safeParse(body)
  if (!parsed.success) throw openaiProblem(firstProblem(parsed.error, body), callId)
  const request = parsed.data
  if (!isOpenaiModel(request.model) || !request.model.startsWith('text-embedding-'))
    throw unknownModel(request.model, callId)
  const messages = embeddingInputs(request).map((text) => ({
    role: 'user' as const,
    text,
    images: [],
    toolCalls: [],
    toolResults: [],
  }))
  return {
    model: request.model,
    stream: false,
    prompt: {
      messages,
      tools: [],
      toolChoice: 'none',
      parallelTools: false,
      format: { kind: 'text' },
      overheadCharacters: 0,
      maxTokens: null,
      stop: [],
      reasoning: 'none',
    },
    contextWindow: contextWindow(request.model) * messages.length,
    cache: null,
    copies: 1,
    generates: false,
    contentType: 'application/json',
    whole: (answer) => encodeEmbeddings(request, answer),
    script: () => {
      throw new Error('embeddings are not streamed')
    },
  }
}
