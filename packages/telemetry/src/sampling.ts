/** Whether a trace is recorded, decided before any span of it exists. `parent` undefined: the trace begins here. */
export type Sampler = (traceId: string, parent: { sampled: boolean } | undefined) => boolean

/**
 * The sampler that `OTEL_TRACES_SAMPLER` and `OTEL_TRACES_SAMPLER_ARG` ask for
 * (https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/). Unknown names and ratios that are
 * no number between 0 and 1 mean the default, `parentbased_always_on`.
 */
export function samplerFromEnvironment(env: NodeJS.ProcessEnv): Sampler {
  const ratio = traceIdRatio(readRatio(env.OTEL_TRACES_SAMPLER_ARG))
  switch (env.OTEL_TRACES_SAMPLER) {
    case 'always_on':
      return () => true
    case 'always_off':
      return () => false
    case 'traceidratio':
      return (traceId) => ratio(traceId)
    case 'parentbased_always_off':
      return (_, parent) => parent?.sampled ?? false
    case 'parentbased_traceidratio':
      return (traceId, parent) => parent?.sampled ?? ratio(traceId)
    default:
      return (_, parent) => parent?.sampled ?? true
  }
}

function readRatio(text: string | undefined): number {
  const ratio = text === undefined || text.trim() === '' ? 1 : Number(text)
  return ratio >= 0 && ratio <= 1 ? ratio : 1
}

/** The same trace id gets the same answer in every process: its last 52 bits (W3C's random part) are compared with the share. */
function traceIdRatio(ratio: number): (traceId: string) => boolean {
  const bound = ratio * 2 ** 52
  return (traceId) => Number.parseInt(traceId.slice(-13), 16) < bound
}
