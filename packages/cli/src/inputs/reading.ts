/** A piece of a document, as a chat message takes it (https://platform.openai.com/docs/api-reference/chat/create). */
export type Part = { type: 'text'; text: string } | { type: 'image_url'; image_url: { url: string } }

/** What an input turned out to hold: one or more of these, and never nothing. */
export type Reading =
  | { kind: 'document'; name: string; parts: Part[] }
  /** A line of a JSONL file that is a request already. */
  | { kind: 'request'; name: string; request: Record<string, unknown> }
  /** Not meant for a model: binary, empty, a link. */
  | { kind: 'skipped'; name: string; why: string }
  /** Meant, but it can't be sent: counts as failed. */
  | { kind: 'rejected'; name: string; why: string }

export function text(value: string): Part {
  return { type: 'text', text: value }
}

export function image(bytes: Uint8Array, mediaType: string): Part {
  return { type: 'image_url', image_url: { url: `data:${mediaType};base64,${Buffer.from(bytes).toString('base64')}` } }
}
