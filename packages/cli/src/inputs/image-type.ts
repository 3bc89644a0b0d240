/** The media type of an image that models take, by its first bytes; null for everything else. */
export function imageType(bytes: Uint8Array): string | null {
  const begin = Buffer.from(bytes.subarray(0, 12)).toString('latin1')
  if (begin.startsWith('\x89PNG\r\n\x1a\n')) return 'image/png'
  if (begin.startsWith('\xff\xd8\xff')) return 'image/jpeg'
  if (begin.startsWith('GIF87a') || begin.startsWith('GIF89a')) return 'image/gif'
  if (begin.startsWith('RIFF') && begin.endsWith('WEBP')) return 'image/webp'
  return null
}
