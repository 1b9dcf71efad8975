// Taking products out as a file: all of them, what is filtered, and what is ticked. The file really arrives, and holds
// these products and no others.

import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { test } from 'node:test'
import { csv, until } from './support/server.mjs'
import { openShop } from './support/shop.mjs'

const PLAIN = 1300
/** What spreadsheets and files trip over. */
const ODD = [
  '"Lamp, ""large""","EX,1","first line\nsecond line"',
  'Crème brûlée 灯,EX-ß,=1+1',
  ' Spaces ,EX-SPACE,',
]
const shop = openShop(`${csv(PLAIN, 'EX')}${ODD.join('\r\n')}\r\n`)
const bar = () => shop.page.locator('.selection')

/** The rows of a file as they stand in it, in any order. */
function rowsOf(text) {
  assert.ok(text.startsWith('\ufeffname,sku,description,status\r\n') && text.endsWith('\r\n'), text.slice(0, 100))
  return text.split('\r\n').slice(1, -1).sort()
}

const plain = (number, status = 'active') => `Product ${number},EX-${number},What it is,${status}`

/** Does what brings a file about; answers its rows. */
async function rowsAfter(act) {
  const [download] = await Promise.all([shop.page.waitForEvent('download'), act()])
  assert.match(download.suggestedFilename(), /^products-\d{4}-\d\d-\d\d\.csv$/)
  return rowsOf(await readFile(await download.path(), 'utf8'))
}

async function exportList() {
  await shop.page.getByLabel('More actions').click()
  await shop.page.getByRole('link', { name: 'Export these as CSV' }).click()
}

const exportSelected = () => bar().getByRole('button', { name: 'Export' }).click()

/** Numbers whose SKU goes on after EX- with these digits. */
const beginningWith = digits => Array.from({ length: PLAIN }, (_, index) => index + 1).filter(number => String(number).startsWith(digits))

test('everything is exported, whatever stands in it', async () => {
  await shop.visit('/products')
  const rows = await rowsAfter(exportList)
  const all = [...beginningWith('').map(number => plain(number)), ...ODD.map(row => `${row},active`)]
  assert.deepEqual(rows, all.sort())
})

test('what is filtered is exported, all its pages, as soon as it is typed', async () => {
  const page = await shop.visit('/products?limit=25')
  await page.locator('#search').fill('ex-12')
  await page.locator('.list-foot__total', { hasText: '111 products' }).waitFor()
  assert.equal(beginningWith('12').length, 111)
  assert.deepEqual(await rowsAfter(exportList), beginningWith('12').map(number => plain(number)).sort())

  await page.locator('tbody tr').first().getByRole('button', { name: /make it inactive/ }).click()
  await until('the product to be inactive', async () => (await shop.server.json('/products?status=inactive')).total.value === 1)
  await page.getByRole('link', { name: 'Inactive' }).click()
  await page.locator('.list-foot__total', { hasText: /^1 product$/ }).waitFor()
  assert.deepEqual(await rowsAfter(exportList), [plain(12, 'inactive')])
  await page.locator('tbody tr').first().getByRole('button', { name: /make it active/ }).click()
  await until('the product to be active', async () => (await shop.server.json('/products?status=inactive')).total.value === 0)
})

test('what is ticked is exported, on whatever page it was', async () => {
  const page = await shop.visit('/products?q=product&sort=sku&limit=25')
  await page.locator('tbody tr', { hasText: 'EX-100' }).first().getByRole('checkbox').check()
  await page.getByRole('link', { name: 'Next' }).click()
  await page.locator('tbody tr', { hasText: 'EX-1020' }).getByRole('checkbox').check()
  await bar().getByText('2 selected').waitFor()
  assert.deepEqual(await rowsAfter(exportSelected), [plain(100), plain(1020)].sort())
  await bar().getByText('2 selected').waitFor()
})

test('everything that matches is exported', async () => {
  const page = await shop.visit('/products?q=ex-12&limit=25')
  await page.locator('tbody [name=ids]').first().check()
  await bar().getByRole('button', { name: 'Select all 111 that match' }).click()
  await bar().getByText('All 111 that match are selected').waitFor()
  assert.deepEqual(await rowsAfter(exportSelected), beginningWith('12').map(number => plain(number)).sort())
})

