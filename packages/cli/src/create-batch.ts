import { openAsBlob } from 'node:fs'
import type OpenAI from 'openai'
import type { Batch } from './batch-object.ts'

/** Whose answers are JSON says so in the metadata, so that any machine can go on with the batch. */
const OUTPUT = 'switchyard_output'

/**
 * Uploads the requests at `path`, streamed from the disk, and creates the batch. The signal stops the upload; the creation itself isn't
 * stopped halfway, because nobody would know the id of a batch that runs.
 */
export async function createBatch(
  client: OpenAI,
  path: string,
  { endpoint, window, json, signal }: { endpoint: string; window: string; json: boolean; signal: AbortSignal },
): Promise<Batch> {
  const file = new File([await openAsBlob(path)], 'requests.jsonl', { type: 'application/jsonl' })
  const { id } = await client.files.create({ file, purpose: 'batch' }, { signal })
  signal.throwIfAborted()
  // The official type knows one window; the server takes any from 15m to 7d. Not repeated: a lost answer would make a second batch.
  return (await client.batches.create(
    {
      input_file_id: id,
      endpoint: endpoint as OpenAI.BatchCreateParams['endpoint'],
      completion_window: window as '24h',
      metadata: { [OUTPUT]: json ? 'json' : 'text' },
    },
    { maxRetries: 0 },
  )) as Batch
}

/** Whether the answers of a batch were asked to be JSON. */
export function isJson({ metadata }: Batch): boolean {
  return metadata?.[OUTPUT] === 'json'
}
