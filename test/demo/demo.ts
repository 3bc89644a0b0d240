import { relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import OpenAI from 'openai'
import { type DemoSettings, readDemoSettings, USAGE } from './demo-settings.ts'
import { extractAll } from './extract-all.ts'
import { findDependencyTexts, findFiles } from './find-files.ts'
import { type DemoStack, findStack } from './find-stack.ts'
import { planOutage } from './outage.ts'
import { type Document, readDocuments } from './read-documents.ts'
import { missingResults, openResults, readResults } from './results-file.ts'
import { streamAndResume } from './stream-and-resume.ts'
import { isCompleted, summaryTable } from './summary-table.ts'

// npm run demo [folder]: documents as jobs, a provider that fails meanwhile, and a stream that survives its connection.

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const CTRL_C = 130
const MOST_COMPLAINTS = 10

const stop = new AbortController()
// The terminal, npm and our starter each pass the same Ctrl-C on.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
  process.on(signal, () => stop.abort(new Error('stopped')))
process.exitCode = await main()

function say(text: string): void {
  process.stdout.write(`${text}\n`)
}

async function main(): Promise<number> {
  let stack: DemoStack | undefined
  try {
    // Where npm was called: npm itself runs us in the checkout.
    const settings = readDemoSettings(process.argv.slice(2), process.env.INIT_CWD || process.cwd())
    if (settings === 'help') {
      say(USAGE)
      return 0
    }
    const documents = await loadDocuments(settings)
    say('Looking for a stack, or starting one')
    stack = await findStack(ROOT, process.env)
    stop.signal.throwIfAborted()
    return await run(stack, documents, settings)
  } catch (error) {
    if (stop.signal.aborted) {
      say('\nStopped. The jobs that were being followed are cancelled; the rows so far are in the results.')
      return CTRL_C
    }
    process.stderr.write(`\ndemo: ${error instanceof Error ? error.message : error}\n${stack?.logTail() ?? ''}\n`)
    return 1
  } finally {
    await stack?.stop()
  }
}

async function loadDocuments({ folder, limit }: DemoSettings): Promise<Document[]> {
  const paths = await (folder === null ? findDependencyTexts(ROOT) : findFiles(folder))
  const { documents, duplicates, empty, notText } = await readDocuments(paths, folder ?? ROOT, limit)
  const left = [`${duplicates} with the same content`, `${empty} empty`, `${notText} without text`]
  say(`${paths.length} files, of which ${left.join(', ')}; ${documents.length} documents are taken`)
  if (documents.length === 0) throw new Error(`there is nothing to read in ${folder ?? 'node_modules'}`)
  return documents
}

async function run(stack: DemoStack, documents: Document[], settings: DemoSettings): Promise<number> {
  const { model, parallel, resultsFile } = settings
  const { simulatorUrl } = stack
  const client = new OpenAI({ baseURL: `${stack.url}/v1`, apiKey: stack.key })
  say(`${stack.url}, model ${model}`)
  if (simulatorUrl === null) {
    say('No outage: the simulator is not known, so real providers may answer, at their price (--limit bounds it).')
    say('Of a stack with a simulator give its address ("simulator ready ...") in SWITCHYARD_SIMULATOR_URL.')
  }

  say('\n1. A job for each document (Prefer: respond-async, JSON schema), followed by its events')
  const results = openResults(resultsFile)
  const outage = await extractAll(client, documents, {
    model,
    parallel,
    results,
    signal: stop.signal,
    outage: (line) => (simulatorUrl === null ? null : planOutage(simulatorUrl, documents.length, line)),
  }).finally(() => results.close())
  const rows = await readResults(resultsFile)
  say(`\n${summaryTable(rows, outage)}\n\n  ${rows.length} rows in ${relative(process.cwd(), resultsFile)}`)
  const lost = missingResults(documents, rows)
  const failed = rows.filter((row) => !isCompleted(row))
  complain([...lost, ...failed.map((row) => `${row.document} ${row.status}: ${row.error?.code ?? row.error?.message}`)])
  if (lost.length === 0) say('  nothing was lost: every document has exactly one row')

  say('\n2. A stream that loses its connection halfway\n')
  const longest = documents.reduce((a, b) => (b.text.length > a.text.length ? b : a))
  const show = (text: string): void => void process.stdout.write(text)
  const stream = await streamAndResume(client, longest, { model, signal: stop.signal, show })
  complain(stream.problems)
  if (stream.problems.length === 0) {
    say(`\n  ${stream.events} events without a gap, ${stream.bytes} bytes of text:`)
    say(`  equal to the result of ${stream.job}, byte for byte`)
  }
  return lost.length + failed.length + stream.problems.length === 0 ? 0 : 1
}

function complain(problems: string[]): void {
  for (const problem of problems.slice(0, MOST_COMPLAINTS)) process.stderr.write(`  ✗ ${problem}\n`)
  if (problems.length > MOST_COMPLAINTS) process.stderr.write(`  ✗ and ${problems.length - MOST_COMPLAINTS} more\n`)
}
