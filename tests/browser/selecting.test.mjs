// What is done with selected products: after one said so, and never with more of them than one knows of.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { csv, until } from './support/server.mjs'
import { openShop } from './support/shop.mjs'

const shop = openShop(csv(60, 'SW'))
let page

async function visit(path, options) {
  page = await shop.visit(path, options)
}

const found = async sku => (await shop.server.json(`/products?q=${sku}`)).items.find(product => product.sku === sku)

test('selected products are changed, and everything only when its number is right', async () => {
  await visit('/products?q=sw-5&limit=5')
  const matching = (await shop.server.json('/products?q=sw-5')).items.length
  await page.locator('tbody [name=ids]').first().check()
  await page.getByRole('button', { name: /^Select all \d+ that match$/ }).click()
  await page.locator('.selection', { hasText: `All ${matching} that match are selected` }).waitFor()
  const { id } = await found('SW-5')
  assert.equal((await fetch(`${shop.server.address}/api/v1/products/${id}`, { method: 'DELETE' })).status, 204)
  await page.getByRole('button', { name: 'Deactivate' }).click()
  await page.getByRole('dialog').getByRole('button', { name: `Make ${matching} products inactive` }).click()
  const dialog = page.getByRole('dialog', { name: `Make ${matching - 1} products inactive?` })
  await dialog.getByText(`There were ${matching} when you selected them`).waitFor()
  await dialog.getByRole('button', { name: `Make ${matching - 1} products inactive` }).click()
  await until('all of them', async () => (await shop.server.json('/products?q=sw-5')).items.every(product => !product.active))
})

test('a key that is pressed twice changes products once', async () => {
  await visit('/products?q=sw-3')
  const asked = []
  await page.route('**/products/changes', route => { asked.push(route) })
  await page.locator('tbody tr', { hasText: 'SW-30' }).getByRole('checkbox').check()
  await page.getByRole('button', { name: 'Deactivate' }).focus()
  await page.keyboard.press('Enter')
  await page.keyboard.press('Enter')
  await until('the question', () => asked.length > 0)
  await asked[0].continue()
  await page.locator('.toast', { hasText: '1 product made inactive.' }).waitFor()
  assert.equal(asked.length, 1)
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
