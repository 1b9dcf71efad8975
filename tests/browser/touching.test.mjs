// By touch, on a phone: what is done most.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { csv, until } from './support/server.mjs'
import { openShop } from './support/shop.mjs'

const PHONE = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true }
const shop = openShop(csv(60, 'TOUCH'))

const found = async sku => (await shop.server.json(`/products?q=${sku}`)).items.find(product => product.sku === sku)

test('one searches, opens and saves a product, ticks one and switches its status', async () => {
  const page = await shop.visit('/products', PHONE)
  const row = page.locator('tbody tr')
  await page.locator('#search').tap()
  await page.keyboard.type('touch-17')
  await until('one row', async () => await row.count() === 1)

  await row.getByRole('link', { name: 'Product 17' }).tap()
  const panel = page.locator('.panel')
  await panel.getByLabel('Name').tap()
  await panel.getByLabel('Name').fill('Touched')
  await panel.getByRole('button', { name: 'Save' }).tap()
  await row.getByRole('link', { name: 'Touched' }).waitFor()
  await panel.waitFor({ state: 'hidden' })

  await row.locator('.tick').tap()
  const bar = page.locator('.selection')
  await bar.getByText('1 selected').waitFor()
  await bar.getByRole('button', { name: 'Deactivate' }).tap()
  await page.locator('.toast', { hasText: '1 product made inactive.' }).waitFor()
  assert.equal((await found('TOUCH-17')).active, false)

  await row.locator('.switch[data-active=false]').tap()
  await page.locator('.toast', { hasText: '“Touched” is active now.' }).waitFor()
  assert.equal((await found('TOUCH-17')).active, true)
})

test('a menu opens within a narrow window, and what brings everything back stands on one line', async () => {
  const viewport = { width: 360, height: 640 }
  const page = await shop.visit('/products', { ...PHONE, viewport })
  await page.getByLabel('More actions').tap()
  await page.locator('.menu__list').waitFor()
  const menu = await page.locator('.menu__list').boundingBox()
  assert.ok(menu.x >= 0 && menu.x + menu.width <= viewport.width, JSON.stringify(menu))

  await page.getByRole('link', { name: 'Delete everything…' }).tap()
  await page.getByRole('dialog').getByLabel(/Type/).fill('60')
  await page.getByRole('button', { name: 'Delete 60 products' }).tap()
  await page.waitForURL('**/imports')
  const undo = await page.getByRole('button', { name: 'Undo' }).boundingBox()
  assert.ok(undo.width > undo.height, JSON.stringify(undo))
})
