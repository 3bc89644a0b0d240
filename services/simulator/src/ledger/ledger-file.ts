import { once } from 'node:events'
import { createWriteStream } from 'node:fs'
import type { Ledger } from './ledger.ts'

/**
 * Appends every begin and end of a call to a JSONL file: `{"seq","type","call"}` per line. `stop` writes what is left.
 *
 * @throws when the file can't be opened
 */
export async function startLedgerFile(path: string, ledger: Ledger): Promise<{ stop(): Promise<void> }> {
  const file = createWriteStream(path, { flags: 'a' })
  await once(file, 'open')
  file.on('error', (error) => console.error(`simulator: the ledger file can't be written: ${error.message}`))
  const unsubscribe = ledger.subscribe((event) => file.write(`${JSON.stringify(event)}\n`))
  let stopped: Promise<void> | undefined
  return {
    stop() {
      unsubscribe()
      stopped ??= new Promise((resolve) => file.end(() => resolve()))
      return stopped
    },
  }
}
