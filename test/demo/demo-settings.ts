import { resolve } from 'node:path'
import { parseArgs } from 'node:util'

export interface DemoSettings {
  /** null: the README and licence files of the installed dependencies. */
  folder: string | null
  /** At most so many documents. */
  limit: number
  /** How many documents are on their way at once. */
  parallel: number
  model: string
  resultsFile: string
}

export const USAGE = `usage: npm run demo -- [folder] [options]

  folder              text files to read, with everything below (default: README and licence files of the dependencies)
  --limit <n>         at most so many documents (300)
  --parallel <n>      so many on their way at once (64)
  --model <name>      any name of the catalog (claude-haiku-4-5)
  --out <file>        where the rows go (results.jsonl)

A stack that runs already is used: SWITCHYARD_URL and SWITCHYARD_API_KEY, else the one of this checkout on PORT (8080).
Where none answers, the demo starts one of its own and stops it at the end.`

const MOST_DOCUMENTS = 10_000
const MOST_PARALLEL = 1_000

/** Reads the command line; paths are taken from `directory`. Throws with a message for people where it can't be understood. */
export function readDemoSettings(args: string[], directory: string): DemoSettings | 'help' {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      limit: { type: 'string', default: '300' },
      parallel: { type: 'string', default: '64' },
      model: { type: 'string', default: 'claude-haiku-4-5' },
      out: { type: 'string', default: 'results.jsonl' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  })
  if (values.help) return 'help'
  if (positionals.length > 1) throw new Error(`one folder at a time, not ${positionals.join(' and ')}`)
  const [folder] = positionals
  return {
    folder: folder === undefined ? null : resolve(directory, folder),
    limit: wholeNumber('--limit', values.limit, MOST_DOCUMENTS),
    parallel: wholeNumber('--parallel', values.parallel, MOST_PARALLEL),
    model: values.model,
    resultsFile: resolve(directory, values.out),
  }
}

function wholeNumber(name: string, text: string, most: number): number {
  const value = Number(text)
  if (Number.isInteger(value) && value >= 1 && value <= most) return value
  throw new Error(`${name} takes a whole number from 1 to ${most}, not ${text}`)
}
