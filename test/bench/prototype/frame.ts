/** One event-loop turn's news for one ingress: `<jobId> <end 0|1> <length>\n<text>` again and again, lengths in UTF-16 units. */
export function encodeFrame(jobId: string, isEnd: boolean, text: string): string {
  return `${jobId} ${isEnd ? 1 : 0} ${text.length}\n${text}`
}

export function decodeFrames(message: string, onFrame: (jobId: string, isEnd: boolean, text: string) => void): void {
  let at = 0
  while (at < message.length) {
    const headEnd = message.indexOf('\n', at)
    const [jobId = '', end, length] = message.slice(at, headEnd).split(' ')
    at = headEnd + 1 + Number(length)
    onFrame(jobId, end === '1', message.slice(headEnd + 1, at))
  }
}
