// Another system that is told by webhooks: a real server, which keeps what it gets and answers as a test wants.

import { createServer } from 'node:http'
import { once } from 'node:events'
import { until } from './server.mjs'

export class Receiver {
  constructor() {
    this.messages = []
    this.status = 200
    this.server = createServer((request, response) => this.take(request, response))
  }

  async open() {
    this.server.listen(0, '127.0.0.1')
    await once(this.server, 'listening')
    this.url = `http://127.0.0.1:${this.server.address().port}/hooks`
    return this
  }

  async take(request, response) {
    const parts = []
    for await (const part of request) parts.push(part)
    this.messages.push({ headers: request.headers, body: Buffer.concat(parts).toString() })
    response.writeHead(this.status, { 'Content-Type': 'text/plain' }).end(this.status < 300 ? 'noted' : '<b>Too busy</b>')
  }

  /** Waits until so many have arrived; answers them. */
  async waitFor(count) {
    return until(`${count} messages`, async () => this.messages.length >= count && this.messages)
  }

  close() {
    this.server.closeAllConnections()
    this.server.close()
  }
}
