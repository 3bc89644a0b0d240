import type { Logger } from '@switchyard/telemetry/logger'
import { findFreePort, isPortTaken, requireFreePort } from './free-port.ts'
import type { StackSettings } from './stack-settings.ts'

/**
 * Where the control listener goes: the port that was asked for (throws `SettingsError` where it is taken), else the one after `PORT`, or
 * any free one where another program has that: several stacks then still run beside each other by their own `PORT` alone.
 */
export async function findControlPort(settings: StackSettings, patienceMs: number, log: Logger): Promise<number> {
  const { controlPort, controlHost, isControlPortGiven } = settings
  if (controlPort === 0) return findFreePort()
  if (isControlPortGiven) {
    await requireFreePort(controlPort, controlHost, patienceMs, 'CONTROL_PORT')
    return controlPort
  }
  if (patienceMs === 0 && (await isPortTaken(controlPort, controlHost))) {
    const instead = await findFreePort()
    log.warn({ taken: controlPort, instead }, 'the control listener takes another port')
    return instead
  }
  return controlPort
}
