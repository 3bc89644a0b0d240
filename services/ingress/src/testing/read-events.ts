/** Reads an event stream as it comes. */
export interface EventReader {
  /** Everything received so far, comments included. */
  text(): string
  /** Resolves once the text holds this. */
  has(part: string): Promise<void>
  /** How it ended: true when the body was whole. */
  ended: Promise<boolean>
}

export function readEventStream(response: Response): EventReader {
  let text = ''
  let over = false
  let wake: (() => void)[] = []
  const tell = () => {
    for (const resolve of wake) resolve()
    wake = []
  }
  const read = async (): Promise<boolean> => {
    const decoder = new TextDecoder()
    try {
      for await (const piece of response.body!) {
        text += decoder.decode(piece, { stream: true })
        tell()
      }
      return true
    } catch {
      return false
    } finally {
      over = true
      tell()
    }
  }
  const ended = read()
  return {
    text: () => text,
    async has(part) {
      while (!text.includes(part)) {
        if (over) throw new Error(`the stream ended without ${part}: ${text.slice(-200)}`)
        await new Promise<void>((resolve) => wake.push(resolve))
      }
    },
    ended,
  }
}
