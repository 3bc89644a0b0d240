import type { PromptImage } from './prompt.ts'

const DATA_URL = /^data:([a-z0-9.+-]+\/[a-z0-9.+-]+);base64,/i
const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/

const BY_EXTENSION: Record<string, string> = {
  png: 'image/png',
  jpg: 'image/jpeg',
  jpeg: 'image/jpeg',
  gif: 'image/gif',
  webp: 'image/webp',
}

/** A picture given as a data URL or a link; null when it is neither. Links are never followed. */
export function readImageUrl(url: string): PromptImage | null {
  const data = DATA_URL.exec(url)
  if (data !== null) return readBase64Image(data[1]!, url.slice(data[0].length))
  if (!URL.canParse(url)) return null
  const { protocol, host, pathname } = new URL(url)
  if (protocol !== 'http:' && protocol !== 'https:') return null
  return { kind: 'link', host, mediaType: BY_EXTENSION[pathname.split('.').at(-1)!.toLowerCase()] ?? null }
}

/** Null when the text is not base64. */
export function readBase64Image(mediaType: string, data: string): PromptImage | null {
  if (data.length === 0 || !BASE64.test(data)) return null
  return { kind: 'inline', mediaType: mediaType.toLowerCase(), bytes: Buffer.byteLength(data, 'base64') }
}
