import { createHash, randomUUID } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { SMALLEST_PART_BYTES } from '../s3/s3-place.ts'

interface Stored {
  data: Buffer
  at: Date
}

interface StartedUpload {
  key: string
  at: Date
  parts: Map<number, Stored>
}

/** Short, so that every list of a suite has several pages. */
const PAGE = 10

/**
 * Stands for S3 in tests, as far as the blob store uses it and as strict as it is (https://docs.aws.amazon.com/AmazonS3/latest/API/):
 * signed requests, parts of 5 MiB, entity tags, pages. The servers that npm has copy no parts and list no uploads.
 */
export async function startS3Server(
  bucket: string,
): Promise<{ url: string; uploads(): number; stop(): Promise<void> }> {
  const objects = new Map<string, Stored>()
  const uploads = new Map<string, StartedUpload>()

  const server = createServer((request, response) => {
    answer(request, response).catch((error: unknown) => {
      const [status, code] = error instanceof Refusal ? [error.status, error.code] : [500, 'InternalError']
      send(response, status, request.method === 'HEAD' ? '' : `<Error><Code>${code}</Code></Error>`)
    })
  })

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname, searchParams: query } = new URL(request.url!, 'http://s3')
    const [, inBucket, ...rest] = decodeURIComponent(pathname).split('/')
    const key = rest.join('/')
    const body = Buffer.concat(await request.toArray())
    if (!request.headers.authorization?.startsWith('AWS4-HMAC-SHA256 ')) throw new Refusal(403, 'AccessDenied')
    if (inBucket !== bucket) throw new Refusal(404, request.method === 'HEAD' ? 'NotFound' : 'NoSuchBucket')
    const operation = key === '' ? ofBucket(request.method!, query, body) : null
    if (operation !== null) return send(response, 200, operation)
    const uploadId = query.get('uploadId')
    switch (request.method) {
      case 'PUT': {
        const data = copied(request.headers) ?? body
        const stored = { data, at: new Date() }
        if (uploadId !== null) uploadOf(uploadId).parts.set(Number(query.get('partNumber')), stored)
        else objects.set(key, stored)
        const copy = data === body ? '' : `<CopyPartResult><ETag>${tag(data)}</ETag></CopyPartResult>`
        return send(response, 200, copy, { etag: tag(data) })
      }
      case 'POST':
        return send(response, 200, uploadId === null ? begin(key) : complete(uploadId, body.toString()))
      case 'DELETE':
        if (uploadId === null) objects.delete(key)
        else if (!uploads.delete(uploadId)) throw new Refusal(404, 'NoSuchUpload')
        return send(response, 204, '')
      default:
        return get(request, response, key)
    }
  }

  function ofBucket(method: string, query: URLSearchParams, body: Buffer): string {
    const prefix = query.get('prefix') ?? ''
    if (method === 'HEAD') return ''
    if (method === 'POST' && query.has('delete')) {
      for (const [, key] of body.toString().matchAll(/<Key>(.*?)<\/Key>/g)) objects.delete(key!)
      return '<DeleteResult></DeleteResult>'
    }
    if (query.has('uploads')) {
      const after = query.get('upload-id-marker') ?? ''
      const [page, more] = pageOf([...uploads].filter(([id, { key }]) => key.startsWith(prefix) && id > after))
      const rows = page.map(
        ([id, { key, at }]) =>
          `<Upload><Key>${key}</Key><UploadId>${id}</UploadId><Initiated>${at.toISOString()}</Initiated></Upload>`,
      )
      const next = more
        ? `<NextKeyMarker>k</NextKeyMarker><NextUploadIdMarker>${page.at(-1)![0]}</NextUploadIdMarker>`
        : ''
      return `<ListMultipartUploadsResult><IsTruncated>${more}</IsTruncated>${next}${rows.join('')}</ListMultipartUploadsResult>`
    }
    const after = query.get('continuation-token') ?? ''
    const [page, more] = pageOf([...objects].filter(([key]) => key.startsWith(prefix) && key > after))
    const rows = page.map(
      ([key, { at }]) => `<Contents><Key>${key}</Key><LastModified>${at.toISOString()}</LastModified></Contents>`,
    )
    const next = more ? `<NextContinuationToken>${page.at(-1)![0]}</NextContinuationToken>` : ''
    return `<ListBucketResult><IsTruncated>${more}</IsTruncated>${next}${rows.join('')}</ListBucketResult>`
  }

  function begin(key: string): string {
    const id = randomUUID()
    uploads.set(id, { key, at: new Date(), parts: new Map() })
    return `<InitiateMultipartUploadResult><UploadId>${id}</UploadId></InitiateMultipartUploadResult>`
  }

  function complete(uploadId: string, body: string): string {
    const { key, parts } = uploadOf(uploadId)
    const wanted = [...body.matchAll(/<Part>(.*?)<\/Part>/gs)].map(([, part]) => ({
      number: Number(/<PartNumber>(\d+)</.exec(part!)?.[1]),
      etag: /<ETag>(.*?)</.exec(part!)?.[1]?.replaceAll('&quot;', '"'),
    }))
    if (wanted.length === 0) throw new Refusal(400, 'MalformedXML')
    const data = wanted.map(({ number, etag }, i) => {
      const part = parts.get(number)
      if (!part || tag(part.data) !== etag) throw new Refusal(400, 'InvalidPart')
      const isLast = i === wanted.length - 1
      if (!isLast && part.data.length < SMALLEST_PART_BYTES) throw new Refusal(400, 'EntityTooSmall')
      return part.data
    })
    objects.set(key, { data: Buffer.concat(data), at: new Date() })
    uploads.delete(uploadId)
    return `<CompleteMultipartUploadResult><Key>${key}</Key></CompleteMultipartUploadResult>`
  }

  function copied(headers: IncomingMessage['headers']): Buffer | null {
    const source = headers['x-amz-copy-source']
    if (typeof source !== 'string') return null
    const found = objects.get(decodeURIComponent(source).slice(bucket.length + 1))
    if (!found) throw new Refusal(404, 'NoSuchKey')
    const [, from, to] = /^bytes=(\d+)-(\d+)$/.exec(String(headers['x-amz-copy-source-range']))!
    if (Number(to) >= found.data.length) throw new Refusal(400, 'InvalidArgument')
    return found.data.subarray(Number(from), Number(to) + 1)
  }

  function get(request: IncomingMessage, response: ServerResponse, key: string): void {
    const found = objects.get(key)
    if (!found) throw new Refusal(404, 'NoSuchKey')
    const { length } = found.data
    if (request.method === 'HEAD') {
      send(response, 200, '', { 'content-length': String(length) })
      return
    }
    const range = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '')
    if (!range) {
      send(response, 200, found.data)
      return
    }
    const from = Number(range[1])
    if (from >= length) throw new Refusal(416, 'InvalidRange')
    const to = Math.min(range[2] === '' ? length : Number(range[2]) + 1, length)
    send(response, 206, found.data.subarray(from, to), { 'content-range': `bytes ${from}-${to - 1}/${length}` })
  }

  function uploadOf(id: string): StartedUpload {
    const upload = uploads.get(id)
    if (!upload) throw new Refusal(404, 'NoSuchUpload')
    return upload
  }

  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    uploads: () => uploads.size,
    async stop() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

class Refusal extends Error {
  readonly status: number
  readonly code: string
  constructor(status: number, code: string) {
    super(code)
    this.status = status
    this.code = code
  }
}

function pageOf<T>(all: [string, T][]): [page: [string, T][], more: boolean] {
  const sorted = all.toSorted(([a], [b]) => (a < b ? -1 : 1))
  return [sorted.slice(0, PAGE), sorted.length > PAGE]
}

function tag(data: Buffer): string {
  return `"${createHash('md5').update(data).digest('hex')}"`
}

function send(
  response: ServerResponse,
  status: number,
  body: string | Buffer,
  headers: Record<string, string> = {},
): void {
  const length = status === 204 ? {} : { 'content-length': String(body.length) }
  response.writeHead(status, { ...length, ...headers }).end(body)
}
