import { randomBytes } from 'node:crypto'

/** Content chunks of every measured stream. */
export const CHUNKS = 50

/** Some 400 characters that need no escape in JSON: 50 chunks of 8. */
const WORDS =
  'the switch engine sorts the wagons of a freight train onto the tracks of the yard while the yardmaster reads the waybills and calls each cut by its number until every wagon stands in the block that it will leave with and the road crew couples the blocks tests the brakes and waits for the signal at the throat to clear before the long train rolls slowly out of the yard and onto the main line at dusk'

const run = randomBytes(4).toString('hex')
let made = 0

export interface Prompt {
  body: string
  /** What a right answer says: no other request of this run has the same. */
  text: string
}

/** A chat request whose answer is known: the simulator gives back what stands behind `echo:`. */
export function makePrompt(model: string, stream: boolean): Prompt {
  const text = `${run}-${(++made).toString(36).padStart(8, '0')} ${WORDS}`
  const body = `{"model":"${model}","stream":${stream},"messages":[{"role":"system","content":"You repeat what you are told."},{"role":"user","content":"echo: ${text}"}]}`
  return { body, text }
}
