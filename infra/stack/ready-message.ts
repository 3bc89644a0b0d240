/**
 * What `npm start` prints once a request will succeed. The first line is a contract (scripts wait for it), then what to know
 * about simulated providers, and a request to paste.
 */
export function readyMessage(stack: {
  url: string
  /** Of the control listener. */
  controlUrl: string
  apiKey: string
  model: string
  /** The variables that would bring real providers; null where the simulator does not run. */
  simulatedFor: readonly string[] | null
}): string {
  const { url, controlUrl, apiKey, model, simulatedFor } = stack
  const body = JSON.stringify({ model, messages: [{ role: 'user', content: 'Say hello.' }] })
  return [
    `switchyard ready ${url} key ${apiKey}`,
    '',
    ...(simulatedFor === null ? [] : [...simulatorNote(simulatedFor), '']),
    `Numbers for Prometheus: ${controlUrl}/metrics`,
    '',
    `curl ${url}/v1/chat/completions -H 'authorization: Bearer ${apiKey}' -H 'content-type: application/json' -d '${body}'`,
    '',
  ].join('\n')
}

function simulatorNote(variables: readonly string[]): string[] {
  if (variables.length === 0) return ['Answers come from the simulator (SWITCHYARD_SIMULATOR=on).']
  return [
    'Answers come from the simulator wherever a provider has no credential.',
    `For real ones set ${variables.join(', ')} and start again.`,
  ]
}
