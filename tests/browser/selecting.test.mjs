// What is done with selected products: after one said so, and never with more of them than one knows of.

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

test('what is pressed while everything is being counted is done with everything, or with nothing', async () => {
  await visit('/products?q=sw-2&limit=5')
  const matching = (await shop.server.json('/products?q=sw-2')).items.length
  const counts = await holdBack(page, '**/products/count?*exact=1', 'GET')
  const pressWhileCounted = async () => {
    const before = counts.length
    await page.getByRole('button', { name: /^Select all \d+ that match$/ }).click()
    await until('the count to be asked for', () => counts.length > before)
    await page.getByRole('button', { name: 'Deactivate' }).click()
    return counts.at(-1)
  }

  await page.locator('tbody [name=ids]').first().check()
  await (await pressWhileCounted()).abort()
  await page.locator('.toast', { hasText: 'The products could not be counted. Please try again.' }).waitFor()
  await page.locator('.selection:not(.is-busy)', { hasText: '1 selected' }).waitFor()
  assert.equal(await page.getByRole('dialog').isVisible(), false)
  assert.equal((await shop.server.json('/products?q=sw-2')).items.every(product => product.active), true)

  await (await pressWhileCounted()).continue()
  await page.getByRole('dialog').getByRole('button', { name: `Make ${matching} products inactive` }).click()
  await until('all of them', async () => (await shop.server.json('/products?q=sw-2')).items.every(product => !product.active))
})

test('whoever opens something else while everything is being counted is not asked any more', async () => {
  await visit('/products?q=sw-2&limit=5')
  const counts = await holdBack(page, '**/products/count?*exact=1', 'GET')
  await page.locator('tbody [name=ids]').first().check()
  await page.getByRole('button', { name: /^Select all \d+ that match$/ }).click()
  await page.getByRole('button', { name: 'Delete' }).click()
  await until('the count to be asked for', () => counts.length === 1)
  await page.locator('tbody .products__link').first().click()
  const name = page.locator('.panel').getByLabel('Name')
  await name.fill('Being typed')
  await counts[0].continue()
  await page.locator('.toast', { hasText: 'Nothing was done: something else was opened meanwhile.' }).waitFor()
  assert.deepEqual([await name.inputValue(), await page.locator('dialog[open]').count()], ['Being typed', 1])
})

test('whoever clears the selection while everything is being counted has none', async () => {
  await visit('/products?q=sw-2&limit=5')
  const counts = await holdBack(page, '**/products/count?*exact=1', 'GET')
  const boxes = page.locator('tbody [name=ids]')
  await boxes.first().check()
  await page.getByRole('button', { name: /^Select all \d+ that match$/ }).click()
  await until('the count to be asked for', () => counts.length === 1)
  await page.locator('.selection').getByRole('button', { name: 'Clear' }).click()
  // The page asks no more.
  await counts[0].continue().catch(() => {})
  await page.locator('.selection [data-everything]:not([disabled])').waitFor({ state: 'attached' })
  assert.equal(await page.locator('tbody [name=ids]:checked').count(), 0)
  await boxes.first().check()
  await page.locator('.selection', { hasText: '1 selected' }).waitFor()
})

test('what is ticked while others are being changed stays ticked', async () => {
  await visit('/products?q=sw-2&limit=5')
  const held = await holdBack(page, '**/products/changes')
  const boxes = page.locator('tbody [name=ids]')
  await boxes.nth(0).check()
  await page.getByRole('button', { name: 'Activate', exact: true }).click()
  await until('the change to be asked for', () => held.length === 1)
  await boxes.nth(1).check()
  await held[0].continue()
  await page.locator('.toast', { hasText: /^1 product / }).waitFor()
  await page.locator('.selection', { hasText: '1 selected' }).waitFor()
  assert.deepEqual([await boxes.nth(0).isChecked(), await boxes.nth(1).isChecked()], [false, true])
})

test('nothing is done with other products than those one was asked about', async () => {
  await visit('/products?q=sw-1')
  const searches = await holdBack(page, /\/products\?q=sw-3$/, 'GET')
  // Before the search: rows are hidden while an answer is awaited.
  await page.locator('tbody [name=ids]').first().check()
  await page.getByRole('searchbox').fill('sw-3')
  await until('the search', () => searches.length === 1)
  await page.getByRole('button', { name: 'Delete' }).click()
  const yes = page.getByRole('dialog').getByRole('button', { name: 'Delete 1 product' })
  await yes.waitFor()
  await searches[0].continue()
  await page.locator('tbody tr', { hasText: 'SW-30' }).waitFor()
  await yes.click()
  await page.locator('.toast', { hasText: 'Nothing was done: other products are shown now.' }).waitFor()
  assert.ok(await found('SW-1'))
})

