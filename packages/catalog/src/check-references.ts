import type { PathProblem } from './catalog-problem.ts'
import type { CatalogFile } from './catalog-schema.ts'
import { nearestName } from './nearest-name.ts'

/** Names in the file that lead nowhere, and deployments that a route would try twice. */
export function checkReferences(file: CatalogFile): PathProblem[] {
  const problems: PathProblem[] = []
  const expect = (kind: string, known: string[], name: string, path: (string | number)[]) => {
    if (known.includes(name)) return
    const meant = nearestName(name, known)
    problems.push({ path, reason: `no ${kind} is called ${name}${meant === null ? '' : `; did you mean ${meant}?`}` })
  }

  const providers = Object.keys(file.providers)
  const classes = Object.keys(file.classes)
  const deployments = Object.keys(file.deployments)

  for (const [name, deployment] of Object.entries(file.deployments)) {
    expect('provider', providers, deployment.provider, ['deployments', name, 'provider'])
    expect('class', classes, deployment.class, ['deployments', name, 'class'])
    const kind = file.providers[deployment.provider]?.kind
    if (deployment.api === 'responses' && kind !== undefined && kind !== 'openai') {
      problems.push({ path: ['deployments', name, 'api'], reason: `a provider of kind ${kind} has no Responses API` })
    }
  }

  for (const [name, model] of Object.entries(file.models)) {
    const seen = new Set<string>()
    for (const { deployment, path } of [...routeEntries(model.route), ...candidateEntries(model.candidates)]) {
      expect('deployment', deployments, deployment, ['models', name, ...path])
      if (seen.has(deployment)) {
        problems.push({ path: ['models', name, ...path], reason: `${deployment} is already in this route` })
      }
      seen.add(deployment)
    }
    for (const [task, deployment] of Object.entries(model.tasks ?? {})) {
      expect('deployment', deployments, deployment, ['models', name, 'tasks', task])
    }
  }
  return problems
}

interface Entry {
  deployment: string
  path: (string | number)[]
}

function routeEntries(route: (string | string[])[] = []): Entry[] {
  return route.flatMap((hop, i) =>
    typeof hop === 'string'
      ? [{ deployment: hop, path: ['route', i] }]
      : hop.map((deployment, j) => ({ deployment, path: ['route', i, j] })),
  )
}

function candidateEntries(candidates: string[] = []): Entry[] {
  return candidates.map((deployment, i) => ({ deployment, path: ['candidates', i] }))
}
