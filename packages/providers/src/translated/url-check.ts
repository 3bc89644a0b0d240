import type { LanguageModelV4 } from '@ai-sdk/provider'
import type { UrlCheck } from './decode-user-part.ts'

/** Which URLs the model's provider fetches itself, by the SDK's own list (`supportedUrls` of the provider spec). */
export async function urlCheckOf(model: LanguageModelV4): Promise<UrlCheck> {
  const patterns = await model.supportedUrls
  return (url, mediaType) => {
    const address = url.href.toLowerCase()
    const [topLevel, subtype] = mediaType.split('/', 2)
    // A rule for everything says nothing of a file whose type we could not even name.
    const keys = subtype === '*' ? [mediaType] : ['*', '*/*', `${topLevel}/*`, mediaType]
    return keys.some((key) => patterns[key]?.some((pattern) => pattern.test(address)))
  }
}
