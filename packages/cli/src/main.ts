#!/usr/bin/env node
import { Command, CommanderError, InvalidArgumentError } from 'commander'
import type { BatchOptions } from './batch-options.ts'
import { CHAT } from './request-line.ts'
import { runBatch } from './run-batch.ts'
import { UsageError } from './usage-error.ts'

const MEGABYTE = 1024 * 1024
const USAGE = 2

const stop = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => stop.abort(new Error('stopped')))
}

const program = new Command('switchyard').description('Documents through a Switchyard broker').exitOverride()
program
  .command('batch')
  .description('asks one question of every document, as one batch, and writes the answers as they come')
  .argument('[documents...]', 'folders, files, globs: text, PDF, images, JSONL (documents or requests, one per line)')
  .option('-m, --model <name>', 'any name of the catalog')
  .option('-p, --prompt <text>', 'the instructions')
  .option('--prompt-file <file>', 'the instructions, from a file')
  .option('--schema <file>', 'JSON schema of the answer')
  .option('--max-tokens <n>', 'most tokens of an answer', wholeNumber)
  .option('--max-bytes <n>', 'larger documents are rejected', wholeNumber, 16 * MEGABYTE)
  .option('--endpoint <path>', 'where the requests of JSONL files go', CHAT)
  .option('--window <time>', 'the time that the batch has, 15m to 7d', '24h')
  .option('-o, --out <folder>', 'where results.jsonl and summary.json go (default: a folder named for the batch)')
  .option('--resume <batch>', 'go on with a batch that was submitted before')
  .option('--base-url <url>', 'the broker (default: SWITCHYARD_URL, or http://127.0.0.1:8080)')
  .option('--api-key <key>', 'better: SWITCHYARD_API_KEY or OPENAI_API_KEY')
  .addHelpText(
    'after',
    '\nExit codes: 0 all answered, 1 something failed, 2 called wrongly, 130 interrupted (the batch goes on)',
  )
  .action(async (documents: string[], options: BatchOptions) => {
    process.exitCode = await runBatch(documents, options, {
      directory: process.cwd(),
      env: process.env,
      signal: stop.signal,
    })
  })

try {
  await program.parseAsync()
} catch (error) {
  process.exitCode = exitCode(error)
}

function exitCode(error: unknown): number {
  // Commander has said what there is to say.
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : USAGE
  process.stderr.write(`switchyard: ${error instanceof Error ? reason(error) : error}\n`)
  return error instanceof UsageError ? USAGE : 1
}

function reason({ message, cause }: Error): string {
  return cause instanceof Error && cause.message !== '' ? `${message} (${cause.message})` : message
}

function wholeNumber(text: string): number {
  const value = Number(text)
  if (Number.isInteger(value) && value > 0) return value
  throw new InvalidArgumentError('It takes a whole number above 0.')
}
