import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { openInspector } from './inspector.ts'
import { pacedStreams } from './measure-first-token.ts'
import { measureLoad } from './measure-load.ts'
import { STREAMED, WHOLE } from './measure-saturation.ts'
import type { Rig } from './rig.ts'
import type { Variant } from './variant.ts'

const EVERY_US = 250

const LOADS = [
  ['json', WHOLE],
  ['streams', STREAMED],
  ['paced-streams', pacedStreams(200)],
] as const

/** Writes `<load>-<process>.cpuprofile` of ingress and worker under each load; Chrome's developer tools show them. */
export async function profileSwitchyard(rig: Rig, variant: Variant, directory: string): Promise<void> {
  await mkdir(directory, { recursive: true })
  for (const process of ['ingress', 'worker']) {
    const [pid = 0] = variant.processes[process] ?? []
    const inspector = await openInspector(pid, variant.logFile)
    await inspector.send('Profiler.enable')
    await inspector.send('Profiler.setSamplingInterval', { interval: EVERY_US })
    for (const [load, shape] of LOADS) {
      rig.say(`profile of ${process}, ${load}`)
      await inspector.send('Profiler.start')
      await measureLoad(rig, `profile, ${load}`, variant, shape)
      const { profile } = (await inspector.send('Profiler.stop')) as { profile: object }
      await writeFile(join(directory, `${load}-${process}.cpuprofile`), JSON.stringify(profile))
    }
    inspector.close()
  }
}
