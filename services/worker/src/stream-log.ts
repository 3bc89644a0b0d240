import { assembleCompletion } from '@switchyard/contract/openai-chat/assemble-completion'
import type { ChatChunk, ChatCompletion } from '@switchyard/contract/openai-chat/chunk'
import { eventData } from '@switchyard/contract/openai-responses/event-data'
import type { JobLog } from '@switchyard/jobs/job-log'
import { jobKeys } from '@switchyard/jobs/keys'
import { parseEntries, type RawEntry } from '@switchyard/jobs/read-events'
import type { Hold } from './hold.ts'
import type { WorkerContext } from './worker-context.ts'

/** Opens the log of a streamed job under the hold's current fence. Being refused there means that the job is no longer ours. */
export function openLog(worker: WorkerContext, hold: Hold, nextSeq: number): void {
  hold.log = worker.logs.open(hold.jobId, {
    fence: hold.fence,
    nextSeq,
    readers: [...hold.readers.values()],
    onFenced: () => hold.stop('ended'),
  })
}

/** Tells readers to forget what came before: the next attempt starts the answer over (design.md §6, `on_break: restart`). */
export async function markRestart(hold: Hold): Promise<void> {
  const log = hold.log!
  void log.append(hold.spec.dialect === 'openai-responses' ? restartedEvent(hold, log) : restartChunk(hold, log))
  await log.flushed()
}

/** No event of OpenAI's says so; a client that asked for `restart` knows ours. */
function restartedEvent(hold: Hold, log: JobLog): string {
  const marker = { attempt: hold.attempts.length + 1, discard_before: log.nextSeq }
  return eventData('switchyard.restarted', log.nextSeq, marker)
}

function restartChunk(hold: Hold, log: JobLog): string {
  const marker: ChatChunk = {
    id: `chatcmpl-${hold.jobId}`,
    object: 'chat.completion.chunk',
    created: Math.floor(hold.spec.createdAtMs / 1000),
    model: hold.spec.model,
    choices: [],
    switchyard: { attempt: hold.attempts.length + 1, discard_before: log.nextSeq },
  }
  return JSON.stringify(marker)
}

/** What readers have of the answer, for a next attempt that continues it; null where it is more than plain text of one choice. */
export async function textSoFar(worker: WorkerContext, hold: Hold): Promise<string | null> {
  const raw = (await worker.broker.jobs.redis.xrange(jobKeys(hold.jobId).events, '-', '+')) as RawEntry[]
  const lines = parseEntries(raw).map(({ data }) => data)
  if (lines.length === 0) return null
  const { choices } = JSON.parse(assembleCompletion(lines)) as ChatCompletion
  const message = choices[0]?.message
  if (choices.length !== 1 || !message || message.tool_calls || message.reasoning_content) return null
  return message.content
}
