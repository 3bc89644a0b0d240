/** Parameters that the two dialects of OpenAI name differently. Planning and translation speak chat; clients of responses get their own words. */
const NAMES: readonly [chat: string, responses: string][] = [
  ['max_completion_tokens', 'max_output_tokens'],
  ['response_format', 'text.format'],
  ['reasoning_effort', 'reasoning.effort'],
  ['verbosity', 'text.verbosity'],
  ['messages', 'input'],
]
const TO_RESPONSES = new Map(NAMES)
const TO_CHAT = new Map(NAMES.map(([chat, responses]) => [responses, chat]))

/** A chat parameter (or a path into the messages) by its name in a Responses request; `places` as in `toChatRequest`. */
export function responsesName(chatName: string, places: readonly string[] = []): string {
  const path = /^messages\[(\d+)\](.*)$/.exec(chatName)
  if (path) {
    const place = places[Number(path[1])] ?? 'input'
    // A tool call is an item of its own here, a string input has no parts.
    return place === 'instructions' || place === 'input' ? place : place + path[2]!.replace(/^\.tool_calls.*/, '')
  }
  return TO_RESPONSES.get(chatName) ?? chatName
}

export function chatName(responsesName: string): string {
  return TO_CHAT.get(responsesName) ?? responsesName
}

/** A sentence about chat parameters for a client of responses. */
export function inResponsesWords(message: string): string {
  return message.replace(/\b(max_completion_tokens|response_format|reasoning_effort)\b/g, (name) => responsesName(name))
}
