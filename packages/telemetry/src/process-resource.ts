import { hostname } from 'node:os'
import {
  defaultResource,
  detectResources,
  envDetector,
  type Resource,
  resourceFromAttributes,
} from '@opentelemetry/resources'

/** Who speaks, in the convention's words. `OTEL_SERVICE_NAME` and `OTEL_RESOURCE_ATTRIBUTES` win over what we say. */
export function describeProcess(identity: { service: string; version: string; instance: string }): Resource {
  return defaultResource()
    .merge(
      resourceFromAttributes({
        'service.name': `switchyard-${identity.service}`,
        'service.namespace': 'switchyard',
        'service.version': identity.version,
        'service.instance.id': identity.instance,
        'host.name': hostname(),
        'process.pid': process.pid,
      }),
    )
    .merge(detectResources({ detectors: [envDetector] }))
}
