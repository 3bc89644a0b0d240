import { resolve } from 'node:path'
import { parseArgs } from 'node:util'

export interface DemoSettings {
  /** null: the README and licence files of the installed dependencies. */
  folder: string | null
  /** At most so many documents. */
  limit: number
  model: string
  /** Folder for the results. */
  out: string
}

export const USAGE = `usage: npm run demo -- [folder] [options]

  folder              text files to read, with everything below (default: README and licence files of the dependencies)
  --limit <n>         at most so many documents (300)
  --model <name>      any name of the catalog (claude-haiku-4-5)
  --out <folder>      where results.jsonl and summary.json go (demo-results)

A stack that runs already is used: SWITCHYARD_URL and SWITCHYARD_API_KEY, else the one of this checkout on PORT (8080).
Where none answers, the demo starts one of its own and stops it at the end.`

const MOST_DOCUMENTS = 10_000

/** Reads the command line; paths are taken from `directory`. Throws with a message for people where it can't be understood. */
export function readDemoSettings(args: string[], directory: string): DemoSettings | 'help' {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      limit: { type: 'string', default: '300' },
      model: { type: 'string', default: 'claude-haiku-4-5' },
      out: { type: 'string', default: 'demo-results' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  })
  if (values.help) return 'help'
  if (positionals.length > 1) throw new Error(`one folder at a time, not ${positionals.join(' and ')}`)
  const [folder] = positionals
  return {
    folder: folder === undefined ? null : resolve(directory, folder),
    limit: wholeNumber('--limit', values.limit, MOST_DOCUMENTS),
    model: values.model,
    out: resolve(directory, values.out),
  }
}

function wholeNumber(name: string, text: string, most: number): number {
  const value = Number(text)
  if (Number.isInteger(value) && value >= 1 && value <= most) return value
  throw new Error(`${name} takes a whole number from 1 to ${most}, not ${text}`)
}
