import { fileURLToPath } from 'node:url'

/** A file of the checkout by its path from the root. */
export function checkout(path: string): string {
  return fileURLToPath(new URL(`../../${path}`, import.meta.url))
}
