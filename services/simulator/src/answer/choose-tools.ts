import type { Prompt, PromptTool } from './prompt.ts'

/**
 * Which of the offered tools the answer calls, in order: those whose name the last user text mentions, one at least when the
 * choice is `required`, just the named one when it names one. None after tool results, unless forced; one where parallel
 * calls are off.
 */
export function chooseTools(prompt: Prompt, lastUserText: string, afterResults: boolean): PromptTool[] {
  const { tools, toolChoice } = prompt
  if (tools.length === 0 || toolChoice === 'none') return []
  if (typeof toolChoice === 'object') return tools.filter((tool) => tool.name === toolChoice.name).slice(0, 1)
  if (toolChoice === 'auto' && afterResults) return []
  const mentioned = tools
    .map((tool) => ({ tool, at: mention(lastUserText, tool.name) }))
    .filter(({ at }) => at >= 0)
    .sort((a, b) => a.at - b.at)
    .map(({ tool }) => tool)
  const chosen = mentioned.length === 0 && toolChoice === 'required' ? tools.slice(0, 1) : mentioned
  return prompt.parallelTools ? chosen : chosen.slice(0, 1)
}

/** Where a text names a tool (`get_weather` or `get weather`), or -1. */
function mention(text: string, name: string): number {
  const words = name.replace(/[.*+?^${}()|[\]\\]/g, '\\$&').replace(/[_-]/g, '[ _-]')
  return text.search(new RegExp(`(?<![\\w-])${words}(?![\\w-])`, 'i'))
}
