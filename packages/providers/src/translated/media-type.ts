/** Names by which files in URLs say what they are. */
const BY_EXTENSION: Record<string, string> = {
  png: 'image/png',
  jpg: 'image/jpeg',
  jpeg: 'image/jpeg',
  webp: 'image/webp',
  gif: 'image/gif',
  bmp: 'image/bmp',
  heic: 'image/heic',
  heif: 'image/heif',
  avif: 'image/avif',
  svg: 'image/svg+xml',
  pdf: 'application/pdf',
}

/** The media type that a URL's path names; null where it does not say. */
export function mediaTypeOfPath(path: string): string | null {
  const extension = /\.([a-z0-9]{1,5})$/i.exec(path)?.[1]?.toLowerCase()
  return extension === undefined ? null : (BY_EXTENSION[extension] ?? null)
}

const HEAD =
  /^data:([a-z0-9!#$&^_.+-]{1,100}\/[a-z0-9!#$&^_.+-]{1,100})((?:;[a-z0-9-]{1,50}=[^;,]{0,100}){0,5});base64,/i

/** The type and the base64 of a data URL (RFC 2397); null unless it is base64 with a type. */
export function parseDataUrl(url: string): { mediaType: string; base64: string } | null {
  const head = HEAD.exec(url.slice(0, 1_024))
  if (head === null) return null
  const base64 = url.slice(head[0].length)
  if (base64 === '' || !/^[A-Za-z0-9+/_-]+={0,2}$/.test(base64)) return null
  return { mediaType: (head[1] as string).toLowerCase(), base64 }
}
