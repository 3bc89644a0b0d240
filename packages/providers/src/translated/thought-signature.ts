import type { SharedV4ProviderMetadata } from '@ai-sdk/provider'

/**
 * Gemini signs its tool calls and wants the signature back with the result. `extra_content` is where Google's own OpenAI
 * endpoint puts it (https://ai.google.dev/gemini-api/docs/thought-signatures), so clients that keep messages whole return it.
 */
export function thoughtSignature(metadata: SharedV4ProviderMetadata | undefined): {
  extra_content?: { google: { thought_signature: string } }
} {
  const signature = metadata?.google?.thoughtSignature
  return typeof signature === 'string' ? { extra_content: { google: { thought_signature: signature } } } : {}
}
