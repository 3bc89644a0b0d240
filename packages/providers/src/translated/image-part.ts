import type { LanguageModelV4File } from '@ai-sdk/provider'

/**
 * A picture that the model made, as a data URL. `openai-chat` has no place of its own for it; `images` is where OpenRouter and
 * LiteLLM put it. Null for other files.
 */
export function imagePart(file: LanguageModelV4File): { type: 'image_url'; image_url: { url: string } } | null {
  if (!file.mediaType.startsWith('image/')) return null
  if (file.data.type === 'url') return { type: 'image_url', image_url: { url: file.data.url.href } }
  const { data } = file.data
  const base64 = typeof data === 'string' ? data : Buffer.from(data).toString('base64')
  return { type: 'image_url', image_url: { url: `data:${file.mediaType};base64,${base64}` } }
}
