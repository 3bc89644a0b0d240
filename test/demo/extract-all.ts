import type OpenAI from 'openai'
import { eachBounded } from './each-bounded.ts'
import { extractDocument } from './extract-document.ts'
import type { Outage } from './outage.ts'
import { startProgress } from './progress.ts'
import type { Document } from './read-documents.ts'
import type { ResultsFile } from './results-file.ts'
import { isFailedOver } from './summary-table.ts'

/** One job per document, a bounded number on their way at once, a row for each as it ends. */
export async function extractAll(
  client: OpenAI,
  documents: Document[],
  run: {
    model: string
    parallel: number
    results: ResultsFile
    signal: AbortSignal
    /** Given what says a line beside the progress. */
    outage: (say: (line: string) => void) => Outage | null
  },
): Promise<{ failedCalls: number } | null> {
  const { model, parallel, results, signal } = run
  const progress = startProgress(documents.length)
  const outage = run.outage(progress.say)
  let ended = 0
  let failedOver = 0
  try {
    await eachBounded(documents, parallel, async (document) => {
      const row = await extractDocument(client, document, { model, signal })
      results.add(row)
      ended++
      if (isFailedOver(row)) failedOver++
      progress.update(ended, failedOver)
      outage?.documentsEnded(ended)
    })
  } finally {
    progress.stop()
  }
  return (await outage?.end()) ?? null
}
