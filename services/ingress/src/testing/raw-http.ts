import { connect, type Socket } from 'node:net'

export interface RawAnswer {
  /** Everything that came until the peer closed, or until `enough` said so. */
  text: string
  /** The peer closed the connection. */
  closed: boolean
}

/** Sends bytes as they are and collects what comes back. Rejects after `forMs` with neither close nor enough. */
export function exchange(
  url: string,
  bytes: string | Buffer,
  options: { enough?: (text: string) => boolean; forMs?: number; after?: (socket: Socket) => void } = {},
): Promise<RawAnswer> {
  const { hostname, port } = new URL(url)
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), hostname)
    let text = ''
    const finish = (closed: boolean) => {
      clearTimeout(timer)
      socket.destroy()
      resolve({ text, closed })
    }
    const timer = setTimeout(() => {
      socket.destroy()
      reject(new Error(`no answer in time, so far: ${text.slice(0, 300)}`))
    }, options.forMs ?? 5_000)
    socket.on('data', (piece) => {
      text += piece.toString('latin1')
      if (options.enough?.(text)) finish(false)
    })
    socket.on('error', () => {})
    socket.on('close', () => finish(true))
    socket.on('connect', () => {
      socket.write(bytes)
      options.after?.(socket)
    })
  })
}

/** Status and error of the first answer in a raw text. */
export function firstAnswer(text: string): { status: number; headers: string; code: string | null } {
  const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(text)?.[1])
  const [headers = '', body = ''] = text.split('\r\n\r\n')
  const code = /"code":"([a-z_]+)"/.exec(body)?.[1] ?? null
  return { status, headers: headers.toLowerCase(), code }
}
