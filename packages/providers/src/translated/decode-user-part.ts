import type { LanguageModelV4FilePart, LanguageModelV4TextPart } from '@ai-sdk/provider'
import { BrokerError } from '@switchyard/contract/broker-error'
import type { ChatMessage } from '@switchyard/contract/openai-chat/request'
import type { ProviderKind } from '../provider-kind.ts'
import { mediaTypeOfPath, parseDataUrl } from './media-type.ts'

type UserContent = Extract<ChatMessage, { role: 'user' }>['content']
type UserPart = Exclude<UserContent, string>[number]

/** Does the provider itself fetch this URL, as this type? */
export type UrlCheck = (url: URL, mediaType: string) => boolean

/** What Anthropic takes as a document; Gemini takes any type that it is told. */
const ANTHROPIC_DOCUMENTS = ['application/pdf', 'text/plain']

/**
 * One part of a user's message. URLs go to the provider as URLs, and only if it fetches them itself: nothing is ever downloaded
 * from here, where the network and the credentials are ours.
 */
export function decodeUserPart(
  part: UserPart,
  path: string,
  kind: ProviderKind,
  acceptsUrl: UrlCheck,
): LanguageModelV4TextPart | LanguageModelV4FilePart {
  switch (part.type) {
    case 'text':
      return { type: 'text', text: part.text }
    case 'image_url':
      return decodeImage(part.image_url.url, `${path}.image_url.url`, acceptsUrl)
    case 'input_audio':
      if (kind !== 'google') throw unsupported(`${path}.input_audio`, 'this deployment takes no audio')
      return {
        type: 'file',
        mediaType: part.input_audio.format === 'mp3' ? 'audio/mp3' : 'audio/wav',
        data: { type: 'data', data: part.input_audio.data },
      }
    case 'file':
      return decodeFile(part.file, `${path}.file`, kind)
    default:
      throw unsupported(`${path}.type`, 'this deployment does not know this kind of part')
  }
}

function decodeImage(url: string, param: string, acceptsUrl: UrlCheck): LanguageModelV4FilePart {
  if (/^data:/i.test(url)) {
    const data = parseDataUrl(url)
    if (data === null || !data.mediaType.startsWith('image/'))
      throw invalid(param, 'must be a base64 data URL of an image')
    return { type: 'file', mediaType: data.mediaType, data: { type: 'data', data: data.base64 } }
  }
  if (!URL.canParse(url)) throw invalid(param, 'must be a URL or a data URL')
  const parsed = new URL(url)
  // Without a type in its name a picture is just a picture, which Anthropic accepts and Gemini does not.
  const mediaType = mediaTypeOfPath(parsed.pathname) ?? 'image/*'
  if (!mediaType.startsWith('image/') || !acceptsUrl(parsed, mediaType)) {
    throw unsupported(param, 'this deployment does not fetch images from this address; send it as a data URL')
  }
  return { type: 'file', mediaType, data: { type: 'url', url: parsed } }
}

function decodeFile(
  file: { file_data?: string; file_id?: string; filename?: string },
  path: string,
  kind: ProviderKind,
): LanguageModelV4FilePart {
  if (file.file_data === undefined)
    throw unsupported(`${path}.file_id`, 'this deployment has no stored files; send file_data')
  const param = `${path}.file_data`
  const data = parseDataUrl(file.file_data)
  if (data === null) throw invalid(param, 'must be a base64 data URL')
  const known = data.mediaType.startsWith('image/') || ANTHROPIC_DOCUMENTS.includes(data.mediaType)
  if (kind === 'anthropic' && !known)
    throw unsupported(param, `this deployment takes no files of type ${data.mediaType}`)
  return {
    type: 'file',
    mediaType: data.mediaType,
    ...(file.filename === undefined ? {} : { filename: file.filename }),
    data: { type: 'data', data: data.base64 },
  }
}

function unsupported(param: string, why: string): BrokerError {
  return new BrokerError('unsupported_parameter', `Unsupported '${param}': ${why}.`, { param })
}

function invalid(param: string, why: string): BrokerError {
  return new BrokerError('invalid_value', `Invalid '${param}': ${why}.`, { param })
}
