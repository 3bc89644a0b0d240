import { existsSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { METRICS, type MetricDefinition } from '@switchyard/telemetry/metrics'
import { Ajv } from 'ajv'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { catalogFacts } from '../stack/catalog-facts.ts'
import { SERVICE_FILES } from '../stack/services.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const read = (file: string): unknown => parse(readFileSync(join(root, file), 'utf8'), { merge: true })

interface Compose {
  secrets?: Record<string, { environment: string }>
  services: Record<
    string,
    { image: string; command?: string[]; environment?: Record<string, string>; volumes?: string[] }
  >
}

/** The compose specification's schema as the package dclint brings it: https://github.com/compose-spec/compose-spec/tree/main/schema */
function compileComposeSchema() {
  const dclint = dirname(createRequire(import.meta.url).resolve('dclint/package.json'))
  // Its $schema is draft 07 under a name that Ajv does not know; draft 07 is Ajv's own default.
  const { $schema: _, ...schema } = JSON.parse(readFileSync(join(dclint, 'schemas/compose.schema.json'), 'utf8'))
  return new Ajv({ strict: false, allErrors: true, validateFormats: false }).compile(schema)
}

describe('docker-compose.yml', () => {
  const compose = read('docker-compose.yml') as Compose
  // Half a second of work, and many times that on a busy machine: once for both tests.
  const validate = compileComposeSchema()
  const ours = Object.entries(compose.services).filter(([, service]) => service.image === 'switchyard')

  it("is valid by the compose specification's schema", () => {
    validate(compose)
    expect(validate.errors ?? []).toEqual([])
  })

  it('would not be with a misspelt key, a wrong type or a condition that does not exist', () => {
    const broken = (change: (copy: { services: Record<string, Record<string, unknown>> }) => void) => {
      const copy = structuredClone(compose) as never
      change(copy)
      return validate(copy)
    }
    expect(broken((copy) => Object.assign(copy.services.worker ?? {}, { comand: 'node' }))).toBe(false)
    expect(broken((copy) => Object.assign(copy.services.worker ?? {}, { init: 3 }))).toBe(false)
    expect(
      broken((copy) => Object.assign(copy.services.worker ?? {}, { depends_on: { redis: { condition: 'up' } } })),
    ).toBe(false)
  })

  it('runs every service that npm start runs, from files that exist', () => {
    const files = ours.map(([, service]) => service.command?.at(-1))
    expect([...new Set(files)].sort()).toEqual(Object.values(SERVICE_FILES).sort())
    expect(Object.values(SERVICE_FILES).filter((file) => !existsSync(join(root, file)))).toEqual([])
    expect(ours.filter(([, service]) => service.environment?.SWITCHYARD_WORKER_ROLE === 'suspect')).toHaveLength(1)
  })

  it('gives provider credentials to workers, the API key to ingress, what webhooks are signed with to those who sign, and to nobody else', () => {
    const variables = catalogFacts(read('infra/catalog.yaml')).credentialVariables
    for (const [name, { command, environment = {} }] of ours) {
      const isWorker = command?.[1] === SERVICE_FILES.worker
      const given = variables.filter((variable) => variable in environment)
      expect([name, given]).toEqual([name, isWorker ? variables : []])
      expect([name, 'SWITCHYARD_API_KEY' in environment]).toEqual([name, name === 'ingress'])
      const signs = name === 'ingress' || name === 'background'
      expect([name, 'SWITCHYARD_SECRET' in environment]).toEqual([name, signs])
      expect(environment).not.toHaveProperty('SWITCHYARD_WEBHOOK_ALLOW_LOOPBACK')
    }
  })

  it('mounts files that exist', () => {
    const mounts = Object.values(compose.services).flatMap((service) => service.volumes ?? [])
    const files = mounts.map((mount) => mount.split(':')[0] ?? '').filter((source) => source.startsWith('./'))
    expect(files).toHaveLength(3)
    expect(files.filter((file) => !existsSync(join(root, file)))).toEqual([])
  })
})

describe('otel-collector.yaml', () => {
  it('uses in its pipelines what it defines', () => {
    const config = read('infra/otel-collector.yaml') as Record<string, Record<string, unknown>>
    const pipelines = config.service?.pipelines as Record<string, Record<string, string[]>>
    for (const pipeline of Object.values(pipelines)) {
      for (const [kind, names] of Object.entries(pipeline)) {
        expect(Object.keys(config[kind] ?? {})).toEqual(expect.arrayContaining(names))
      }
    }
  })
})

describe('prometheus', () => {
  it('scrapes the control listener where the composition has it, with the key that it gets', () => {
    const compose = read('docker-compose.yml') as Compose
    const config = read('infra/prometheus/prometheus.yaml') as {
      scrape_configs: {
        static_configs: { targets: string[] }[]
        authorization: { credentials_file: string }
        metrics_path?: string
      }[]
    }
    const [scrape] = config.scrape_configs
    const { CONTROL_PORT, CONTROL_NAMES } = compose.services.control?.environment ?? {}
    expect(scrape?.static_configs).toEqual([{ targets: [`control:${CONTROL_PORT}`] }])
    expect(CONTROL_NAMES).toBe('control')
    expect(scrape?.authorization.credentials_file).toBe('/run/secrets/api-key')
    expect(compose.secrets).toEqual({ 'api-key': { environment: 'SWITCHYARD_API_KEY' } })
  })

  it('has a dashboard of metrics that exist, with labels that they have', () => {
    const dashboard = JSON.parse(readFileSync(join(root, 'infra/prometheus/dashboard.json'), 'utf8')) as {
      panels: { title: string; targets: { expr: string; legendFormat: string }[] }[]
    }
    const metrics = METRICS as Record<string, MetricDefinition>
    for (const { title, targets } of dashboard.panels) {
      for (const { expr, legendFormat } of targets) {
        const names = [...expr.matchAll(/switchyard_[a-z_]+/g)].map(([name]) => name.replace(/_bucket$/, ''))
        expect(names.length, title).toBeGreaterThan(0)
        const labels = [...legendFormat.matchAll(/\{\{(\w+)\}\}/g)].map(([, label]) => label)
        for (const name of names) {
          expect(metrics[name], `${title}: ${name}`).toBeDefined()
          expect(metrics[name]?.labels, `${title}: ${name}`).toEqual(expect.arrayContaining(labels))
        }
      }
    }
  })
})
