import type OpenAI from 'openai'
import type { Batch } from './batch-object.ts'

/** The rows of a batch's error file, as they stream in; none where there is no file. */
export async function* readErrorFile(client: OpenAI, batch: Batch, signal: AbortSignal): AsyncGenerator<string> {
  if (!batch.error_file_id) return
  const { body } = await client.files.content(batch.error_file_id, { signal })
  if (body === null) return
  let rest = ''
  for await (const piece of body.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + piece).split('\n')
    rest = lines.pop() ?? ''
    yield* lines.filter((line) => line !== '')
  }
  if (rest !== '') yield rest
}
