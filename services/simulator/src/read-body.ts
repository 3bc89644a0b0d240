import type { IncomingMessage } from 'node:http'

/** A request's body, or why there is none: it is larger than `mostBytes`, or the caller left while sending it. */
export function readBody(request: IncomingMessage, mostBytes: number): Promise<Buffer | 'too_large' | 'gone'> {
  return new Promise((resolve) => {
    if (Number(request.headers['content-length'] ?? 0) > mostBytes) {
      resolve('too_large')
      return
    }
    const chunks: Buffer[] = []
    let bytes = 0
    request.on('data', (chunk: Buffer) => {
      bytes += chunk.length
      if (bytes > mostBytes) {
        request.pause()
        resolve('too_large')
      } else chunks.push(chunk)
    })
    request.once('end', () => resolve(chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks)))
    request.once('close', () => resolve('gone'))
    request.once('error', () => resolve('gone'))
  })
}
