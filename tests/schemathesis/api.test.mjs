// The API against its own description: thousands of requests, right and wrong ones, that schemathesis makes up from
// /api/v1/openapi.json. Whatever is sent, the answer has to be one that the description promises.

import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { after, before, test } from 'node:test'
import { csv, Server } from '../browser/support/server.mjs'

const SCHEMATHESIS = process.env.SCHEMATHESIS
const CONFIG = new URL('schemathesis.toml', import.meta.url).pathname

let server

before(async () => {
  if (!SCHEMATHESIS) throw new Error('SCHEMATHESIS names no program: run the tests by bin/test')
  // Webhooks are made up too: nobody waits long for whoever does not answer.
  server = await new Server({ WEBHOOK_TIMEOUT_SECONDS: '2' }).start()
  // So that lists and their cursors have something to tell.
  await server.imported(csv(200))
})

after(() => server?.stop())

test('every answer is one that the description promises', async () => {
  const address = `${server.address}/api/v1/openapi.json`
  const patience = { timeout: 900_000, killSignal: 'SIGKILL' }
  const running = spawn(SCHEMATHESIS, ['--config-file', CONFIG, 'run', address], { ...patience, stdio: ['ignore', 'pipe', 'pipe'] })
  let said = ''
  for (const stream of [running.stdout, running.stderr]) stream.on('data', text => { said += text })
  const [code] = await once(running, 'close')
  assert.equal(code, 0, said)
})
