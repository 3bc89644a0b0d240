import { mkdtemp } from 'node:fs/promises'
import { join } from 'node:path'
import type { Rig } from './rig.ts'
import { startPortkey } from './start-portkey.ts'
import { startPrototype } from './start-prototype.ts'
import { startProxy } from './start-proxy.ts'
import { startSwitchyard } from './start-switchyard.ts'
import { headersWith, PROVIDER_KEY, SIMULATOR_PATH, type Variant, type VariantName } from './variant.ts'

/** Starts one variant of its own; null where it can't be had on this machine. */
export async function startVariant(name: VariantName, rig: Rig, nodeOptions: string[] = []): Promise<Variant | null> {
  const { crew, simulator } = rig
  switch (name) {
    case 'direct':
      return {
        target: { origin: simulator.url, path: SIMULATOR_PATH, headers: headersWith(PROVIDER_KEY) },
        processes: {},
        logFile: '',
        stop: async () => {},
      }
    case 'proxy':
      return startProxy(crew, simulator.url, nodeOptions)
    case 'prototype': {
      const directory = await mkdtemp(join(rig.directory, 'prototype-'))
      return startPrototype(crew, simulator.url, { directory, nodeOptions })
    }
    case 'portkey':
      return startPortkey(crew, simulator.url, rig.options.portkeyNode, nodeOptions)
    case 'switchyard': {
      const directory = await mkdtemp(join(rig.directory, 'stack-'))
      return startSwitchyard(crew, simulator.url, { directory, nodeOptions })
    }
  }
}
