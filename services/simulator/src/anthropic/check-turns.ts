import type { ClaudeMessage, MessageBlock } from './messages-request.ts'

/** What the API demands of the order of turns and of tool calls and their results. The complaint as text, or null. */
export function checkTurns(messages: ClaudeMessage[], refusesPrefill: boolean): string | null {
  for (const [i, { role, content }] of messages.entries()) {
    if (role !== 'user' && role !== 'assistant') {
      return `messages: Unexpected role "${role}". The Messages API accepts a top-level \`system\` parameter, not "system" as an input message role.`
    }
    const last = i === messages.length - 1
    if (content.length === 0 && !(last && role === 'assistant')) {
      return `messages.${i}: all messages must have non-empty content except for the optional final assistant message`
    }
    const empty = blocksOf(content).some((block) => block.type === 'text' && block.text === '')
    if (empty) return 'messages: text content blocks must be non-empty'
  }
  if (messages[0]!.role !== 'user') return 'messages: first message must use the "user" role'
  const last = messages.at(-1)!
  if (last.role === 'assistant') {
    if (refusesPrefill) {
      return 'This model does not support assistant message prefill. The conversation must end with a user message.'
    }
    const text = typeof last.content === 'string' ? last.content : ''
    if (text !== text.trimEnd()) return 'messages: final assistant content cannot end with trailing whitespace'
  }
  return checkToolTraffic(messages)
}

function checkToolTraffic(messages: ClaudeMessage[]): string | null {
  let open: string[] = []
  for (const [i, { role, content }] of messages.entries()) {
    const blocks = blocksOf(content)
    const results = blocks.flatMap((block) => (block.type === 'tool_result' ? [block.tool_use_id] : []))
    const orphan = results.findIndex((id) => !open.includes(id))
    if (orphan >= 0) {
      return `messages.${i}.content.${orphan}: unexpected \`tool_use_id\` found in \`tool_result\` blocks: ${results[orphan]}. Each \`tool_result\` block must have a corresponding \`tool_use\` block in the previous message.`
    }
    const unanswered = open.filter((id) => !results.includes(id))
    if (unanswered.length > 0) return withoutResult(i - 1, unanswered)
    open = role === 'assistant' ? blocks.flatMap((block) => (block.type === 'tool_use' ? [block.id] : [])) : []
    if (new Set(open).size < open.length) return `messages.${i}.content: \`tool_use\` ids must be unique`
  }
  return open.length === 0 ? null : withoutResult(messages.length - 1, open)
}

function withoutResult(index: number, ids: string[]): string {
  return `messages.${index}: \`tool_use\` ids were found without \`tool_result\` blocks immediately after: ${ids.join(', ')}. Each \`tool_use\` block must have a corresponding \`tool_result\` block in the next message.`
}

function blocksOf(content: ClaudeMessage['content']): MessageBlock[] {
  return typeof content === 'string' ? [] : content
}
