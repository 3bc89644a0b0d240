/** Why a catalog file was refused: where, in words of the file, and what would be right. Never holds a value of `apiKey`. */
export interface CatalogProblem {
  file: string
  /** `deployments.opus.limits.rpm`; empty for the file as a whole. */
  path: string
  /** From 1; absent where the place has no line of its own. */
  line?: number
  reason: string
}

/** A problem before it has a place in the file. */
export interface PathProblem {
  path: (string | number)[]
  reason: string
}

export function pathText(path: readonly (string | number)[]): string {
  return path.reduce<string>(
    (text, step) => (typeof step === 'number' ? `${text}[${step}]` : text === '' ? step : `${text}.${step}`),
    '',
  )
}
