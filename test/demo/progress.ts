import cliProgress from 'cli-progress'

export interface Progress {
  /** So many documents have ended. */
  update(ended: number, failedOver: number): void
  /** A line beside the bar. */
  say(line: string): void
  stop(): void
}

const LINES = 10

/** A bar on a terminal; elsewhere a line for every tenth of the way. */
export function startProgress(total: number): Progress {
  return process.stdout.isTTY ? bar(total) : lines(total)
}

function bar(total: number): Progress {
  const bars = new cliProgress.MultiBar(
    {
      format: '  {bar} {value}/{total} documents · {over} failed over · {duration_formatted}',
      hideCursor: true,
      stream: process.stdout,
    },
    cliProgress.Presets.shades_classic,
  )
  const own = bars.create(total, 0, { over: 0 })
  return {
    update: (ended, over) => own.update(ended, { over }),
    say: (line) => bars.log(`  ${line}\n`),
    stop: () => bars.stop(),
  }
}

function lines(total: number): Progress {
  let shown = 0
  const say = (line: string): void => void process.stdout.write(`  ${line}\n`)
  return {
    update(ended, over) {
      const tenth = Math.floor((ended * LINES) / total)
      if (tenth === shown) return
      shown = tenth
      say(`${ended}/${total} documents, ${over} failed over`)
    },
    say,
    stop() {},
  }
}
