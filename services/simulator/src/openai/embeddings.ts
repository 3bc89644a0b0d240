import { hash } from 'node:crypto'
import { z } from 'zod'
import type { Answer } from '../answer/answer.ts'

/** `POST /embeddings`: https://platform.openai.com/docs/api-reference/embeddings/create */
export const embeddingsRequest = z.strictObject({
  input: z.union([
    z.string().min(1),
    z.array(z.string().min(1)).min(1).max(2048),
    z.array(z.int()).min(1),
    z.array(z.array(z.int()).min(1)).min(1).max(2048),
  ]),
  model: z.string(),
  dimensions: z.int().min(1).max(3072).optional(),
  encoding_format: z.enum(['float', 'base64']).optional(),
  user: z.string().optional(),
})
export type EmbeddingsRequest = z.infer<typeof embeddingsRequest>

/** Token arrays count as their numbers in words. */
export function embeddingInputs({ input }: EmbeddingsRequest): string[] {
  if (typeof input === 'string') return [input]
  if (input.every((item) => typeof item === 'number')) return [input.join(' ')]
  return input.map((item) => (Array.isArray(item) ? item.join(' ') : String(item)))
}

export function encodeEmbeddings(request: EmbeddingsRequest, { usage }: Answer): string {
  const dimensions = request.dimensions ?? (request.model.includes('large') ? 3072 : 1536)
  const data = embeddingInputs(request).map((text, index) => {
    const vector = embed(text, dimensions)
    const base64 = Buffer.from(vector.buffer).toString('base64')
    return { object: 'embedding', index, embedding: request.encoding_format === 'base64' ? base64 : [...vector] }
  })
  const counts = { prompt_tokens: usage.input, total_tokens: usage.input }
  return JSON.stringify({ object: 'list', data, model: request.model, usage: counts })
}

/** A unit vector that depends on the text alone. */
function embed(text: string, dimensions: number): Float32Array {
  const vector = new Float32Array(dimensions)
  let bytes = Buffer.alloc(0)
  let sum = 0
  for (let i = 0; i < dimensions; i++) {
    if (i % 32 === 0) bytes = Buffer.from(hash('sha256', `${i} ${text}`, 'hex'), 'hex')
    const value = bytes[i % 32]! / 127.5 - 1
    vector[i] = value
    sum += value * value
  }
  const length = Math.sqrt(sum) || 1
  return vector.map((value) => value / length)
}
