const LONGEST = 255
/** Control characters, and those that turn the direction of text around, with which a name can look like another. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const UNSEEN = /[\u0000-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g

/** A name to be shown; nothing is ever stored under it. Without folders, without what can't be seen, at most 255 characters. */
export function cleanFilename(given: string): string {
  const base = given
    .toWellFormed()
    .replace(UNSEEN, '')
    .replace(/^.*[/\\]/s, '')
    .trim()
  const name = [...base].slice(0, LONGEST).join('')
  return name === '' || name === '.' || name === '..' ? 'file' : name
}

/** `Content-Disposition` (RFC 6266) that makes every browser save and none show; quotes and line breaks cannot get out of it. */
export function attachmentHeader(filename: string): string {
  const plain = filename.replace(/[^\w.-]/g, '_')
  const encoded = encodeURIComponent(filename).replace(
    /['()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  )
  return `attachment; filename="${plain}"; filename*=UTF-8''${encoded}`
}
