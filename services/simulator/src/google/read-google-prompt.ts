import type { Prompt, PromptImage, PromptMessage } from '../answer/prompt.ts'
import { readBase64Image, readImageUrl } from '../answer/read-image-url.ts'
import type { Content, ContentPart, GenerateRequest } from './generate-request.ts'
import { googleRefusal } from './refuse-google.ts'

/** A generateContent request in the simulator's words. Throws for inline data that is no base64. */
export function readGooglePrompt(request: GenerateRequest): Prompt {
  const { generationConfig: config = {}, systemInstruction } = request
  const declared = (request.tools ?? []).flatMap((tool) => tool.functionDeclarations ?? [])
  const calling = request.toolConfig?.functionCallingConfig
  const allowed = calling?.allowedFunctionNames
  const offered = allowed === undefined ? declared : declared.filter((tool) => allowed.includes(tool.name))
  const schema = config.responseSchema ?? config.responseJsonSchema
  const messages = (request.contents ?? []).map(readContent)
  const system = systemInstruction === undefined ? '' : textOf(systemInstruction)
  if (system !== '') messages.unshift({ ...empty('system'), text: system })
  const thinking = config.thinkingConfig
  const thinks = thinking !== undefined && thinking.thinkingBudget !== 0
  return {
    messages,
    tools: offered.map(({ name, description = '', parameters, parametersJsonSchema }) => ({
      name,
      description,
      parameters: parameters ?? parametersJsonSchema ?? {},
    })),
    toolChoice: calling?.mode === 'ANY' ? 'required' : calling?.mode === 'NONE' ? 'none' : 'auto',
    parallelTools: true,
    format:
      schema !== undefined
        ? { kind: 'schema', schema }
        : { kind: config.responseMimeType === 'application/json' ? 'json' : 'text' },
    overheadCharacters:
      (declared.length === 0 ? 0 : JSON.stringify(declared).length) +
      (schema === undefined ? 0 : JSON.stringify(schema).length),
    maxTokens: config.maxOutputTokens ?? null,
    stop: config.stopSequences ?? [],
    reasoning: thinks ? (thinking.includeThoughts === true ? 'shown' : 'hidden') : 'none',
  }
}

function readContent(content: Content): PromptMessage {
  const parts = content.parts ?? []
  return {
    ...empty(content.role === 'model' ? 'assistant' : 'user'),
    text: textOf(content),
    images: parts.flatMap(readImage),
    toolCalls: parts.flatMap(({ functionCall: call }) =>
      call === undefined
        ? []
        : [{ id: call.id ?? '', name: call.name, argumentsJson: JSON.stringify(call.args ?? {}) }],
    ),
    toolResults: parts.flatMap(({ functionResponse: result }) =>
      result === undefined ? [] : [{ name: result.name, text: resultText(result.response) }],
    ),
  }
}

/** SDKs wrap plain text as `{ output }`, `{ result }` or `{ content }`; that is unwrapped again. */
function resultText(response: Record<string, unknown>): string {
  const plain = response.output ?? response.result ?? response.content
  return typeof plain === 'string' ? plain : JSON.stringify(response)
}

function textOf(content: Content): string {
  const texts = (content.parts ?? []).filter((part) => part.thought !== true).map((part) => part.text ?? '')
  return texts.filter((text) => text !== '').join('\n')
}

function readImage({ inlineData, fileData }: ContentPart): PromptImage[] {
  if (fileData !== undefined) {
    const image = readImageUrl(fileData.fileUri)
    if (image?.kind === 'link') return [{ ...image, mediaType: fileData.mimeType ?? image.mediaType }]
    throw googleRefusal(400, `Invalid or unsupported file uri: ${fileData.fileUri.slice(0, 200)}`)
  }
  if (inlineData === undefined) return []
  const image = readBase64Image(inlineData.mimeType, inlineData.data)
  if (image !== null) return [image]
  throw googleRefusal(400, 'Provided image is not valid.')
}

function empty(role: PromptMessage['role']): PromptMessage {
  return { role, text: '', images: [], toolCalls: [], toolResults: [] }
}
