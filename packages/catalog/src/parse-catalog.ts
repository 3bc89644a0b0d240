import { createHash } from 'node:crypto'
import { LineCounter, parseDocument } from 'yaml'
import type { Catalog } from './catalog.ts'
import { type CatalogProblem, type PathProblem, pathText } from './catalog-problem.ts'
import { catalogSchema } from './catalog-schema.ts'
import { checkReferences } from './check-references.ts'
import { resolveCatalog } from './resolve-catalog.ts'
import { schemaProblems } from './schema-problems.ts'
import { substituteVariables } from './substitute-variables.ts'

const MAX_CHARACTERS = 1_000_000

/**
 * Reads a catalog (interface.md §2): YAML, then variables, then shape, then references, then defaults. Either the catalog or
 * every problem found, each with its place in `file`. Never throws on a bad file, so that a live reload can keep the old one.
 */
export function parseCatalog(
  text: string,
  options: { file: string; env: Record<string, string | undefined> },
): { catalog: Catalog } | { problems: CatalogProblem[] } {
  const { file, env } = options
  if (text.length > MAX_CHARACTERS) {
    return { problems: [{ file, path: '', reason: `is larger than ${MAX_CHARACTERS} characters` }] }
  }

  const lines = new LineCounter()
  // prettyErrors would quote the file in its messages, and a file may hold what it should not.
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false })
  if (document.errors.length > 0) {
    return {
      problems: document.errors.map((error) => ({
        file,
        path: '',
        line: lines.linePos(error.pos[0]).line,
        reason: `is not valid YAML: ${error.message}`,
      })),
    }
  }

  const placed = (problems: PathProblem[]): { problems: CatalogProblem[] } => ({
    problems: problems
      .map(({ path, reason }) => ({ file, path: pathText(path), line: lineOf(document, lines, path), reason }))
      .sort((a, b) => (a.line ?? 0) - (b.line ?? 0)),
  })

  let plain: unknown
  try {
    plain = document.toJS({ maxAliasCount: 100 })
  } catch (error) {
    return placed([{ path: [], reason: `can't be read: ${error instanceof Error ? error.message : String(error)}` }])
  }

  const { value, problems: unset } = substituteVariables(plain, env)
  const shape = catalogSchema.safeParse(value)
  const malformed = shape.success ? [] : schemaProblems(catalogSchema, value, shape.error)
  if (!shape.success || unset.length > 0) return placed(firstOfEachPath([...unset, ...malformed]))

  const dangling = checkReferences(shape.data)
  if (dangling.length > 0) return placed(dangling)

  return { catalog: resolveCatalog(shape.data, createHash('sha256').update(text).digest('hex').slice(0, 12)) }
}

/** One line for each problem: `infra/catalog.yaml:14 deployments.opus.limits.rpm: must be a positive whole number`. */
export function formatProblems(problems: CatalogProblem[]): string {
  return problems
    .map(
      ({ file, line, path, reason }) =>
        `${file}${line === undefined ? '' : `:${line}`}${path && ` ${path}`}: ${reason}`,
    )
    .join('\n')
}

/** The line of a place in the file, or of the nearest place around it. */
function lineOf(
  document: ReturnType<typeof parseDocument>,
  lines: LineCounter,
  path: (string | number)[],
): number | undefined {
  for (let length = path.length; length > 0; length--) {
    const node = document.getIn(path.slice(0, length), true)
    if (typeof node === 'object' && node !== null && 'range' in node && Array.isArray(node.range)) {
      return lines.linePos(node.range[0]).line
    }
  }
  return undefined
}

function firstOfEachPath(problems: PathProblem[]): PathProblem[] {
  const seen = new Set<string>()
  return problems.filter(({ path }) => {
    const text = pathText(path)
    return seen.has(text) ? false : seen.add(text)
  })
}
