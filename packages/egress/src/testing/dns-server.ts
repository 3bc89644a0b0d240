import { createSocket } from 'node:dgram'
import type { AddressInfo } from 'node:net'
import ipaddr from 'ipaddr.js'

const [TYPE_A, NXDOMAIN] = [1, 3]

/** A name server that knows these names and no others (RFC 1035 §4). */
export async function startDnsServer(
  names: Record<string, string[]>,
): Promise<{ address: string; asked: string[]; stop(): Promise<void> }> {
  const asked: string[] = []
  const socket = createSocket('udp4')
  socket.on('message', (query, from) => {
    const { name, end } = questionOf(query)
    asked.push(name)
    const wanted = query.readUInt16BE(end - 4) === TYPE_A ? 4 : 16
    const known = names[name]
    const answers = (known ?? [])
      .map((text) => ipaddr.parse(text).toByteArray())
      .filter(({ length }) => length === wanted)
    const header = Buffer.alloc(12)
    query.copy(header, 0, 0, 2)
    header.writeUInt16BE(0x8180 | (known ? 0 : NXDOMAIN), 2)
    header.writeUInt16BE(1, 4)
    header.writeUInt16BE(answers.length, 6)
    const records = answers.map((bytes) => {
      // The name as a pointer to the question, its type, class IN, a minute to live.
      const head = Buffer.from([0xc0, 12, 0, wanted === 4 ? 1 : 28, 0, 1, 0, 0, 0, 60, 0, bytes.length])
      return Buffer.concat([head, Buffer.from(bytes)])
    })
    socket.send(Buffer.concat([header, query.subarray(12, end), ...records]), from.port, from.address)
  })
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve))
  return {
    address: `127.0.0.1:${(socket.address() as AddressInfo).port}`,
    asked,
    stop: () => new Promise((resolve) => socket.close(() => resolve())),
  }
}

function questionOf(query: Buffer): { name: string; end: number } {
  const labels: string[] = []
  let at = 12
  for (let length = query[at]!; length > 0; length = query[at]!) {
    labels.push(query.toString('latin1', at + 1, at + 1 + length))
    at += 1 + length
  }
  return { name: labels.join('.').toLowerCase(), end: at + 5 }
}
