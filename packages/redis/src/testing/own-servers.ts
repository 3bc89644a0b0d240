import { inject } from 'vitest'
import type { OwnServers } from './start-servers.ts'

/** For `describe.each`: what `start-servers.ts` started for this package alone. */
export const OWN_SERVERS: OwnServers = inject('servers')
