/**
 * Whether the simulator runs. `auto` means: providers want credentials and not one of them is there. A catalog that wants
 * none (servers of one's own) needs no simulator either.
 */
export function needsSimulator(
  mode: 'on' | 'off' | 'auto',
  credentialVariables: readonly string[],
  env: NodeJS.ProcessEnv,
): boolean {
  if (mode !== 'auto') return mode === 'on'
  return credentialVariables.length > 0 && credentialVariables.every((name) => !env[name]?.trim())
}
