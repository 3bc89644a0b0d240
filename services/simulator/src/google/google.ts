/**
 * Google's Gemini API under `/google/v1beta`: generateContent, streamGenerateContent, models.
 * https://ai.google.dev/api/generate-content and /api/models
 */
import type { Dialect, Opening, Turn } from '../dialect.ts'
import { firstProblem } from '../problem/first-problem.ts'
import { Refusal } from '../refusal.ts'
import { geminiCache } from './cached-prompt.ts'
import { checkGenerate } from './check-generate.ts'
import { encodeGenerate, scriptGenerate } from './encode-generate.ts'
import { generateRequest } from './generate-request.ts'
import { GEMINI_CONTEXT_WINDOW, isGeminiModel, needsThoughtSignatures } from './model-traits.ts'
import { googleModels } from './models.ts'
import { readGooglePrompt } from './read-google-prompt.ts'
import { googleProblem, googleRefusal, googleTrouble } from './refuse-google.ts'

const PREFIX = '/google/v1beta/'
const CALL = /^\/google\/v1beta\/models\/([^/:]+):(generateContent|streamGenerateContent)$/

export const google: Dialect = {
  name: 'google',
  prefix: PREFIX,
  takesCalls: (path) => CALL.test(path),
  resource: (path) => googleModels(path.slice(PREFIX.length)),
  authenticate({ request, query }) {
    const header = request.headers['x-goog-api-key']
    const key = typeof header === 'string' && header !== '' ? header : query.get('key')
    if (key === null || key === '') {
      throw googleRefusal(
        403,
        "Method doesn't allow unregistered callers (callers without established identity). Please use API Key or other form of API consumer identity to call this API.",
      )
    }
    if (key === 'invalid') throw invalidKey()
    return key
  },
  read(body, opening) {
    const [, encoded = '', method] = CALL.exec(opening.path) ?? []
    const model = decode(encoded)
    try {
      return readCall(body, opening, model, method === 'streamGenerateContent')
    } catch (error) {
      if (error instanceof Refusal) error.model = model
      throw error
    }
  },
  refuse: googleTrouble,
  headers: (_, callId, processingMs) => ['server-timing', `gfet4t7; dur=${processingMs}`, 'x-request-id', callId],
}

function readCall(body: Buffer, { query, settings }: Opening, model: string, stream: boolean): Turn {
  if (!isGeminiModel(model)) {
    const message = `models/${model} is not found for API version v1beta, or is not supported for generateContent. Call ListModels to see the list of available models and their supported methods.`
    throw googleRefusal(404, message)
  }
  const parsedBody = parseJson(body)
  const parsed = generateRequest.safeParse(parsedBody)
  if (!parsed.success) throw googleProblem(firstProblem(parsed.error, parsedBody))
  const request = parsed.data
  const refusal = checkGenerate(request, model, settings(model).refuses)
  if (refusal !== null) throw refusal
  const prompt = readGooglePrompt(request)
  const sse = query.get('alt') === 'sse'
  const shape = {
    model,
    thoughtsShown: prompt.reasoning === 'shown',
    signatures: needsThoughtSignatures(model),
    sse,
  }
  return {
    model,
    stream,
    prompt,
    contextWindow: GEMINI_CONTEXT_WINDOW,
    cache: geminiCache(model, request),
    copies: request.generationConfig?.candidateCount ?? 1,
    generates: true,
    contentType: stream && sse ? 'text/event-stream' : 'application/json; charset=UTF-8',
    whole: (answer, id) => encodeGenerate(shape, answer, id),
    script: (answer, id) => scriptGenerate(shape, answer, id),
  }
}

/** Google answers a wrong key with 400, and says what it really is in the details. */
function invalidKey(): Refusal {
  const message = 'API key not valid. Please pass a valid API key.'
  return googleRefusal(400, message, [
    {
      '@type': 'type.googleapis.com/google.rpc.ErrorInfo',
      reason: 'API_KEY_INVALID',
      domain: 'googleapis.com',
      metadata: { service: 'generativelanguage.googleapis.com' },
    },
    { '@type': 'type.googleapis.com/google.rpc.LocalizedMessage', locale: 'en-US', message },
  ])
}

function parseJson(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString())
  } catch {
    throw googleRefusal(400, 'Invalid JSON payload received. Unexpected token.')
  }
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
