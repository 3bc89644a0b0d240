import type { FastifyInstance } from 'fastify'
import { documents } from './documents.ts'
import { cancelJob } from './endpoints/cancel-job.ts'
import { createChatCompletion } from './endpoints/create-chat-completion.ts'
import { getJob } from './endpoints/get-job.ts'
import { getJobEvents } from './endpoints/get-job-events.ts'
import { getJobResult } from './endpoints/get-job-result.ts'
import { healthz, readyz } from './endpoints/health.ts'
import { listJobs } from './endpoints/list-jobs.ts'
import { getModel, listModels } from './endpoints/list-models.ts'
import type { Ingress } from './ingress.ts'

/** Bodies of requests that have none to speak of. */
const SMALL_BODY_BYTES = 4_096

/** Every endpoint with who may call it and what the document says of it. */
export function registerRoutes(app: FastifyInstance, ingress: Ingress): void {
  const inference = { access: 'key', json: true } as const
  const key = { access: 'key' } as const
  const open = { access: 'public' } as const

  app.post('/v1/chat/completions', { config: inference, schema: documents.createChatCompletion }, (request, reply) =>
    createChatCompletion(ingress, request, reply),
  )
  app.get('/v1/models', { config: key, schema: documents.listModels }, async () => listModels(ingress))
  app.get('/v1/models/:model', { config: key, schema: documents.getModel }, async (request) =>
    getModel(ingress, request),
  )
  app.get('/v1/jobs', { config: key, schema: documents.listJobs }, (request) => listJobs(ingress, request))
  app.get('/v1/jobs/:job_id', { config: key, schema: documents.getJob }, (request) => getJob(ingress, request))
  app.get('/v1/jobs/:job_id/result', { config: key, schema: documents.getJobResult }, (request, reply) =>
    getJobResult(ingress, request, reply),
  )
  app.get('/v1/jobs/:job_id/events', { config: key, schema: documents.getJobEvents }, (request, reply) =>
    getJobEvents(ingress, request, reply),
  )
  app.register(async (bodiless) => {
    // Whatever a client sends along is read and forgotten.
    bodiless.addContentTypeParser('*', { parseAs: 'buffer', bodyLimit: SMALL_BODY_BYTES }, (_request, _body, done) =>
      done(null, undefined),
    )
    bodiless.post(
      '/v1/jobs/:job_id/cancel',
      { config: key, schema: documents.cancelJob, bodyLimit: SMALL_BODY_BYTES },
      (request) => cancelJob(ingress, request),
    )
  })
  app.get('/healthz', { config: open, schema: documents.healthz, exposeHeadRoute: true }, async () => healthz())
  app.get('/readyz', { config: open, schema: documents.readyz, exposeHeadRoute: true }, () => readyz(ingress))
}
