/**
 * The import table of the house (README, "How it is built"): each floor imports only lower floors, packages of one floor never
 * import each other, services never import each other, and what is foreign and heavy has exactly one place that knows it.
 */
const FLOOR_1 = 'contract|telemetry|redis'
const FLOOR_2 = 'catalog|jobs|lanes|limits|health|providers|accounts|fleet|egress|batches|notifications|blobs'
const FLOOR_3 = 'broker'
/** Beside the floors. */
const CLIENTS = 'cli'
const OURS = '^(packages|services|test|infra)/'

/** A package from npm: where pnpm put it, or by its bare name where it was not even installed. */
const npm = (name) => [`(^|/)node_modules/${name}(/|$)`, `^${name}(/|$)`]

/** `name` may be imported only from these paths. */
const only = (name, path, from, comment) => ({
  name,
  comment,
  severity: 'error',
  from: { pathNot: from },
  to: { path },
})

export default {
  forbidden: [
    {
      name: 'no-loops',
      comment: 'Modules that need each other are one module, or hide a third. Imports of types count.',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'resolves',
      comment: 'Every import leads to a file: also the guard that this check sees what it should.',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
    {
      name: 'floor-1',
      comment: 'contract and telemetry import nothing of ours, redis only contract.',
      severity: 'error',
      from: { path: `^packages/(${FLOOR_1})/` },
      to: { path: OURS, pathNot: ['^packages/$1/', '^packages/contract/'] },
    },
    {
      name: 'telemetry-stands-alone',
      severity: 'error',
      from: { path: '^packages/telemetry/' },
      to: { path: OURS, pathNot: '^packages/telemetry/' },
    },
    {
      name: 'floor-2',
      comment: 'Packages of floor 2 import floor 1 and never each other; broker composes them.',
      severity: 'error',
      from: { path: `^packages/(${FLOOR_2})/` },
      to: { path: OURS, pathNot: ['^packages/$1/', `^packages/(${FLOOR_1})/`] },
    },
    {
      name: 'floor-3',
      severity: 'error',
      from: { path: `^packages/(${FLOOR_3})/` },
      to: { path: OURS, pathNot: ['^packages/$1/', `^packages/(${FLOOR_1}|${FLOOR_2})/`] },
    },
    {
      name: 'cli-from-outside',
      comment: 'The command speaks HTTP, as any client would.',
      severity: 'error',
      from: { path: `^packages/(${CLIENTS})/` },
      to: { path: OURS, pathNot: '^packages/$1/' },
    },
    {
      name: 'nobody-imports-clients',
      severity: 'error',
      from: { pathNot: `^packages/(${CLIENTS})/` },
      to: { path: `^packages/(${CLIENTS})/` },
    },
    {
      name: 'every-package-has-a-floor',
      comment: 'A new package is entered in the table above before anybody imports it.',
      severity: 'error',
      from: {},
      to: { path: '^packages/', pathNot: `^packages/(${FLOOR_1}|${FLOOR_2}|${FLOOR_3}|${CLIENTS})/` },
    },
    {
      name: 'services-apart',
      comment: 'Services compose packages and speak to each other through Redis.',
      severity: 'error',
      from: { path: '^services/([^/]+)/' },
      to: { path: '^(services|test|infra)/', pathNot: '^services/$1/' },
    },
    {
      name: 'simulator-apart',
      comment: 'It stands for foreign APIs: what it shared with us could be wrong on both sides.',
      severity: 'error',
      from: { path: '^services/simulator/' },
      to: { path: OURS, pathNot: ['^services/simulator/', '^packages/contract/'] },
    },
    {
      name: 'tests-from-outside',
      comment: 'test/ is a black box over HTTP.',
      severity: 'error',
      from: { path: '^test/' },
      to: { path: OURS, pathNot: '^test/' },
    },
    {
      name: 'infra-below',
      severity: 'error',
      from: { path: '^infra/' },
      to: { path: OURS, pathNot: ['^infra/', `^packages/(${FLOOR_1})/`] },
    },
    {
      name: 'by-the-front-door',
      comment: 'Another package is imported by its name and exports map, never by a path into it.',
      severity: 'error',
      from: { path: '^((?:packages|services)/[^/]+|test|infra)/' },
      to: { path: OURS, pathNot: '^$1/', dependencyTypes: ['local'] },
    },
    {
      name: 'no-tests-in-products',
      severity: 'error',
      from: { path: '^(packages|services)/', pathNot: ['[.]test[.]ts$', '/testing/'] },
      to: { path: ['[.]test[.]ts$', '/testing/'] },
    },
    {
      name: 'no-dev-dependencies-in-products',
      severity: 'error',
      from: { path: '^(packages|services)/[^/]+/src/', pathNot: ['[.]test[.]ts$', '/testing/'] },
      to: { dependencyTypes: ['npm-dev'], dependencyTypesNot: ['type-only'] },
    },
    only('providers-by-worker', '^packages/providers/', ['^packages/providers/', '^services/worker/']),
    only('egress-by-worker-and-background', '^packages/egress/src/(?!check-url[.])', [
      '^packages/egress/',
      '^services/(worker|background)/',
    ]),
    only('url-checks-where-urls-come-in', '^packages/egress/src/check-url[.]', [
      '^packages/egress/',
      '^services/(ingress|worker|background)/',
    ]),
    only('bullmq-in-lanes', npm('bullmq'), ['^packages/lanes/', '^test/bench/', 'node_modules']),
    only('ai-sdk-in-providers', npm('@ai-sdk'), ['^packages/providers/', 'node_modules']),
    only('ioredis-in-redis', npm('ioredis'), ['^packages/(redis|lanes)/', '^test/(bench|chaos)/', 'node_modules']),
    only('opentelemetry-in-telemetry', npm('@opentelemetry'), ['^packages/telemetry/', 'node_modules']),
    only('pino-in-telemetry', npm('pino'), ['^packages/telemetry/', 'node_modules']),
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '__fixtures__' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'infra/tsconfig.base.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['types', 'import', 'node', 'default'],
      extensions: ['.ts', '.mts', '.mjs', '.js', '.json', '.d.ts'],
    },
  },
}
