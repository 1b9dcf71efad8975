// A large upload in Chromium at a modem's patience: through the router, over processes that come and go. See bin/soak.

import assert from 'node:assert/strict'
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { parseArgs } from 'node:util'
import { importOpened, neverGoesBack, openBrowser, openPage, watched, watchPage } from '../browser/support/browser.mjs'
import { until } from '../browser/support/server.mjs'
import { Crew } from './crew.mjs'
import { noteStream, streamNoted } from './stream.mjs'
import { startPostgres } from './postgres.mjs'

const ROWS_PER_MEGABYTE = 500_000 / 90.3
/** One row in so many has no SKU and is rejected: they come one by one, so that a missing one is noticed. */
const GOOD_ROWS = 1000
/** So long nothing may come while the import goes on: a worker's lease, and the way back to another process. */
const MOST_SILENCE_SECONDS = 20
const { values } = parseArgs({
  options: {
    megabytes: { type: 'string', default: '90' },
    'bytes-per-second': { type: 'string', default: '1000000' },
    'restart-every': { type: 'string', default: '8' },
    profile: { type: 'string', default: 'debug' },
  },
})
const built = resolve(new URL('../..', import.meta.url).pathname, process.env.CARGO_TARGET_DIR ?? 'target', values.profile)
const program = `${built}/product-importer`
const rows = Math.round(Number(values.megabytes) * ROWS_PER_MEGABYTE)

const folder = mkdtempSync('/tmp/soak-')
const file = `${folder}/products.csv`
const rejected = writeFile()
const postgres = await startPostgres()
execFileSync(program, ['migrate'], { env: { PATH: process.env.PATH, DATABASE_URL: postgres.url } })
const router = spawn(`${built}/examples/router`, [values['bytes-per-second']], { stdio: ['pipe', 'pipe', 'inherit'] })
const [address] = await once(createInterface({ input: router.stdout }), 'line')
const crew = await new Crew(program, postgres.url, router).start()
const browser = await openBrowser()
try {
  const page = await openPage(browser, { baseURL: address })
  await noteStream(page)
  await page.goto('/imports')
  const began = Date.now()
  const restarting = crew.keepRestarting(Number(values['restart-every']))
  await page.locator('input[type=file]').first().setInputFiles(file)
  const id = await importOpened(page)
  await watchPage(page)
  const ask = async () => (await fetch(`${address}/api/v1/imports/${id}`).catch(() => undefined))?.json().catch(() => undefined)
  const patience = 3 * statSync(file).size / Number(values['bytes-per-second']) + 300
  const arrived = await until('the upload', async () => { const found = await ask(); return found?.bytes_received === found?.bytes_total && found }, patience)
  const sent = Date.now()
  crew.restarting = false
  await restarting
  assert.ok(arrived)
  await page.locator('[data-outcome]').waitFor({ timeout: 300_000 })
  const over = Date.now()
  const { rows: seen } = await watched(page)
  const import_ = await ask()
  assert.equal(import_.state, 'done', import_.error)
  assert.equal(import_.rows_read, rows + rejected)
  assert.equal(import_.rejected, rejected)
  assert.ok(neverGoesBack(seen), 'a number went down')
  const { told, silenceSeconds } = await streamNoted(page)
  assert.deepEqual(told, Array.from({ length: rejected }, (_, index) => index + 1), 'rejected rows that the page was not told of')
  assert.ok(silenceSeconds <= MOST_SILENCE_SECONDS, `the page was told nothing for ${silenceSeconds} seconds`)
  console.log(JSON.stringify({
    bytes: statSync(file).size, rows, rejected, restarts: crew.restarts, states_seen: seen.length, longest_silence_seconds: silenceSeconds,
    upload_seconds: (sent - began) / 1000, from_last_byte_to_done_seconds: (over - sent) / 1000,
  }))
} finally {
  await browser.close()
  await crew.stop()
  router.kill()
  await postgres.stop()
  rmSync(folder, { recursive: true, force: true })
}

/** A sample with rejected rows in it; answers how many. A description may have several lines. */
function writeFile() {
  const lines = execFileSync(program, ['sample', String(rows)], { maxBuffer: 1 << 30 }).toString().split('\n')
  let isQuoted = false
  let good = 0
  let bad = 0
  const mixed = lines.map(line => {
    if (line.split('"').length % 2 === 0) isQuoted = !isQuoted
    if (isQuoted || (good += 1) % GOOD_ROWS !== 0) return line
    bad += 1
    return `${line}\nNameless ${bad},,`
  })
  writeFileSync(file, mixed.join('\n'))
  return bad
}
