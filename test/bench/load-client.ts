// The load client: a process of its own, so that its CPU time is in nobody's figures. Takes commands over IPC, one at a time.
import { holdStreams, type OpenStreams } from './hold-streams.ts'
import type { Answer, Command, Held, Measured } from './load.ts'
import { runLoad } from './run-load.ts'

let open: OpenStreams | undefined

async function obey(command: Command): Promise<Measured | Held> {
  switch (command.do) {
    case 'run':
      return runLoad(command.load)
    case 'hold':
      open = await holdStreams(command.hold)
      return open.held
    case 'release': {
      const held = open?.held ?? { failed: 0, failures: [] }
      open?.release()
      open = undefined
      return held
    }
  }
}

process.on('message', (command: Command) => {
  obey(command).then(
    (value) => process.send?.({ ok: true, value } satisfies Answer),
    (error: unknown) => process.send?.({ ok: false, reason: String(error) } satisfies Answer),
  )
})
process.on('disconnect', () => process.exit(0))
// A terminal's Ctrl-C reaches the whole group; the bench ends this process in its own time.
process.on('SIGINT', () => {})
