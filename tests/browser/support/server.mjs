// The program itself, in a process and a data folder of its own, and how it is killed and started again.

import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { setTimeout as pause } from 'node:timers/promises'

const PROGRAM = process.env.PRODUCT_IMPORTER

export class Server {
  /** `settings` are environment variables. */
  constructor(settings = {}) {
    this.settings = settings
    this.folder = mkdtempSync('/tmp/product-importer-browser-')
    // PostgreSQL does not run as root: its user has to get into the folder too.
    chmodSync(this.folder, 0o755)
    this.port = 0
    this.sessions = []
  }

  /** Starts the program, on the port it had before if it was running already. */
  async start() {
    if (!PROGRAM) throw new Error('PRODUCT_IMPORTER names no program: run the tests by bin/test')
    const env = { ...process.env, DATA_DIR: `${this.folder}/data`, PORT: String(this.port), RUST_LOG: 'warn', ...this.settings }
    delete env.DATABASE_URL
    // Not this process's own: a program that is left behind would keep whoever reads that from ever seeing its end.
    this.process = spawn(PROGRAM, [], { env, stdio: ['ignore', 'pipe', 'pipe'] })
    this.process.stderr.pipe(process.stderr, { end: false })
    this.exited = once(this.process, 'exit')
    const lines = createInterface({ input: this.process.stdout })
    const ready = once(lines, 'line').then(([line]) => line)
    const line = await Promise.race([ready, this.exited.then(() => 'nothing: it ended')])
    const address = line.match(/^Product Importer is ready: (http:\/\/\S+)$/)?.[1]
    if (!address) throw new Error(`the program said ${line}`)
    this.address = address
    this.port = Number(new URL(address).port)
    return this
  }

  /** As `kill -9` does it: without a word. */
  async kill() {
    this.process.kill('SIGKILL')
    await this.exited
  }

  async stop() {
    // What a test that failed still holds would keep this process from ending, and all tests with it.
    for (const session of this.sessions) session.kill()
    this.process.kill('SIGTERM')
    await this.exited
    rmSync(this.folder, { recursive: true, force: true })
  }

  /** What the API says. */
  async json(path) {
    const response = await fetch(`${this.address}/api/v1${path}`)
    if (!response.ok) throw new Error(`${path} answered ${response.status}`)
    return response.json()
  }

  /** How psql gets to the database. */
  get psql() {
    return ['-XqAt', '-v', 'ON_ERROR_STOP=1', '-h', `${this.folder}/data/socket`, '-U', 'product_importer', '-d', 'product_importer']
  }

  /** What days would bring about, by the database itself; answers what it says. */
  sql(statement) {
    return execFileSync('psql', [...this.psql, '-c', statement], { timeout: 60_000 }).toString().trim()
  }

  /** Keeps the rows that a SELECT … FOR UPDATE finds, as somebody does who is changing them; answers how to let them go. */
  async hold(select) {
    const session = spawn('psql', this.psql, { stdio: ['pipe', 'pipe', 'inherit'] })
    this.sessions.push(session)
    const exited = once(session, 'exit')
    session.stdin.write(`BEGIN; ${select};\n\\echo held\n`)
    const isHeld = once(createInterface({ input: session.stdout }), 'line')
    await Promise.race([isHeld, exited.then(() => { throw new Error(`psql ended: ${select}`) })])
    return async () => {
      session.stdin.end('ROLLBACK;\n')
      await exited
    }
  }

  async import(id) {
    return this.json(`/imports/${id}`)
  }

  /** The import once it looks as wanted. */
  async importWhen(id, wanted) {
    return until(`import ${id}`, async () => {
      const found = await this.import(id)
      return wanted(found) && found
    })
  }

  /** Sends a file as a request's body and waits until all of it is found; answers the import's id. */
  async imported(content, filename = 'shop.csv') {
    const id = await this.merged(content, filename)
    await until('all of it to be found', () => this.sql('SELECT count(*) FROM search_changes') === '0')
    return id
  }

  /** Sends a file and waits until it is in the catalogue, found or not; answers the import's id. */
  async merged(content, filename = 'shop.csv') {
    const url = `${this.address}/api/v1/imports?filename=${filename}`
    const answer = await fetch(url, { method: 'POST', headers: { 'Content-Type': 'text/csv' }, body: content })
    const { id } = await answer.json()
    const over = await this.importWhen(id, ({ state }) => !['uploading', 'queued', 'running'].includes(state))
    if (over.state !== 'done') throw new Error(`${filename} is ${over.state}: ${over.error}`)
    return id
  }

  /** A file in this server's folder, for a browser to take. */
  file(name, content) {
    const path = `${this.folder}/${name}`
    writeFileSync(path, content)
    return path
  }

  /** A file of so many products as `product-importer sample` writes it. */
  sample(name, rows) {
    return this.file(name, execFileSync(PROGRAM, ['sample', String(rows), '--seed', String(rows)], { maxBuffer: 1 << 30 }))
  }
}

/** Asks again until the answer is true; answers it. */
export async function until(what, ask, seconds = 180) {
  const end = Date.now() + seconds * 1000
  for (;;) {
    const answer = await ask()
    if (answer) return answer
    if (Date.now() > end) throw new Error(`${what}: waited for ${seconds} seconds in vain`)
    await pause(50)
  }
}

/** A CSV of so many plain products. */
export function csv(rows, prefix = 'SKU') {
  const lines = ['name,sku,description']
  for (let row = 1; row <= rows; row += 1) lines.push(`Product ${row},${prefix}-${row},What it is`)
  return `${lines.join('\r\n')}\r\n`
}
