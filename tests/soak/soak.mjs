// A large upload in Chromium at a modem's patience: through the router, over processes that come and go. See bin/soak.

import assert from 'node:assert/strict'
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { parseArgs } from 'node:util'
import { importOpened, neverGoesBack, openBrowser, openPage, watched, watchPage } from '../browser/support/browser.mjs'
import { until } from '../browser/support/server.mjs'
import { Crew } from './crew.mjs'
import { startPostgres } from './postgres.mjs'

const ROWS_PER_MEGABYTE = 500_000 / 90.3
const { values } = parseArgs({
  options: {
    megabytes: { type: 'string', default: '90' },
    'bytes-per-second': { type: 'string', default: '1000000' },
    'restart-every': { type: 'string', default: '8' },
    profile: { type: 'string', default: 'debug' },
  },
})
const target = process.env.CARGO_TARGET_DIR ?? 'target'
const program = new URL(`../../${target}/${values.profile}/product-importer`, import.meta.url).pathname
const rows = Math.round(Number(values.megabytes) * ROWS_PER_MEGABYTE)

const folder = mkdtempSync('/tmp/soak-')
const file = `${folder}/products.csv`
writeFileSync(file, execFileSync(program, ['sample', String(rows)], { maxBuffer: 1 << 30 }))
const postgres = await startPostgres()
execFileSync(program, ['migrate'], { env: { PATH: process.env.PATH, DATABASE_URL: postgres.url } })
const router = spawn(new URL(`../../${target}/${values.profile}/examples/router`, import.meta.url).pathname, [values['bytes-per-second']], { stdio: ['pipe', 'pipe', 'inherit'] })
const [address] = await once(createInterface({ input: router.stdout }), 'line')
const crew = await new Crew(program, postgres.url, router).start()
const browser = await openBrowser()
try {
  const page = await openPage(browser, { baseURL: address })
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
  assert.equal(import_.rows_read, rows)
  assert.ok(neverGoesBack(seen), 'a number went down')
  console.log(JSON.stringify({
    bytes: statSync(file).size, rows, restarts: crew.restarts, states_seen: seen.length,
    upload_seconds: (sent - began) / 1000, from_last_byte_to_done_seconds: (over - sent) / 1000,
  }))
} finally {
  await browser.close()
  await crew.stop()
  router.kill()
  await postgres.stop()
  rmSync(folder, { recursive: true, force: true })
}
