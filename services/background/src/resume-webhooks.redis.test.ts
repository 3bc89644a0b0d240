import { deriveSecret } from '@switchyard/notifications/secrets'
import { openProject } from '@switchyard/notifications/testing/project-bundle'
import { startOwnRedis } from '@switchyard/redis/testing/own-redis'
import { Webhook } from 'standardwebhooks'
import { expect, it } from 'vitest'
import { startBackgroundProcess } from './testing/background-process.ts'
import { startReceiver } from './testing/receiver.ts'

const CATALOG = `
providers: { local: { kind: openai, baseUrl: "http://127.0.0.1/v1", apiKey: none } }
classes: { fast: {} }
deployments: { d: { provider: local, class: fast, model: m } }
models: { all: { route: [d] } }
`

it('sends a webhook again in the next process when the first was killed in the middle of a try', async () => {
  const server = await startOwnRedis()
  const project = await openProject(server.url)
  const receiver = await startReceiver()
  receiver.answer(0)
  const env = { SWITCHYARD_SECRET: project.on.masterSecret, SWITCHYARD_WEBHOOK_ALLOW_LOOPBACK: '1' }
  const first = await startBackgroundProcess(server.url, CATALOG, env)
  const endpoint = await project.endpoint(['job.completed'], receiver.url)
  const end = await project.end()
  await receiver.has(1)
  first.child.kill('SIGKILL')
  await first.exited
  const second = await startBackgroundProcess(server.url, CATALOG, env)
  receiver.answer(200)
  // As if the try's lease of 30 s had ended; the leader's of 10 s has to.
  await project.makeDue()
  await receiver.has(2)
  const [before, after] = receiver.received
  expect(after!.headers['webhook-id']).toBe(before!.headers['webhook-id'])
  expect(after!.body).toBe(before!.body)
  const secret = deriveSecret(project.on.masterSecret, endpoint, 1)
  expect(new Webhook(secret).verify(after!.body, after!.headers)).toMatchObject({ data: { id: end.jobId } })
  for (const each of [first, second]) {
    expect(each.log()).not.toContain('"level":"error"')
    expect(each.log()).not.toContain(project.on.masterSecret)
    await each.remove()
  }
  await Promise.all([receiver.close(), project.close()])
  await server.remove()
})
