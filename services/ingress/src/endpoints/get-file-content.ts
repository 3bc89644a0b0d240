import { Readable } from 'node:stream'
import { BrokerError } from '@switchyard/contract/broker-error'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { attachmentHeader } from '../files/clean-filename.ts'
import { readRange } from '../files/read-range.ts'
import type { Ingress } from '../ingress.ts'
import { noSuchFile, ownFile } from '../own-file.ts'
import { storeCall } from '../store-call.ts'

/**
 * `GET /v1/files/{id}/content`, whole or one range. The bytes are a user's: they are only ever saved, never shown, whatever they are.
 */
export async function getFileContent(ingress: Ingress, request: FastifyRequest, reply: FastifyReply): Promise<unknown> {
  const record = await ownFile(ingress, request)
  // Content never changes under an id, so the id is its tag.
  const etag = `"${record.id}"`
  const { range, 'if-range': ifRange } = request.headers
  const stretch = ifRange === undefined || ifRange === etag ? rangeOf(range, record.bytes, reply) : null
  const found = await storeCall(ingress.files.blobs.stream(record.blob, stretch ?? {}))
  if (!found) throw noSuchFile()
  const { from, to } = stretch ?? { from: 0, to: record.bytes }
  return reply
    .code(stretch ? 206 : 200)
    .headers({
      'content-type': 'application/octet-stream',
      'content-length': String(to - from),
      'content-disposition': attachmentHeader(record.filename),
      'x-content-type-options': 'nosniff',
      'content-security-policy': "sandbox; default-src 'none'",
      'accept-ranges': 'bytes',
      'cache-control': 'private, no-store',
      etag,
      ...(stretch && { 'content-range': `bytes ${from}-${to - 1}/${record.bytes}` }),
    })
    .send(found.body instanceof Readable ? found.body : Readable.from(found.body))
}

function rangeOf(header: string | undefined, bytes: number, reply: FastifyReply): { from: number; to: number } | null {
  try {
    return readRange(header, bytes)
  } catch (error) {
    if (BrokerError.is(error)) reply.header('content-range', `bytes */${bytes}`)
    throw error
  }
}
