import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, relative, resolve } from 'node:path'
import type OpenAI from 'openai'
import type { Batch } from './batch-object.ts'
import { type BatchOptions, readQuestion } from './batch-options.ts'
import { connect } from './connection.ts'
import { createBatch, isJson } from './create-batch.ts'
import { followBatch } from './follow-batch.ts'
import { findInputs } from './inputs/find-inputs.ts'
import { startProgress } from './progress.ts'
import { readErrorFile } from './read-error-file.ts'
import { readRow } from './result-row.ts'
import { keepLeftOuts, type LeftOuts, openResults, readLeftOuts } from './results.ts'
import { sayLeftOuts, saySummary } from './say.ts'
import { UsageError } from './usage-error.ts'
import { writeRequests } from './write-requests.ts'
import { writeSummary } from './write-summary.ts'

const CTRL_C = 130

/**
 * `switchyard batch`: 0 when every document has its answer, 1 when one has none, 130 when it was interrupted while the batch goes on.
 * Throws a `UsageError` where nothing was begun because of how it was called.
 */
export async function runBatch(
  paths: string[],
  options: BatchOptions,
  { directory, env, signal }: { directory: string; env: NodeJS.ProcessEnv; signal: AbortSignal },
): Promise<number> {
  const client = connect(options, env)
  const where = { directory, signal }
  let batch: Batch | null = null
  let folder = ''
  try {
    if (options.resume === undefined) {
      const submitted = await submit(client, paths, options, where)
      batch = submitted.batch
      folder = resolve(directory, options.out ?? batch.id)
      await keepLeftOuts(folder, { batch: batch.id, ...submitted.leftOuts })
    } else {
      if (paths.length > 0) throw new UsageError('--resume goes on with what was submitted: it takes no documents')
      batch = (await client.batches.retrieve(encodeURIComponent(options.resume), { signal })) as Batch
      folder = resolve(directory, options.out ?? batch.id)
    }
    say(`batch ${batch.id}`)
    return await collect(client, batch, folder, signal)
  } catch (error) {
    if (!signal.aborted) throw error
    say(batch === null ? '\nStopped: nothing was submitted.' : interrupted(batch.id, options.out))
    return CTRL_C
  }
}

async function submit(
  client: OpenAI,
  paths: string[],
  options: BatchOptions,
  { directory, signal }: { directory: string; signal: AbortSignal },
): Promise<{ batch: Batch; leftOuts: Omit<LeftOuts, 'batch'> }> {
  if (paths.length === 0)
    throw new UsageError('which documents? Give folders, files or globs, or --resume and the id of a batch')
  const question = await readQuestion(options, directory)
  const inputs = await findInputs(paths, directory)
  const temporary = await mkdtemp(join(tmpdir(), 'switchyard-batch-'))
  try {
    const path = join(temporary, 'requests.jsonl')
    const requests = await writeRequests(inputs, question, { path, mostBytes: options.maxBytes, signal })
    sayLeftOuts(requests)
    if (requests.lines === 0) throw new UsageError('there is no document to send')
    say(`${requests.lines} documents, ${requests.bytes} bytes of requests`)
    const { endpoint, window } = options
    const batch = await createBatch(client, path, { endpoint, window, json: question.schema !== null, signal })
    return { batch, leftOuts: { rejected: requests.rejected, skipped: requests.skipped } }
  } finally {
    await rm(temporary, { recursive: true, force: true })
  }
}

/** Follows a batch to its end and writes what comes of it. */
async function collect(client: OpenAI, batch: Batch, folder: string, signal: AbortSignal): Promise<number> {
  const json = isJson(batch)
  const leftOuts = await readLeftOuts(folder, batch.id)
  const results = await openResults(folder, leftOuts.rejected)
  const progress = startProgress()
  let ended: Batch
  try {
    const onRow = (text: string): Promise<void> => results.add(readRow(text, json))
    ended = await followBatch(client, batch.id, { onRow, onBatch: progress.update }, signal)
    progress.update(ended)
    // Lines that never ran have no row in the output: they stand in the error file only.
    for await (const text of readErrorFile(client, ended, signal)) {
      const row = readRow(text, json)
      if (!results.has(row.document)) await results.add(row)
    }
  } catch (error) {
    await results.close()
    throw error
  } finally {
    progress.stop()
  }
  const summary = await writeSummary(folder, ended, await results.close(), leftOuts)
  saySummary(summary, relative(process.cwd(), folder) || '.')
  return summary.status === 'completed' && summary.documents.failed === 0 ? 0 : 1
}

function interrupted(id: string, out: string | undefined): string {
  const resume = `switchyard batch --resume ${id}${out === undefined ? '' : ` --out ${JSON.stringify(out)}`}`
  return `\nStopped watching. The batch goes on at the server; to go on here:\n\n  npx ${resume}\n`
}

function say(text: string): void {
  process.stdout.write(`${text}\n`)
}
