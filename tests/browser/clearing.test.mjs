// Deleting everything, as people do it: they are asked for the number, imports have to end first, and it can be undone.

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { after, before, test } from 'node:test'
import { holdBack, openBrowser, openPage, scripted } from './support/browser.mjs'
import { csv, Server, until } from './support/server.mjs'

const PRODUCTS = 1200

let server
let browser

before(async () => {
  server = await new Server().start()
  browser = await openBrowser()
  await server.imported(csv(PRODUCTS))
})

after(async () => {
  await browser?.close()
  await server?.stop()
})

const total = async () => (await server.json('/products')).total.value
const post = path => fetch(`${server.address}${path}`, { method: 'POST' })

/** An import whose file does not arrive. */
async function openUpload() {
  const answer = await fetch(`${server.address}/api/v1/imports`, {
    method: 'POST',
    headers: { 'Tus-Resumable': '1.0.0', 'Upload-Length': '100000000' },
  })
  return answer.headers.get('location').split('/').at(-2)
}

test('whoever types the number deletes everything and may undo it', async () => {
  const page = await openPage(browser, { baseURL: server.address })
  await page.goto('/products/clearing')
  await page.getByRole('heading', { name: 'Delete all 1,200 products?' }).waitFor()
  const typed = page.getByLabel('Type 1,200 to confirm')
  await typed.fill('120')
  await page.getByRole('button', { name: 'Delete 1,200 products' }).click()
  await page.getByRole('alert').waitFor()
  assert.equal(await typed.inputValue(), '120')
  assert.equal(await total(), PRODUCTS)

  await typed.fill('1,200')
  await page.getByRole('button', { name: 'Delete 1,200 products' }).click()
  await page.waitForURL('**/imports')
  await page.getByText('Deleted 1,200 products').waitFor()
  await page.getByRole('heading', { name: 'Import products' }).waitFor()
  assert.equal(await total(), 0)

  await page.getByRole('button', { name: 'Undo' }).click()
  await page.waitForURL('**/products')
  assert.equal(await total(), PRODUCTS)
  assert.deepEqual(page.problems, [])
  await page.context().close()
})

test('the question comes as a dialog where a script can ask it', async () => {
  const page = await openPage(browser, { baseURL: server.address })
  await page.goto('/products')
  await scripted(page)
  const open = async () => {
    await page.getByLabel('More actions').click()
    await page.getByRole('link', { name: 'Delete everything' }).click()
  }
  await open()
  const dialog = page.getByRole('dialog', { name: 'Delete all 1,200 products?' })
  await dialog.waitFor()
  await until('the field to have the focus', () => page.evaluate(() => document.activeElement.name === 'typed'))
  await page.keyboard.press('Escape')
  await dialog.waitFor({ state: 'hidden' })

  await open()
  await dialog.getByLabel('Type 1,200 to confirm').fill('7')
  await page.keyboard.press('Enter')
  await dialog.getByRole('alert').waitFor()
  await dialog.getByLabel('Type 1,200 to confirm').fill('1 200')
  await page.keyboard.press('Enter')
  await page.waitForURL('**/imports')
  assert.equal(await total(), 0)
  await post('/products/restoration')
  assert.equal(await total(), PRODUCTS)
  assert.deepEqual(page.problems, [])
  await page.context().close()
})

test('a question that comes late is asked once, and nobody who is at something else by then', async () => {
  const page = await openPage(browser, { baseURL: server.address })
  await page.goto('/products')
  await scripted(page)
  const held = await holdBack(page, '**/products/clearing', 'GET')
  const press = () => page.evaluate(() => document.querySelector('a[href="/products/clearing"]').click())
  await press()
  await press()
  await until('the question', () => held.length > 0)
  await page.keyboard.press('n')
  await page.locator('.panel').getByLabel('Name').fill('Being typed')
  const answer = page.waitForResponse('**/products/clearing')
  await held[0].continue()
  await answer
  await page.keyboard.press('Escape')
  await page.getByRole('button', { name: 'Discard changes' }).click()
  await page.locator('.panel').waitFor({ state: 'hidden' })
  assert.deepEqual([held.length, await page.locator('dialog[open]').count()], [1, 0])
  await press()
  await until('the question to be asked again', () => held.length === 2)
  await held[1].continue()
  await page.getByRole('dialog', { name: 'Delete all 1,200 products?' }).waitFor()
  await page.context().close()
})

test('without scripts it is all the same', async () => {
  const page = await openPage(browser, { baseURL: server.address, javaScriptEnabled: false })
  await page.goto('/products/clearing')
  await page.getByLabel('Type 1,200 to confirm').fill("1'200")
  await page.getByRole('button', { name: 'Delete 1,200 products' }).click()
  await page.waitForURL('**/imports')
  await page.getByRole('button', { name: 'Undo' }).click()
  await page.waitForURL('**/products')
  assert.equal(await total(), PRODUCTS)
  await page.context().close()
})

test('an upload that is still going on does not stand in the way', async () => {
  const id = await openUpload()
  const page = await openPage(browser, { baseURL: server.address })
  await page.goto('/products/clearing')
  await page.getByLabel('Type 1,200 to confirm').waitFor()
  await fetch(`${server.address}/api/v1/imports/${id}/cancellation`, { method: 'PUT' })
  await page.context().close()
})

test('a running import has to end first, and a button does it', async () => {
  const url = `${server.address}/api/v1/imports?filename=spring.csv`
  const body = readFileSync(server.sample('spring.csv', 200_000))
  const sent = await fetch(url, { method: 'POST', headers: { 'Content-Type': 'text/csv' }, body })
  const { id } = await sent.json()
  await server.importWhen(id, ({ state }) => state === 'running')
  const page = await openPage(browser, { baseURL: server.address })
  await page.goto('/products/clearing')
  await page.getByRole('link', { name: 'spring.csv' }).waitFor()
  assert.equal(await page.locator('[name=typed]').count(), 0)
  await page.getByRole('button', { name: 'Cancel the import and go on' }).click()
  await page.getByLabel(/Type [\d,]+ to confirm/).waitFor()
  assert.equal((await server.import(id)).state, 'cancelled')
  await page.context().close()
})

test('many products are changed while one looks on', async () => {
  const expected = (await server.json('/products?status=active')).total.value
  const page = await openPage(browser, { baseURL: server.address })
  const answer = await fetch(`${server.address}/products/changes`, {
    method: 'POST',
    headers: { Accept: 'application/json' },
    body: new URLSearchParams({ action: 'deactivate', filter: '1', status: 'active', expected }),
  })
  assert.equal(answer.status, 202)
  const { location, id } = await answer.json()
  await page.goto(location)
  await page.getByText(/products made inactive\./).first().waitFor()
  assert.equal((await server.json(`/products/changes/${id}`)).changed, expected)
  assert.equal((await server.json('/products?status=active')).total.value, 0)
  assert.deepEqual(page.problems, [])
  await page.context().close()
})
