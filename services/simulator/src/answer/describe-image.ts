import type { PromptImage } from './prompt.ts'

/** How an answer mentions a picture: media type and size of an inline one, host of a linked one. */
export function describeImage(image: PromptImage, number: number): string {
  return image.kind === 'inline'
    ? `Image ${number}: ${image.mediaType}, ${image.bytes} bytes.`
    : `Image ${number}: ${image.mediaType ?? 'image'} at ${image.host}.`
}