test('everything that matches is exported only when its number is right', async () => {
  const page = await shop.visit('/products?q=ex-12&limit=25')
  await page.locator('tbody [name=ids]').first().check()
  await bar().getByRole('button', { name: 'Select all 111 that match' }).click()
  await bar().getByText('All 111 that match are selected').waitFor()
  const { id } = await (await fetch(`${shop.server.address}/api/v1/products`, {
    method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ name: 'Late', sku: 'EX-12-LATE' }),
  })).json()
  await exportSelected()
  const dialog = page.getByRole('dialog', { name: 'Export 112 products?' })
  await dialog.getByText('There were 111 when you selected them').waitFor()
  const rows = await rowsAfter(() => dialog.getByRole('button', { name: 'Export 112 products' }).click())
  assert.equal(rows.length, 112)
  assert.equal((await fetch(`${shop.server.address}/api/v1/products/${id}`, { method: 'DELETE' })).status, 204)
})

test('whoever ticks too many is told at once, with the way to have them all', async () => {
  const page = await shop.visit('/products?q=product&sort=sku&limit=200')
  for (let ticked = 200; ticked <= 1000; ticked += 200) {
    await page.getByLabel('Select all products of this page').check()
    await bar().getByText(`${ticked.toLocaleString('en')} selected`).waitFor()
    const last = await page.locator('tbody tr').last().getAttribute('id')
    await page.getByRole('link', { name: 'Next' }).click()
    await page.locator(`#${last}`).waitFor({ state: 'detached' })
  }
  const box = page.locator('tbody [name=ids]').first()
  await box.click()
  await bar().getByText('1,000 selected, the most that can be ticked').waitFor()
  assert.equal(await box.isChecked(), false)
  const named = await rowsAfter(exportSelected)
  assert.equal(named.length, 1000)
  assert.ok(named.includes(plain(1)) && !named.includes(plain(999)))

  await bar().getByRole('button', { name: 'Select all 1,300 that match' }).click()
  await bar().getByText('All 1,300 that match are selected').waitFor()
  assert.deepEqual(await rowsAfter(exportSelected), beginningWith('').map(number => plain(number)).sort())
})

test('a file that cannot be had is told', async () => {
  const page = await shop.visit('/products')
  await page.locator('tbody [name=ids]').first().check()
  await page.context().setOffline(true)
  for (const attempt of [exportSelected, exportList]) {
    await attempt()
    await page.locator('.toast', { hasText: 'there is no connection' }).waitFor()
    await page.getByRole('button', { name: 'Close this message' }).click()
  }
  await bar().getByText('1 selected').waitFor()
})

test('without scripts what is ticked is exported by the form', async () => {
  const page = await shop.visit('/products?q=product&sort=sku', { javaScriptEnabled: false })
  await page.locator('tbody tr', { hasText: 'EX-1003' }).getByRole('checkbox').check()
  await page.locator('tbody tr', { hasText: 'EX-1004' }).getByRole('checkbox').check()
  assert.deepEqual(await rowsAfter(exportSelected), [plain(1003), plain(1004)])
})

test('a file that would lack products is not begun, and one is told why', async () => {
  const page = await shop.visit('/products?q=ex-12&limit=25')
  await page.locator('tbody [name=ids]').first().check()
  await bar().getByRole('button', { name: 'Select all 111 that match' }).click()
  const indexAgain = await shop.server.hold("SELECT pg_advisory_xact_lock(x'736561726368'::bigint)")
  await shop.server.merged(csv(300, 'NEW'))
  for (const attempt of [exportSelected, exportList]) {
    await attempt()
    await page.locator('.toast', { hasText: 'cannot all be found yet' }).waitFor()
    await page.getByRole('button', { name: 'Close this message' }).click()
  }
  const unscripted = await shop.visit('/products?q=ex-12', { javaScriptEnabled: false })
  await unscripted.getByLabel('More actions').click()
  await unscripted.getByRole('link', { name: 'Export these as CSV' }).click()
  await unscripted.getByText('cannot all be found yet').waitFor()

  await indexAgain()
  await until('all of it to be found', () => shop.server.sql('SELECT count(*) FROM search_changes') === '0')
  await shop.visit('/products?q=ex-12')
  assert.deepEqual(await rowsAfter(exportList), beginningWith('12').map(number => plain(number)).sort())
})
