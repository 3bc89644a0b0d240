import { createHash } from 'node:crypto'
import type { SwitchyardOptions } from '@switchyard/contract/switchyard-options'

/**
 * What makes two requests of an endpoint the same for `cache: exact`: the body as canonical JSON (keys in order) without `switchyard`, and
 * of that whatever says who may answer and with what: an answer must not reach a caller who has denied the deployment that gave it, nor
 * one of the quick model a caller whose task is for the deep one.
 */
export function answerDigest(endpoint: string, body: object, options: SwitchyardOptions): string {
  const { switchyard: _, ...own } = body as { switchyard?: unknown }
  const { allow, deny, unsupported, task, strategy } = options
  const bounds = { allow: allow?.toSorted(), deny: deny?.toSorted(), unsupported, task, strategy }
  return createHash('sha256')
    .update(JSON.stringify([endpoint, inOrder(own), inOrder(bounds)]))
    .digest('base64url')
}

/** Depth is bounded by who read the body. */
function inOrder(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map(inOrder)
  // Pairs, not an object: keys that look like numbers would come first there, and no key can be special.
  return {
    o: Object.entries(value)
      .toSorted(byKey)
      .map(([key, child]) => [key, inOrder(child)]),
  }
}

function byKey([a]: [string, unknown], [b]: [string, unknown]): number {
  return a < b ? -1 : 1
}
