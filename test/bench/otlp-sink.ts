// Takes OTLP/protobuf traces and counts their spans: the collector of the rows with telemetry on.
// GET /spans answers with the count so far.
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

/** ExportTraceServiceRequest.resource_spans → ResourceSpans.scope_spans → ScopeSpans.spans. */
const PATH_TO_SPANS = [1, 2, 2]

let spans = 0
const server = createServer((request, response) => {
  if (request.method === 'GET') {
    response.end(String(spans))
    return
  }
  const parts: Buffer[] = []
  request.on('data', (part: Buffer) => parts.push(part))
  request.on('end', () => {
    if (request.url === '/v1/traces') spans += countFields(Buffer.concat(parts), PATH_TO_SPANS)
    response.writeHead(200, { 'content-type': 'application/x-protobuf' }).end()
  })
})
server.listen(0, '127.0.0.1', () => {
  process.stdout.write(`sink ready http://127.0.0.1:${(server.address() as AddressInfo).port}\n`)
})
process.on('SIGTERM', () => process.exit(0))

/** How many fields of a protobuf message lie at a path of field numbers. Throws at what is not well-formed. */
function countFields(message: Buffer, [field, ...deeper]: number[]): number {
  let count = 0
  let at = 0
  const varint = (): number => {
    let value = 0
    for (let factor = 1; ; factor *= 128) {
      const byte = message.readUInt8(at++)
      value += (byte & 127) * factor
      if (byte < 128) return value
    }
  }
  while (at < message.length) {
    const tag = varint()
    const wire = tag & 7
    if (wire === 0) varint()
    else if (wire === 1) at += 8
    else if (wire === 5) at += 4
    else if (wire === 2) {
      const length = varint()
      if (tag >>> 3 === field) count += deeper.length === 0 ? 1 : countFields(message.subarray(at, at + length), deeper)
      at += length
    } else throw new Error(`a protobuf field of wire type ${wire}`)
  }
  return count
}
