// What is done with selected products: after one said so, and never with more of them than one knows of.

import assert from 'node:assert/strict'
import { after, afterEach, before, test } from 'node:test'
import { openBrowser, openPage } from './support/browser.mjs'
import { csv, Server, until } from './support/server.mjs'

let server
let browser
let page

before(async () => {
  server = await new Server().start()
  browser = await openBrowser()
  const response = await fetch(`${server.address}/api/v1/imports?filename=shop.csv`, { method: 'POST', headers: { 'Content-Type': 'text/csv' }, body: csv(60, 'SW') })
  const { id } = await response.json()
  await server.importWhen(id, ({ state }) => state === 'done')
})

after(async () => {
  await browser?.close()
  await server?.stop()
})

afterEach(async () => {
  assert.deepEqual(page.problems, [])
  await page.context().close()
})

async function visit(path) {
  page = await openPage(browser, { baseURL: server.address })
  await page.goto(path)
  await page.locator('.product-list.is-alive').waitFor()
}

const found = async sku => (await server.json(`/products?q=${sku}`)).items.find(product => product.sku === sku)

test('selected products are changed, and everything only when its number is right', async () => {
  await visit('/products?q=sw-5&limit=5')
  const matching = (await server.json('/products?q=sw-5')).items.length
  await page.locator('tbody [name=ids]').first().check()
  await page.getByRole('button', { name: /^Select all \d+ that match$/ }).click()
  await page.locator('.selection', { hasText: `All ${matching} that match are selected` }).waitFor()
  const { id } = await found('SW-5')
  assert.equal((await fetch(`${server.address}/api/v1/products/${id}`, { method: 'DELETE' })).status, 204)
  await page.getByRole('button', { name: 'Deactivate' }).click()
  await page.getByRole('dialog').getByRole('button', { name: `Make ${matching} products inactive` }).click()
  const dialog = page.getByRole('dialog', { name: `Make ${matching - 1} products inactive?` })
  await dialog.getByText(`There were ${matching} when you selected them`).waitFor()
  await dialog.getByRole('button', { name: `Make ${matching - 1} products inactive` }).click()
  await until('all of them', async () => (await server.json('/products?q=sw-5')).items.every(product => !product.active))
})

test('a few selected products are deleted after one said so', async () => {
  await visit('/products?q=sw-2')
  await page.locator('tbody tr', { hasText: 'SW-20' }).getByRole('checkbox').check()
  await page.getByRole('button', { name: 'Delete' }).click()
  const dialog = page.getByRole('dialog', { name: 'Delete 1 product?' })
  await dialog.getByRole('button', { name: 'Cancel' }).click()
  assert.ok(await found('SW-20'))
  await page.getByRole('button', { name: 'Delete' }).click()
  await dialog.getByRole('button', { name: 'Delete 1 product' }).click()
  await until('it to go', async () => !await found('SW-20'))
  await until('the row to go', async () => await page.locator('tbody tr', { hasText: 'SW-20' }).count() === 0)
})