test('whoever has gone on to other products is not asked about those of before', async () => {
  await visit('/products?q=sw-1&limit=5')
  const matching = (await shop.server.json('/products?q=sw-1')).items.length
  await page.locator('tbody [name=ids]').first().check()
  await page.getByRole('button', { name: /^Select all \d+ that match$/ }).click()
  await page.locator('.selection', { hasText: `All ${matching} that match are selected` }).waitFor()
  const { id } = await found('SW-19')
  assert.equal((await fetch(`${shop.server.address}/api/v1/products/${id}`, { method: 'DELETE' })).status, 204)
  const counts = await holdBack(page, '**/products/count?*exact=1', 'GET')
  await page.getByRole('button', { name: 'Delete' }).click()
  await page.getByRole('dialog').getByRole('button', { name: `Delete ${matching} products` }).click()
  await until('the number of now to be asked for', () => counts.length === 1)
  await page.getByRole('searchbox').fill('sw-3')
  await page.locator('tbody tr', { hasText: 'SW-30' }).waitFor()
  await counts[0].continue()
  await page.locator('.toast', { hasText: 'Nothing was done: other products are shown now.' }).waitFor()
  assert.equal((await shop.server.json('/products?q=sw-1')).items.length, matching - 1)
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

test('whoever goes by keys is led back to the list from the bar that closes', async () => {
  await visit('/products?q=sw-4')
  const focused = () => page.evaluate(() => document.activeElement.className)
  const box = page.locator('tbody tr', { hasText: 'SW-40' }).getByRole('checkbox')
  await box.check()
  await page.locator('.selection').getByRole('button', { name: 'Clear' }).press('Enter')
  await until('the focus', async () => await focused() === 'products__link')
  await box.check()
  await page.getByRole('button', { name: 'Deactivate' }).press('Enter')
  await page.locator('.toast', { hasText: '1 product made inactive.' }).waitFor()
  assert.equal(await focused(), 'products__link')
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

test('whoever deletes a row by keys is at the row that is there now', async () => {
  await visit('/products')
  const focused = () => page.evaluate(() => document.activeElement.id)
  const ids = await page.locator('tbody tr').evaluateAll(rows => rows.map(row => row.dataset.id))
  for (let row = 0; row <= 7; row += 1) await page.keyboard.press('j')
  assert.equal(await focused(), `link-${ids[7]}`)
  await page.keyboard.press('x')
  await page.getByRole('button', { name: 'Delete' }).press('Enter')
  await page.getByRole('dialog').getByRole('button', { name: 'Delete 1 product' }).press('Enter')
  await page.locator('.toast', { hasText: 'Deleted 1 product.' }).waitFor()
  await until('the focus', async () => await focused() === `link-${ids[8]}`)
  await page.keyboard.press('e')
  await page.locator('.panel').getByRole('button', { name: 'Delete' }).press('Enter')
  await page.locator('.panel').waitFor({ state: 'hidden' })
  await until('the focus', async () => await focused() === `link-${ids[9]}`)
})

test('a deletion is undone by its message', async () => {
  await visit('/products?q=sw-1')
  const before = await found('SW-11')
  for (const sku of ['SW-11', 'SW-12']) await page.locator('tbody tr', { hasText: sku }).getByRole('checkbox').check()
  await page.getByRole('button', { name: 'Delete' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Delete 2 products' }).click()
  const toast = page.locator('.toast', { hasText: 'Deleted 2 products.' })
  await toast.waitFor()
  assert.ok(!await found('SW-11') && !await found('SW-12'))
  await page.locator('tbody tr', { hasText: 'SW-11' }).waitFor({ state: 'detached' })
  await toast.getByRole('button', { name: 'Undo' }).click()
  await until('both of them', async () => await found('SW-11') && await found('SW-12'))
  const { id, name, description, active } = await found('SW-11')
  assert.deepEqual({ id, name, description, active }, { id: before.id, name: before.name, description: before.description, active: before.active })
  await page.getByText('2 products are back.').first().waitFor()
})

/** How many of the many products are so: lists tell of a search only that there are more than a page. */
const many = condition => Number(shop.server.sql(`SELECT count(*) FROM products WHERE sku LIKE 'MANY-%' AND ${condition}`))

test('a large change is stopped half-way: what was done stays, and the page says so', async () => {
  await shop.server.imported(csv(1300, 'MANY'))
  // It goes in pieces of 500, in the order of the SKUs, and waits for whoever is changing one of them.
  const letGo = await shop.server.hold("SELECT id FROM products WHERE sku = 'MANY-999' FOR UPDATE")
  await visit('/products?q=many')
  await page.locator('tbody [name=ids]').first().check()
  await page.getByRole('button', { name: 'Select all 1,300 that match' }).click()
  await page.locator('.selection', { hasText: 'All 1,300 that match are selected' }).waitFor()
  await page.getByRole('button', { name: 'Deactivate' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Make 1,300 products inactive' }).click()
  await page.getByRole('heading', { name: 'Making 1,300 products inactive' }).waitFor()
  await page.getByText('1,000 of 1,300 so far.').waitFor()
  await page.getByRole('button', { name: 'Stop here' }).click()
  await page.getByRole('heading', { name: 'Cancelled' }).waitFor()
  await page.getByText('1,000 of 1,300 were changed. What was done stays as it is.').waitFor()
  await letGo()
  const working = "SELECT count(*) FROM pg_locks WHERE relation = 'products'::regclass AND mode IN ('RowShareLock', 'RowExclusiveLock')"
  await until('the last piece to be given up', () => shop.server.sql(working) === '0')
  assert.equal(many('active'), 300)

  await page.getByRole('link', { name: 'Go to the products' }).click()
  await page.waitForURL('**/products?q=many')
  await page.getByText('1,300 products').waitFor()
})

test('the page of a change says which products are meant, and tells its end where one is', async () => {
  const import_id = await shop.server.imported(csv(1300, 'WHICH'))
  const letGo = await shop.server.hold("SELECT id FROM products WHERE sku = 'WHICH-999' FOR UPDATE")
  await visit(`/products?q=which&import=${import_id}&changed_since=2020-01-01T12:00:00Z`)
  await page.getByLabel('Select all products of this page').check()
  await page.getByRole('button', { name: 'Select all 1,300 that match' }).click()
  await page.getByRole('button', { name: 'Deactivate' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Make 1,300 products inactive' }).click()
  await page.getByText('Products that match “which”, changed since Jan 1, 2020 and from shop.csv.').waitFor()
  assert.equal(await page.title(), 'Making 1,300 products inactive · Product Importer')
  await page.getByRole('button', { name: 'Stop here' }).focus()
  await letGo()
  const told = page.getByRole('heading', { name: '1,300 products made inactive.' })
  await told.waitFor()
  assert.equal(await told.evaluate(heading => document.activeElement === heading), true)
  assert.equal(await page.title(), '1,300 products made inactive. · Product Importer')
})

test('what takes long is told by a message to whoever types meanwhile', async () => {
  await visit('/products?q=which')
  const held = await holdBack(page, '**/products/changes')
  await page.locator('tbody [name=ids]').first().check()
  await page.getByRole('button', { name: 'Select all 1,300 that match' }).click()
  await page.getByRole('button', { name: 'Activate', exact: true }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Make 1,300 products active' }).click()
  await until('the change to be asked for', () => held.length === 1)
  await page.locator('tbody .products__link').first().click()
  const panel = page.locator('.panel')
  await panel.getByLabel('Name').fill('Being typed')
  await held[0].continue()
  const message = page.locator('.toast', { has: page.getByRole('button', { name: 'Show it' }) })
  // Pointed at, it stays.
  await message.hover()
  assert.equal(await panel.getByLabel('Name').inputValue(), 'Being typed')
  // It stays when the panel is closed.
  await page.keyboard.press('Escape')
  await page.getByRole('button', { name: 'Discard changes' }).click()
  await message.hover()
  await panel.waitFor({ state: 'hidden' })
  await message.getByRole('button', { name: 'Show it' }).click()
  await page.getByRole('heading', { name: /1,300 products/ }).waitFor()
})

test('a large deletion is undone on its page', async () => {
  await visit('/products?q=many-1')
  await page.locator('tbody [name=ids]').first().check()
  await page.getByRole('button', { name: /^Select all \d+ that match$/ }).click()
  const matching = many("sku LIKE 'MANY-1%'")
  await page.locator('.selection', { hasText: `All ${matching} that match are selected` }).waitFor()
  await page.getByRole('button', { name: 'Delete' }).click()
  await page.getByRole('dialog').getByRole('button', { name: `Delete ${matching} products` }).click()
  await page.getByRole('heading', { name: `Deleted ${matching} products.` }).waitFor()
  assert.equal(many("sku LIKE 'MANY-1%'"), 0)
  await page.getByRole('button', { name: 'Undo: bring them back' }).click()
  await page.getByText(`${matching} products are back.`).first().waitFor()
  assert.equal(many("sku LIKE 'MANY-1%'"), matching)
})
