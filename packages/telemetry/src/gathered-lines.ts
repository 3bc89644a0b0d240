/** What a process that is killed outright loses of its log at most; any other end writes it all. */
const GATHER_MS = 50
const GATHER_CHARS = 16 * 1024

/**
 * Lines that leave together: one system call for those of 50 ms or 16 KB. An urgent line takes all before it along at once, and
 * so does the end of the process, by itself, by `process.exit` or by an uncaught error.
 */
export function gatherLines(write: (text: string) => void): (line: string, urgent: boolean) => void {
  let text = ''
  let timer: NodeJS.Timeout | undefined

  function flush(): void {
    clearTimeout(timer)
    timer = undefined
    const gathered = text
    text = ''
    if (gathered !== '') write(gathered)
  }

  process.on('exit', flush)
  return (line, urgent) => {
    text += line
    if (urgent || text.length >= GATHER_CHARS) flush()
    else timer ??= setTimeout(flush, GATHER_MS).unref()
  }
}
