import type { FastifyContextConfig, FastifyInstance, FastifyPluginAsync } from 'fastify'
import { documents } from './documents.ts'
import { cancelJob } from './endpoints/cancel-job.ts'
import { cancelResponse } from './endpoints/cancel-response.ts'
import { cancelBatch, pauseBatch, resumeBatch, retryFailedLines } from './endpoints/control-batch.ts'
import { createBatch } from './endpoints/create-batch.ts'
import { createChatCompletion } from './endpoints/create-chat-completion.ts'
import { createFile } from './endpoints/create-file.ts'
import { createResponse } from './endpoints/create-response.ts'
import { deleteFile } from './endpoints/delete-file.ts'
import { deleteResponse } from './endpoints/delete-response.ts'
import { explainRoute } from './endpoints/explain-route.ts'
import { getBatch } from './endpoints/get-batch.ts'
import { getBatchOutput } from './endpoints/get-batch-output.ts'
import { getFile } from './endpoints/get-file.ts'
import { getFileContent } from './endpoints/get-file-content.ts'
import { getJob } from './endpoints/get-job.ts'
import { getJobEvents } from './endpoints/get-job-events.ts'
import { getJobResult } from './endpoints/get-job-result.ts'
import { getResponse } from './endpoints/get-response.ts'
import { healthz, readyz } from './endpoints/health.ts'
import { listBatches } from './endpoints/list-batches.ts'
import { listFiles } from './endpoints/list-files.ts'
import { listInputItems } from './endpoints/list-input-items.ts'
import { listJobs } from './endpoints/list-jobs.ts'
import { getModel, listModels } from './endpoints/list-models.ts'
import type { Ingress } from './ingress.ts'
import { registerWebhookRoutes } from './webhook-routes.ts'

/** Bodies of requests that have none to speak of. */
const SMALL_BODY_BYTES = 4_096
/** Of a request for a batch: 16 pairs of metadata are 9 KB of text at most, escaped some more. */
const SMALL_JSON_BYTES = 64 * 1_024

/** Every endpoint with who may call it and what the document says of it. */
export function registerRoutes(app: FastifyInstance, ingress: Ingress): void {
  const open = { access: 'public' } as const
  const inference = { access: 'inference', json: true } as const
  const models = { access: 'models.read' } as const
  const jobs = { access: 'jobs.read' } as const
  const cancelling = { access: 'jobs.cancel' } as const
  const files = { access: 'files.read' } as const
  const filing = { access: 'files.write' } as const

  app.post('/v1/chat/completions', { config: inference, schema: documents.createChatCompletion }, (request, reply) =>
    createChatCompletion(ingress, request, reply),
  )
  app.post('/v1/responses', { config: inference, schema: documents.createResponse }, (request, reply) =>
    createResponse(ingress, request, reply),
  )
  app.post('/v1/route', { config: inference, schema: documents.explainRoute }, (request) =>
    explainRoute(ingress, request),
  )
  app.get('/v1/responses/:response_id', { config: jobs, schema: documents.getResponse }, (request, reply) =>
    getResponse(ingress, request, reply),
  )
  app.get('/v1/responses/:response_id/input_items', { config: jobs, schema: documents.listInputItems }, (request) =>
    listInputItems(ingress, request),
  )
  app.get('/v1/models', { config: models, schema: documents.listModels }, async () => listModels(ingress))
  app.get('/v1/models/:model', { config: models, schema: documents.getModel }, async (request) =>
    getModel(ingress, request),
  )
  app.get('/v1/jobs', { config: jobs, schema: documents.listJobs }, (request) => listJobs(ingress, request))
  app.get('/v1/jobs/:job_id', { config: jobs, schema: documents.getJob }, (request) => getJob(ingress, request))
  app.get('/v1/jobs/:job_id/result', { config: jobs, schema: documents.getJobResult }, (request, reply) =>
    getJobResult(ingress, request, reply),
  )
  app.get('/v1/jobs/:job_id/events', { config: jobs, schema: documents.getJobEvents }, (request, reply) =>
    getJobEvents(ingress, request, reply),
  )
  registerWebhookRoutes(app, ingress)
  app.post(
    '/v1/batches',
    { config: inference, schema: documents.createBatch, bodyLimit: SMALL_JSON_BYTES },
    (request, reply) => createBatch(ingress, request, reply),
  )
  app.get('/v1/batches', { config: jobs, schema: documents.listBatches }, (request) => listBatches(ingress, request))
  app.get('/v1/batches/:batch_id', { config: jobs, schema: documents.getBatch }, (request) =>
    getBatch(ingress, request),
  )
  app.get('/v1/batches/:batch_id/output', { config: jobs, schema: documents.getBatchOutput }, (request, reply) =>
    getBatchOutput(ingress, request, reply),
  )
  const bodiless: FastifyPluginAsync = async (app) => {
    // Whatever a client sends along is read and forgotten.
    app.addContentTypeParser('*', { parseAs: 'buffer', bodyLimit: SMALL_BODY_BYTES }, (_request, _body, done) =>
      done(null, undefined),
    )
    app.post(
      '/v1/jobs/:job_id/cancel',
      { config: cancelling, schema: documents.cancelJob, bodyLimit: SMALL_BODY_BYTES },
      (request) => cancelJob(ingress, request),
    )
    for (const [name, access, schema, act] of [
      ['cancel', 'jobs.cancel', documents.cancelBatch, cancelBatch],
      ['pause', 'jobs.cancel', documents.pauseBatch, pauseBatch],
      ['resume', 'inference', documents.resumeBatch, resumeBatch],
      ['retry_failed', 'inference', documents.retryFailedLines, retryFailedLines],
    ] as const) {
      const config: FastifyContextConfig = { access }
      app.post(`/v1/batches/:batch_id/${name}`, { config, schema, bodyLimit: SMALL_BODY_BYTES }, (request) =>
        act(ingress, request),
      )
    }
    app.delete(
      '/v1/files/:file_id',
      { config: filing, schema: documents.deleteFile, bodyLimit: SMALL_BODY_BYTES },
      (request) => deleteFile(ingress, request),
    )
    app.post(
      '/v1/responses/:response_id/cancel',
      { config: cancelling, schema: documents.cancelResponse, bodyLimit: SMALL_BODY_BYTES },
      (request, reply) => cancelResponse(ingress, request, reply),
    )
    app.delete(
      '/v1/responses/:response_id',
      { config: cancelling, schema: documents.deleteResponse, bodyLimit: SMALL_BODY_BYTES },
      (request) => deleteResponse(ingress, request),
    )
  }
  void app.register(bodiless)
  const uploads: FastifyPluginAsync = async (app) => {
    // The handler reads the form from the connection.
    app.addContentTypeParser('multipart/form-data', (_request, _body, done) => done(null, undefined))
    app.post('/v1/files', { config: { ...filing, multipart: true }, schema: documents.createFile }, (request, reply) =>
      createFile(ingress, request, reply),
    )
  }
  void app.register(uploads)
  app.get('/v1/files', { config: files, schema: documents.listFiles }, (request) => listFiles(ingress, request))
  app.get('/v1/files/:file_id', { config: files, schema: documents.getFile }, (request) => getFile(ingress, request))
  app.get('/v1/files/:file_id/content', { config: files, schema: documents.getFileContent }, (request, reply) =>
    getFileContent(ingress, request, reply),
  )
  app.get('/healthz', { config: open, schema: documents.healthz, exposeHeadRoute: true }, async () => healthz())
  app.get('/readyz', { config: open, schema: documents.readyz, exposeHeadRoute: true }, () => readyz(ingress))
}
