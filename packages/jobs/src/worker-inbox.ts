import type { RedisClient } from '@switchyard/redis/connect'
import type { Command } from '@switchyard/redis/pipeline'
import { publishCommand } from '@switchyard/redis/publish'
import { subscribe } from '@switchyard/redis/subscribe'
import { inboxChannel } from './keys.ts'
import type { Interest, Reader } from './readers.ts'

/** Tells the owner of a job that it has ended from outside: abort the call. The lease tells it too, later. */
export function cancelMessage(owner: string, jobId: string): Command {
  return publishCommand(inboxChannel(owner), `cancel ${jobId}`)
}

/** Tells the owner of a job that another process follows it from now on. */
export function attachMessage(owner: string, jobId: string, reader: Reader): Command {
  return publishCommand(inboxChannel(owner), `attach ${jobId} ${reader.id} ${reader.interest}`)
}

/** Listens to what others tell this worker. For speed only: renewals bring the same every few seconds. */
export async function startInbox(
  subscriber: RedisClient,
  owner: string,
  handlers: { onCancel: (jobId: string) => void; onReader: (jobId: string, reader: Reader) => void },
): Promise<void> {
  await subscribe(
    subscriber,
    inboxChannel(owner),
    (message) => {
      const [verb, jobId, readerId, interest] = message.split(' ')
      if (verb === 'cancel') handlers.onCancel(jobId!)
      else if (verb === 'attach') handlers.onReader(jobId!, { id: readerId!, interest: interest as Interest })
    },
    () => {},
  )
}
