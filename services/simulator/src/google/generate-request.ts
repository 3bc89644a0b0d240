import { z } from 'zod'

/**
 * The body of `models/{model}:generateContent` as https://ai.google.dev/api/generate-content has it. The API reads JSON into
 * protocol buffers, so a name that it does not know is an error.
 */
const part = z.strictObject({
  text: z.string().optional(),
  thought: z.boolean().optional(),
  thoughtSignature: z.string().optional(),
  inlineData: z.strictObject({ mimeType: z.string(), data: z.string(), displayName: z.string().optional() }).optional(),
  fileData: z
    .strictObject({ mimeType: z.string().optional(), fileUri: z.string(), displayName: z.string().optional() })
    .optional(),
  functionCall: z
    .strictObject({ id: z.string().optional(), name: z.string(), args: z.record(z.string(), z.unknown()).optional() })
    .optional(),
  functionResponse: z
    .strictObject({
      id: z.string().optional(),
      name: z.string(),
      response: z.record(z.string(), z.unknown()),
      parts: z.array(z.unknown()).optional(),
      willContinue: z.boolean().optional(),
      scheduling: z.string().optional(),
    })
    .optional(),
  executableCode: z.unknown().optional(),
  codeExecutionResult: z.unknown().optional(),
  videoMetadata: z.unknown().optional(),
  mediaResolution: z.unknown().optional(),
  partMetadata: z.unknown().optional(),
})
export type ContentPart = z.infer<typeof part>

const content = z.strictObject({ role: z.string().optional(), parts: z.array(part).optional() })
export type Content = z.infer<typeof content>

const openSchema = z.record(z.string(), z.unknown())
const tool = z.strictObject({
  functionDeclarations: z
    .array(
      z.strictObject({
        name: z.string(),
        description: z.string().optional(),
        parameters: openSchema.optional(),
        parametersJsonSchema: openSchema.optional(),
        response: openSchema.optional(),
        responseJsonSchema: openSchema.optional(),
        behavior: z.string().optional(),
      }),
    )
    .optional(),
  googleSearch: z.unknown().optional(),
  googleSearchRetrieval: z.unknown().optional(),
  codeExecution: z.unknown().optional(),
  urlContext: z.unknown().optional(),
  googleMaps: z.unknown().optional(),
  computerUse: z.unknown().optional(),
  fileSearch: z.unknown().optional(),
})

const generationConfig = z.strictObject({
  stopSequences: z.array(z.string()).max(5).optional(),
  responseMimeType: z.string().optional(),
  responseSchema: openSchema.optional(),
  responseJsonSchema: openSchema.optional(),
  responseModalities: z.array(z.string()).optional(),
  candidateCount: z.int().optional(),
  maxOutputTokens: z.int().optional(),
  temperature: z.number().optional(),
  topP: z.number().optional(),
  topK: z.number().optional(),
  seed: z.int().optional(),
  presencePenalty: z.number().optional(),
  frequencyPenalty: z.number().optional(),
  responseLogprobs: z.boolean().optional(),
  logprobs: z.int().optional(),
  enableEnhancedCivicAnswers: z.boolean().optional(),
  audioTimestamp: z.boolean().optional(),
  speechConfig: z.unknown().optional(),
  imageConfig: z.unknown().optional(),
  mediaResolution: z.string().optional(),
  thinkingConfig: z
    .strictObject({
      includeThoughts: z.boolean().optional(),
      thinkingBudget: z.int().optional(),
      thinkingLevel: z.string().optional(),
    })
    .optional(),
})

export const generateRequest = z.strictObject({
  model: z.string().optional(),
  contents: z.array(content).optional(),
  systemInstruction: content.optional(),
  generationConfig: generationConfig.optional(),
  safetySettings: z.array(z.unknown()).optional(),
  tools: z.array(tool).optional(),
  toolConfig: z
    .strictObject({
      functionCallingConfig: z
        .strictObject({
          mode: z.enum(['MODE_UNSPECIFIED', 'AUTO', 'ANY', 'NONE', 'VALIDATED']).optional(),
          allowedFunctionNames: z.array(z.string()).optional(),
        })
        .optional(),
      retrievalConfig: z.unknown().optional(),
      includeServerSideToolInvocations: z.boolean().optional(),
    })
    .optional(),
  cachedContent: z.string().optional(),
  labels: z.record(z.string(), z.string()).optional(),
  serviceTier: z.string().optional(),
  store: z.boolean().optional(),
})
export type GenerateRequest = z.infer<typeof generateRequest>
