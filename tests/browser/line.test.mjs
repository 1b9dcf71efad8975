// Uploads over a line that is slow, breaks, or leads to a server that is killed: a person sees what happens, loses
// nothing, and can go on, or stop.

import assert from 'node:assert/strict'
import { after, before, beforeEach, test } from 'node:test'
import { importOpened, neverGoesBack, openBrowser, openPage, outcome, watched, watchPage } from './support/browser.mjs'
import { Line } from './support/line.mjs'
import { csv, Server } from './support/server.mjs'

const ROWS = 60_000
/** Until enough of a file is there; the rest takes half a minute and more. */
const BRISK = 6_000_000
const ENOUGH = 2_300_000
const SLOW = 250_000

let server
let line
let browser
let page
let file

before(async () => {
  server = await new Server().start()
  line = await new Line(server).open()
  browser = await openBrowser()
  file = server.sample('products.csv', ROWS)
})

after(async () => {
  await browser?.close()
  line?.close()
  await server?.stop()
})

beforeEach(async () => {
  line.mend()
  line.bytesPerSecond = BRISK
  await page?.context().close()
  page = await openPage(browser, { baseURL: line.address })
  await page.goto('/imports')
})

const chooser = () => page.locator('input[type=file]').first()

/** Starts the upload and waits until some of it is there, but not all. */
async function halfWay() {
  line.slowAfter(ENOUGH, SLOW)
  await chooser().setInputFiles(file)
  const id = await importOpened(page)
  await server.importWhen(id, ({ bytes_received: bytes }) => bytes >= 2_000_000)
  line.slowAfter(0, SLOW)
  assert.equal((await server.import(id)).state, 'uploading')
  return id
}

async function isWhole(id) {
  const found = await server.importWhen(id, ({ state }) => state === 'done')
  assert.equal(found.rows_read, ROWS)
  assert.equal(found.bytes_received, found.bytes_total)
  assert.equal(found.created + found.updated + found.unchanged + found.duplicates, ROWS)
  assert.deepEqual(page.problems, [])
}

test('a line that is cut again and again loses nothing, and nothing goes back', async () => {
  const id = await halfWay()
  await watchPage(page)
  line.cut()
  line.bytesPerSecond = BRISK
  await server.importWhen(id, ({ bytes_received: bytes }) => bytes >= 4_000_000)
  line.cut()
  line.bytesPerSecond = Infinity
  await outcome(page)
  await isWhole(id)
  const { percent, bar, rows, titles } = await watched(page)
  for (const numbers of [percent, bar, rows]) assert.ok(neverGoesBack(numbers), numbers.join(' '))
  assert.ok(titles.some(title => /^\d+% · products\.csv$/.test(title)), titles.join('\n'))
})

test('a line that stays away is told, and the upload goes on by itself', async () => {
  const id = await halfWay()
  line.breakDown()
  await page.getByText('The upload goes on by itself as soon as it is back.').waitFor()
  line.mend()
  line.bytesPerSecond = Infinity
  await outcome(page)
  await isWhole(id)
})

test('a server that is killed and started again goes on with the upload', async () => {
  const id = await halfWay()
  await server.kill()
  await server.start()
  line.bytesPerSecond = Infinity
  await outcome(page)
  await isWhole(id)
})

test('after a reload the page offers to go on with the same file, and does', async () => {
  const id = await halfWay()
  page.on('dialog', dialog => dialog.accept())
  await page.reload()
  const { bytes_received: kept } = await server.import(id)
  const choose = page.locator('[data-resume-file]')
  await page.getByText('The upload has stopped.').waitFor()

  const other = server.file('other.csv', csv(3))
  await choose.setInputFiles(other)
  await page.getByText('That is other.csv. Please choose products.csv.').waitFor()

  line.bytesPerSecond = Infinity
  await choose.setInputFiles(file)
  await outcome(page)
  await isWhole(id)
  assert.ok(kept >= 2_000_000)
})

test('the upload page offers to go on with a file as well, until it was cancelled', async () => {
  const id = await halfWay()
  page.on('dialog', dialog => dialog.accept())
  await page.goto('/imports')
  const offer = page.locator('.offer', { hasText: 'products.csv' })
  await offer.waitFor()
  await offer.getByRole('button', { name: 'Cancel it' }).click()
  await offer.waitFor({ state: 'detached' })
  assert.equal((await server.import(id)).state, 'cancelled')
})

test('cancelling asks once, stops the upload and says what stays', async () => {
  const id = await halfWay()
  await page.getByRole('button', { name: 'Cancel import' }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByText('Nothing has been added to your catalogue yet').waitFor()
  await dialog.getByRole('button', { name: 'Keep importing' }).click()
  await dialog.waitFor({ state: 'hidden' })
  assert.equal((await server.import(id)).state, 'uploading')
  await page.getByRole('button', { name: 'Cancel import' }).click()
  await dialog.getByRole('button', { name: 'Cancel import' }).click()
  assert.equal(await outcome(page), 'This import was cancelled')
  await page.getByText('Nothing in your catalogue was changed.').waitFor()
  const { state, bytes_received: bytes } = await server.import(id)
  assert.equal(state, 'cancelled')
  assert.equal((await server.import(id)).bytes_received, bytes)
  assert.equal((await server.json('/imports?limit=1')).items[0].id, id)
})

test('a file may be left to upload while other pages are looked at', async () => {
  const id = await halfWay()
  await page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: 'Products' }).click()
  await page.locator('h1', { hasText: 'Products' }).waitFor()
  await page.getByRole('link', { name: /^Uploading products\.csv/ }).waitFor()
  line.bytesPerSecond = Infinity
  await isWhole(id)
})

test('what cannot be saved during an upload is told, and stays', async () => {
  const id = await halfWay()
  await page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: 'Products' }).click()
  await page.locator('.product-list.is-alive').waitFor()
  const { items: [product] } = await server.json('/products?limit=1')
  await page.evaluate(address => {
    const link = document.createElement('a')
    Object.assign(link, { href: address, textContent: 'Its own page' })
    document.querySelector('main').append(link)
  }, `/products/${product.id}`)
  await page.getByRole('link', { name: 'Its own page' }).click()
  // The box that searches lists is labelled with the name too.
  await page.getByLabel('Name', { exact: true }).fill('Not lost')
  await page.route(`**/products/${product.id}`, route => route.abort())
  await page.getByRole('button', { name: 'Save' }).click()
  await page.locator('.toast', { hasText: 'That may not have worked. Please try again in a moment.' }).waitFor()
  // Or it would be left without a question.
  await page.locator('form[data-unsaved=true]').waitFor()
  await page.waitForFunction(() => document.activeElement?.textContent.trim() === 'Save')
  await page.unroute(`**/products/${product.id}`)
  await page.getByRole('button', { name: 'Save' }).click()
  await page.getByText('Saved “Not lost”.').waitFor()
  line.bytesPerSecond = Infinity
  await server.importWhen(id, ({ state }) => state === 'done')
})
