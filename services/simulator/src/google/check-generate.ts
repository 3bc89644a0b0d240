import type { Refusal } from '../refusal.ts'
import type { Content, GenerateRequest } from './generate-request.ts'
import { needsThoughtSignatures } from './model-traits.ts'
import { googleRefusal } from './refuse-google.ts'

/** What the API checks once the shape is right. Null: all is well. */
export function checkGenerate(request: GenerateRequest, model: string, refuses: string[] | null): Refusal | null {
  const { contents = [], generationConfig = {}, tools = [] } = request
  if (contents.length === 0) return invalid('* GenerateContentRequest.contents: contents is not specified\n')
  const refused = refuses?.find((name) => Reflect.get(generationConfig, name) !== undefined)
  if (refused !== undefined) return invalid(`${refused} is not supported for this model.`)
  return checkContents(contents, model) ?? checkConfig(generationConfig) ?? checkTools(request, tools)
}

function checkContents(contents: Content[], model: string): Refusal | null {
  for (const [i, { role, parts = [] }] of contents.entries()) {
    if (role !== undefined && role !== 'user' && role !== 'model' && role !== 'function') {
      return invalid('Please use a valid role: user, model.')
    }
    if (parts.length === 0)
      return invalid(`* GenerateContentRequest.contents[${i}].parts: contents.parts must not be empty.\n`)
    const bare = parts.findIndex((part) =>
      Object.keys(part).every((key) => key === 'thought' || key === 'thoughtSignature'),
    )
    if (bare >= 0) {
      return invalid(
        `* GenerateContentRequest.contents[${i}].parts[${bare}].data: required oneof field 'data' must have one initialized field\n`,
      )
    }
  }
  return checkCalls(contents) ?? (needsThoughtSignatures(model) ? checkSignatures(contents) : null)
}

/** Every turn of function calls must be followed by one with as many responses. */
function checkCalls(contents: Content[]): Refusal | null {
  for (const [i, { parts = [] }] of contents.entries()) {
    const calls = parts.filter((part) => part.functionCall !== undefined).length
    const responses = (contents[i + 1]?.parts ?? []).filter((part) => part.functionResponse !== undefined).length
    const asked = (contents[i - 1]?.parts ?? []).some((part) => part.functionCall !== undefined)
    if (!asked && parts.some((part) => part.functionResponse !== undefined)) {
      return invalid('Please ensure that function response turn comes immediately after a function call turn.')
    }
    if (calls > 0 && i + 1 < contents.length && responses !== calls) {
      return invalid(
        'Please ensure that the number of function response parts is equal to the number of function call parts of the function call turn.',
      )
    }
  }
  return null
}

/** Only the first of parallel calls carries a signature. */
function checkSignatures(contents: Content[]): Refusal | null {
  const at = contents.findIndex(({ parts = [] }) => {
    const first = parts.find((part) => part.functionCall !== undefined)
    return first !== undefined && first.thoughtSignature === undefined
  })
  if (at < 0) return null
  const name = contents[at]!.parts?.find((part) => part.functionCall !== undefined)?.functionCall?.name
  return invalid(
    `Function call is missing a thought_signature in functionCall parts. This is required for tools to work correctly, and missing thought_signature may lead to degraded model performance. Additional data, function call \`default_api:${name}\` , position ${at + 1}. Please refer to https://ai.google.dev/gemini-api/docs/thought-signatures for more details.`,
  )
}

function checkConfig(config: NonNullable<GenerateRequest['generationConfig']>): Refusal | null {
  const ranges: [keyof typeof config, number, number][] = [
    ['temperature', 0, 2],
    ['topP', 0, 1],
    ['maxOutputTokens', 1, 1_000_000],
    ['candidateCount', 1, 8],
  ]
  for (const [name, least, most] of ranges) {
    const value = config[name]
    if (typeof value !== 'number' || (value >= least && value <= most)) continue
    const field = name.replace(/[A-Z]/g, (capital) => `_${capital.toLowerCase()}`)
    return invalid(
      `* GenerateContentRequest.generation_config.${field}: ${field} must be in the range [${least}, ${most}].\n`,
    )
  }
  const hasSchema = config.responseSchema !== undefined || config.responseJsonSchema !== undefined
  if (config.responseSchema !== undefined && config.responseJsonSchema !== undefined) {
    return invalid('Only one of response_schema and response_json_schema may be set.')
  }
  const type = config.responseMimeType ?? 'text/plain'
  if (!['text/plain', 'application/json', 'text/x.enum'].includes(type)) {
    return invalid(
      `* GenerateContentRequest.generation_config.response_mime_type: allowed mimetypes are \`text/plain\`, \`application/json\`, \`application/xml\`, \`application/yaml\` and \`text/x.enum\`.\n`,
    )
  }
  return hasSchema && type === 'text/plain'
    ? invalid(
        "Function calling with a response mime type: 'text/plain' is unsupported: response_schema needs `application/json`.",
      )
    : null
}

function checkTools(request: GenerateRequest, tools: NonNullable<GenerateRequest['tools']>): Refusal | null {
  const declared = tools.flatMap((tool) => tool.functionDeclarations ?? [])
  const bad = declared.find(({ name }) => !/^[a-zA-Z_][a-zA-Z0-9_.:-]{0,127}$/.test(name))
  if (bad !== undefined) {
    return invalid(
      '* GenerateContentRequest.tools[0].function_declarations[0].name: Invalid function name. Must start with a letter or an underscore. Must be alphanumeric (a-z, A-Z, 0-9), underscores (_), dots (.), colons (:), or dashes (-), with a maximum length of 128.\n',
    )
  }
  const calling = request.toolConfig?.functionCallingConfig
  if (calling?.allowedFunctionNames !== undefined && calling.mode !== 'ANY' && calling.mode !== 'VALIDATED') {
    return invalid('Please set allowed_function_names only when function calling mode is ANY.')
  }
  if (calling?.mode === 'ANY' && declared.length === 0) {
    return invalid('Function calling config is set without function_declarations.')
  }
  const unknown = calling?.allowedFunctionNames?.find((name) => !declared.some((tool) => tool.name === name))
  return unknown === undefined ? null : invalid(`allowed_function_names contains ${unknown}, which is not declared.`)
}

function invalid(message: string): Refusal {
  return googleRefusal(400, message)
}
