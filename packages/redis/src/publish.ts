import type { Command } from './pipeline.ts'

/** A message to one channel as a pipeline command. Sharded: only the node that owns the channel's slot carries it. */
export function publishCommand(channel: string, message: string): Command {
  return { key: channel, command: 'spublish', args: [channel, message] }
}
