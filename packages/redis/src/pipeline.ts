import calculateSlot from 'cluster-key-slot'
import { isClusterClient, type RedisClient } from './connect.ts'
import { type Arg, isNoScript, type Script } from './script.ts'

/** One command of a pipeline. `key` decides the node; `args` hold everything behind the command's name. */
export interface Command {
  key: string
  command: string
  args: Arg[]
  script?: Script
}

export interface Reply {
  error: Error | null
  value: unknown
}

export function scriptCommand(script: Script, keys: string[], args: Arg[]): Command {
  return { key: keys[0]!, command: 'evalsha', args: [script.sha, keys.length, ...keys, ...args], script }
}

/**
 * Sends all commands in as few writes as there are nodes, and gives the replies in order. A pipeline is not a transaction:
 * each command succeeds or fails by itself. On one server the commands go one by one and still leave in one write
 * (coalesce-writes.ts): ioredis' own pipeline costs more than it saves there.
 */
export async function pipelineBySlot(redis: RedisClient, commands: Command[]): Promise<Reply[]> {
  if (commands.length === 0) return []
  const replies = isClusterClient(redis)
    ? await sendByOwner(redis, commands)
    : await Promise.all(commands.map(({ command, args }) => settled(redis.call(command, ...args))))
  const unrun = [...replies.keys()].filter(
    (index) => isRedirected(replies[index]!.error) || isNoScript(replies[index]!.error),
  )
  await Promise.all(
    [...Map.groupBy(unrun, (index) => commands[index]!.key).values()].map(async (indexes) => {
      // One after the other: commands of one key keep their order.
      for (const index of indexes) replies[index] = await sendAgain(redis, commands[index]!, replies[index]!)
    }),
  )
  return replies
}

/** What no server has run: follows where its slot went, and brings the script's text where its hash is not known. */
async function sendAgain(redis: RedisClient, { command, args, script }: Command, refusal: Reply): Promise<Reply> {
  const reply = isRedirected(refusal.error) ? await settled(redis.call(command, ...args)) : refusal
  if (!script || !isNoScript(reply.error)) return reply
  return settled(redis.eval(script.lua, ...(args.slice(1) as [number, ...Arg[]])))
}

async function send(redis: RedisClient, commands: Command[]): Promise<Reply[]> {
  const pipeline = redis.pipeline()
  for (const { command, args } of commands) pipeline.call(command, ...args)
  const results = await pipeline.exec()
  return results!.map(([error, value]) => ({ error, value }))
}

async function sendByOwner(redis: RedisClient & { slots: string[][] }, commands: Command[]): Promise<Reply[]> {
  const byOwner = new Map<string, number[]>()
  commands.forEach(({ key }, index) => {
    const owner = redis.slots[calculateSlot(key)]?.[0] ?? ''
    const group = byOwner.get(owner)
    if (group) group.push(index)
    else byOwner.set(owner, [index])
  })
  const replies: Reply[] = new Array(commands.length)
  await Promise.all(
    [...byOwner.values()].map(async (indexes) => {
      const group = await groupReplies(
        redis,
        indexes.map((index) => commands[index]!),
      )
      indexes.forEach((index, i) => {
        replies[index] = group[i]!
      })
    }),
  )
  return replies
}

/**
 * While slots move, ioredis finds that a group's keys have no common node and sends nothing; the commands then go one by one and
 * follow their redirections. Any other failure is an unknown outcome, which only the caller can judge: nothing is sent again.
 */
async function groupReplies(redis: RedisClient, commands: Command[]): Promise<Reply[]> {
  try {
    return await send(redis, commands)
  } catch (error) {
    if (!(error instanceof Error) || !error.message.startsWith(NO_COMMON_NODE)) {
      return commands.map(() => ({ error: error as Error, value: null }))
    }
    return Promise.all(commands.map(({ command, args }) => settled(redis.call(command, ...args))))
  }
}

/**
 * The node did not run it: its slot is elsewhere, or on its way there. ioredis follows such an answer for a single command, but for
 * a pipeline only if all of it is sent the same way.
 */
function isRedirected(error: Error | null): boolean {
  return error !== null && /^(MOVED|ASK|TRYAGAIN|CLUSTERDOWN) /.test(error.message)
}

/** ioredis 6, Pipeline.exec. */
const NO_COMMON_NODE = 'All keys in the pipeline should belong to the same slots allocation group'

async function settled(promise: Promise<unknown>): Promise<Reply> {
  try {
    return { error: null, value: await promise }
  } catch (error) {
    return { error: error as Error, value: null }
  }
}
