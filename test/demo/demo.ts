import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import OpenAI from 'openai'
import { type DemoSettings, readDemoSettings, USAGE } from './demo-settings.ts'
import { findDependencyTexts, findFiles } from './find-files.ts'
import { type DemoStack, findStack } from './find-stack.ts'
import { planOutage } from './outage.ts'
import { type Document, readDocuments } from './read-documents.ts'
import { missingResults, readResults } from './results.ts'
import { runCommand } from './run-command.ts'
import { streamAndResume } from './stream-and-resume.ts'
import { isCompleted, summaryTable } from './summary-table.ts'
import { waitForWebhook } from './wait-for-webhook.ts'
import { writeFolder } from './write-folder.ts'

// npm run demo [folder]: a folder of documents as a batch, a provider that fails meanwhile, a long job that calls back, and a stream that
// survives its connection.

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
      say('\nStopped. The batch is cancelled; the rows so far are in the results.')
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
  const { model } = settings
  const { simulatorUrl } = stack
  const client = new OpenAI({ baseURL: `${stack.url}/v1`, apiKey: stack.key })
  say(`${stack.url}, model ${model}`)
  if (simulatorUrl === null) {
    say('No outage: the simulator is not known, so real providers may answer, at their price (--limit bounds it).')
    say('Of a stack with a simulator give its address ("simulator ready ...") in SWITCHYARD_SIMULATOR_URL.')
  }

  say('\n1. A folder of documents as a batch with a JSON schema: npx switchyard batch\n')
  const problems = await batchOfDocuments(client, stack, documents, settings)
  complain(problems)

  say('\n2. A long job, and a webhook when it is done\n')
  const told = await waitForWebhook(client, 'Tell a long story. length: 400 chunks', { model, signal: stop.signal })
  complain(told.problems)
  if (told.problems.length === 0)
    say(`  ${told.job} called back after ${(told.tookMs / 1000).toFixed(1)} s, its signature is right`)

  say('\n3. A stream that loses its connection halfway\n')
  const longest = documents.reduce((a, b) => (b.text.length > a.text.length ? b : a))
  const show = (text: string): void => void process.stdout.write(text)
  const stream = await streamAndResume(client, longest, { model, signal: stop.signal, show })
  complain(stream.problems)
  if (stream.problems.length === 0) {
    say(`\n  ${stream.events} events without a gap, ${stream.bytes} bytes of text:`)
    say(`  equal to the result of ${stream.job}, byte for byte`)
  }
  return problems.length + told.problems.length + stream.problems.length === 0 ? 0 : 1
}

/** What is wrong with the batch, in words; nothing where every document has its answer. */
async function batchOfDocuments(
  client: OpenAI,
  stack: DemoStack,
  documents: Document[],
  { model, out }: DemoSettings,
): Promise<string[]> {
  const scratch = await mkdtemp(join(tmpdir(), 'switchyard-demo-'))
  try {
    const folder = join(scratch, 'documents')
    const named = await writeFolder(folder, documents)
    const { simulatorUrl } = stack
    const planned = simulatorUrl === null ? null : planOutage(simulatorUrl, named.length, (line) => say(`\n  ${line}`))
    const run = { folder, scratch, out, model, outage: planned, signal: stop.signal }
    const { outage } = await runCommand(client, stack, run)
    const { cost_usd: costUsd } = JSON.parse(await readFile(join(out, 'summary.json'), 'utf8')) as {
      cost_usd: number | null
    }
    const rows = await readResults(out)
    say(`\n${summaryTable(rows, { costUsd, outage })}\n`)
    const lost = missingResults(named, rows)
    if (lost.length === 0) say('  nothing was lost: every document has exactly one row')
    const failed = rows.filter((row) => !isCompleted(row))
    return [
      ...lost,
      ...failed.map(({ document, error }) => `${document}: ${error?.code ?? 'is not what was asked for'}`),
    ]
  } finally {
    await rm(scratch, { recursive: true, force: true })
  }
}

function complain(problems: string[]): void {
  for (const problem of problems.slice(0, MOST_COMPLAINTS)) process.stderr.write(`  ✗ ${problem}\n`)
  if (problems.length > MOST_COMPLAINTS) process.stderr.write(`  ✗ and ${problems.length - MOST_COMPLAINTS} more\n`)
}
