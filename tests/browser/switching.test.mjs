// The switch in a row of the list: at once, taken back, or in somebody else's way.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { holdBack } from './support/browser.mjs'
import { csv, until } from './support/server.mjs'
import { openShop } from './support/shop.mjs'

const shop = openShop(csv(60, 'SW'))
let page

async function visit(path, options) {
  page = await shop.visit(path, options)
}

const found = async sku => (await shop.server.json(`/products?q=${sku}`)).items.find(product => product.sku === sku)
const rowOf = sku => page.locator('tbody tr', { has: page.locator('.sku', { hasText: new RegExp(`^${sku}$`) }) })
const toast = words => page.locator('.toast', { hasText: words })

test('a switch shows at once, is kept, and can be taken back', async () => {
  await visit('/products')
  await rowOf('SW-1').getByRole('button').click()
  await toast('“Product 1” is inactive now').waitFor()
  assert.match(await rowOf('SW-1').getByRole('button').textContent(), /^Inactive: Product 1, make it active/)
  assert.equal((await found('SW-1')).active, false)
  await until('the tabs', async () => /1$/.test(await page.getByRole('link', { name: /^Inactive/ }).textContent()))
  await toast('is inactive now').getByRole('button', { name: 'Undo' }).click()
  await toast('“Product 1” is active now').waitFor()
  assert.equal((await found('SW-1')).active, true)
})

test('an older message takes back what it is about, and nothing that is so already', async () => {
  await visit('/products')
  const button = rowOf('SW-5').getByRole('button')
  await button.click()
  await toast('“Product 5” is inactive now').waitFor()
  await button.click()
  await toast('“Product 5” is active now').waitFor()
  await toast('is inactive now').getByRole('button', { name: 'Undo' }).click()
  await toast('is inactive now').waitFor({ state: 'detached' })
  await toast('is active now').getByRole('button', { name: 'Undo' }).click()
  await toast('“Product 5” is inactive now').waitFor()
  assert.equal((await found('SW-5')).active, false)
})

test('a product that someone else changed meanwhile is shown as it is, and said', async () => {
  await visit('/products')
  const { id, version } = await found('SW-2')
  const changed = await fetch(`${shop.server.address}/api/v1/products/${id}`, {
    method: 'PATCH', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ name: 'Renamed', version }),
  })
  assert.equal(changed.status, 200)
  await rowOf('SW-2').getByRole('button').click()
  await toast('“Product 2” was changed by someone else meanwhile').waitFor()
  await rowOf('SW-2').getByRole('link', { name: 'Renamed' }).waitFor()
  assert.match(await rowOf('SW-2').getByRole('button').textContent(), /^Active/)
})

test('a switch is right also in a list that came while it was on its way', async () => {
  await visit('/products')
  const held = await holdBack(page, '**/api/v1/products/*', 'PATCH')
  await rowOf('SW-3').getByRole('button').click()
  await until('the change to be asked for', () => held.length === 1)
  await rowOf('SW-3').evaluate(row => { row.dataset.isOld = 'true' })
  await page.getByRole('searchbox').press('Enter')
  await page.locator('tbody tr[data-is-old]').waitFor({ state: 'detached' })
  await held[0].continue()
  await toast('“Product 3” is inactive now').waitFor()
  assert.match(await rowOf('SW-3').getByRole('button').textContent(), /^Inactive/)
  await page.unroute('**/api/v1/products/*')
  await rowOf('SW-3').getByRole('button').click()
  await toast('“Product 3” is active now').waitFor()
})

test('a switch goes back when the server cannot be reached', async () => {
  await visit('/products')
  await page.route('**/api/v1/products/*', route => route.abort())
  await rowOf('SW-3').getByRole('button').click()
  await toast('“Product 3” was not changed').waitFor()
  assert.match(await rowOf('SW-3').getByRole('button').textContent(), /^Active/)
})

test('without scripts the switch is a form', async () => {
  await visit('/products', { javaScriptEnabled: false })
  await rowOf('SW-4').getByRole('button').click()
  await rowOf('SW-4').locator('[data-active=false]').waitFor()
  assert.equal((await found('SW-4')).active, false)
})
