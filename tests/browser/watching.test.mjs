// Watching an import: whoever comes, and whenever, sees the same; a screen reader is told; the tab tells too.

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { importOpened, neverGoesBack, openBrowser, openPage, outcome, watched, watchPage } from './support/browser.mjs'
import { Line } from './support/line.mjs'
import { Server, until } from './support/server.mjs'

const ROWS = 60_000
const BAD_ROWS = 700

let server
let line
let browser

before(async () => {
  server = await new Server().start()
  line = await new Line(server).open()
  browser = await openBrowser()
})

after(async () => {
  await browser?.close()
  line?.close()
  await server?.stop()
})

const shownPercent = page => page.locator('[data-percent]').textContent().then(text => Number(text.replace('%', '')))
const shownCounts = page => page.locator('[data-count] [data-value]').allTextContents()

test('a viewer who comes late sees what the first one sees, to the end', async () => {
  const first = await openPage(browser, { baseURL: line.address })
  line.bytesPerSecond = 300_000
  await first.goto('/imports')
  await first.locator('input[type=file]').first().setInputFiles(server.sample('watched.csv', ROWS))
  const id = await importOpened(first)
  await watchPage(first)
  await server.importWhen(id, ({ rows_read: rows }) => rows > 0)

  const second = await openPage(browser, { baseURL: server.address })
  await second.goto(`/imports/${id}`)
  await watchPage(second)
  await until('both to show about the same', async () => Math.abs(await shownPercent(first) - await shownPercent(second)) <= 5)
  assert.equal(await second.locator('[data-resume]').isVisible(), false)
  line.bytesPerSecond = Infinity

  assert.equal(await outcome(second), await outcome(first))
  assert.deepEqual(await shownCounts(second), await shownCounts(first))
  for (const page of [first, second]) {
    const { percent, rows, bar } = await watched(page)
    for (const numbers of [percent, rows, bar]) assert.ok(neverGoesBack(numbers), numbers.join(' '))
    assert.deepEqual(page.problems, [])
  }
  await tellsEverybody(await watched(first))
  await first.context().close()
  await second.context().close()
})

/** The phases are announced, the tab counts and ends with the outcome. */
async function tellsEverybody({ phases, said, titles }) {
  assert.equal(phases[0], 'Uploading your file')
  assert.ok(phases.includes('Adding to your catalogue'), phases.join(', '))
  for (const phase of phases.slice(1)) assert.ok(said.includes(phase), `${phase} was not announced: ${said.join(', ')}`)
  assert.match(said.at(-1), /products? added/)
  assert.ok(titles.some(title => /^\d+% · watched\.csv$/.test(title)))
  assert.match(titles.at(-1), /^Done: watched\.csv/)
}

test('the bar is a progressbar with a name and its bounds', async () => {
  const page = await openPage(browser, { baseURL: line.address })
  line.bytesPerSecond = 300_000
  await page.goto('/imports')
  await page.locator('input[type=file]').first().setInputFiles(server.sample('bar.csv', ROWS))
  await importOpened(page)
  const bar = page.getByRole('progressbar', { name: 'The whole import' })
  assert.deepEqual([await bar.getAttribute('aria-valuemin'), await bar.getAttribute('aria-valuemax')], ['0', '100'])
  await until('the bar to move', async () => Number(await bar.getAttribute('aria-valuenow')) > 0)
  await page.locator('.steps [aria-current=step]', { hasText: 'Upload' }).waitFor()
  line.bytesPerSecond = Infinity
  await outcome(page)
  await page.context().close()
})

test('rejected rows come while the file is uploaded, and the page keeps a bounded number of them', async () => {
  const page = await openPage(browser, { baseURL: line.address })
  line.bytesPerSecond = 300_000
  const bad = Array.from({ length: BAD_ROWS }, (_, row) => `,NO-NAME-${row},${'x'.repeat(3000)}`).join('\n')
  const good = Array.from({ length: 2000 }, (_, row) => `Lamp ${row},LAMP-${row},${'x'.repeat(3000)}`).join('\n')
  await page.goto('/imports')
  await page.locator('input[type=file]').first().setInputFiles(server.file('bad.csv', `name,sku,description\n${bad}\n${good}\n`))
  const id = await importOpened(page)
  await page.locator('[data-rejected-rows] tr').first().waitFor()
  assert.equal((await server.import(id)).state, 'uploading')
  assert.deepEqual(await page.locator('.columns__header').allTextContents(), ['name', 'sku', 'description'])
  assert.deepEqual(await page.locator('.columns__field').allTextContents(), ['name', 'sku', 'description'])
  line.bytesPerSecond = Infinity
  await outcome(page)
  assert.equal(await page.locator('[data-rejected-rows] tr').count(), 200)
  assert.match(await page.locator('[data-rejected-total]').textContent(), /^700$/)
  assert.match(await page.locator('[data-rejected-rows] tr').last().textContent(), /^701/)
  await page.context().close()
})

test('times are those of the viewer', async () => {
  const page = await openPage(browser, { baseURL: server.address, timezoneId: 'Asia/Tokyo', locale: 'en-GB' })
  await page.goto('/imports')
  const time = page.locator('.history__time time').first()
  const at = new Date(await time.getAttribute('datetime'))
  const clock = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit', timeZone: 'Asia/Tokyo' }).format(at)
  await until('local times', async () => (await time.getAttribute('title'))?.includes(clock))
  await page.context().close()
})
