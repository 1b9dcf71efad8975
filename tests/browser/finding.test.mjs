// Finding products: what is typed, chosen and clicked shows in the list and in its address, and the other way round.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { holdBack, openPage, scripted } from './support/browser.mjs'
import { until } from './support/server.mjs'
import { openShop } from './support/shop.mjs'

const LAMPS = 130
const CHAIRS = 60

const rows = ['name,sku,description,status']
for (let number = 1; number <= LAMPS; number += 1) {
  rows.push(`Lamp ${number},LAMP-${String(number).padStart(3, '0')},Made of brass,${number % 10 === 0 ? 'inactive' : 'active'}`)
}
for (let number = 1; number <= CHAIRS; number += 1) rows.push(`Chair ${number},CHAIR-${String(number).padStart(3, '0')},Crème wood,active`)
const shop = openShop(`${rows.join('\n')}\n`)
let page

async function visit(path, options) {
  page = await shop.visit(path, options)
}

const skus = () => page.locator('tbody .sku').allTextContents()
const query = () => new URL(page.url()).search
const firstSku = sku => page.locator('tbody tr').first().locator('.sku').filter({ hasText: sku }).waitFor()
const box = () => page.locator('#search')
const ticked = () => page.locator('tbody [name=ids]:checked').count()
const bar = () => page.locator('.selection')

test('what is typed is found at once, marked, and in the address', async () => {
  await visit('/products')
  await page.keyboard.press('/')
  await page.keyboard.type('creme 7')
  await until('the address', () => query() === '?q=creme+7')
  await firstSku('CHAIR-007')
  assert.deepEqual(await page.locator('tbody tr').first().locator('mark').allTextContents(), ['7', 'Crème'])
  assert.match(await page.title(), /^“creme 7”/)
  assert.equal(await box().inputValue(), 'creme 7')
  await until('the number to be said', async () => /^\d+ products?$/.test(await page.locator('[data-announcements]').textContent()))
  await page.keyboard.press('Escape')
  await firstSku('CHAIR-001')
  assert.equal(query(), '')
})

/** Opens the list and keeps its scripts back; answers the request for them. */
async function visitEarly(path) {
  page = shop.page = await openPage(shop.browser, { baseURL: shop.server.address })
  const held = await holdBack(page, '**/js/list/page.js', 'GET')
  await page.goto(path)
  await until('the script to be asked for', () => held.length === 1)
  return held[0]
}

test('what is typed before the scripts are there is searched for', async () => {
  const script = await visitEarly('/products')
  await box().fill('chair 12')
  await script.continue()
  await firstSku('CHAIR-012')
  assert.equal(query(), '?q=chair+12')
})

test('what is ticked before the scripts are there stays ticked', async () => {
  const script = await visitEarly('/products?q=chair')
  await page.locator('tbody [name=ids]').nth(1).check()
  await script.continue()
  await bar().getByText('1 selected').waitFor()
  assert.deepEqual([await ticked(), await page.locator('tbody [name=ids]').nth(1).isChecked()], [1, true])
})

test('an older answer never replaces a newer one', async () => {
  await visit('/products')
  const held = []
  await page.route(/\/products\?q=lamp(&|$)/, route => { held.push(route) })
  await box().fill('lamp')
  await until('the first question', () => held.length === 1)
  await page.locator('.results.is-waiting').waitFor()
  await box().fill('chair')
  await firstSku('CHAIR-001')
  for (const route of held) await route.continue().catch(() => {})
  await box().fill('chair 12')
  await firstSku('CHAIR-012')
  assert.equal(await page.locator('.results.is-waiting').count(), 0)
  assert.equal(query(), '?q=chair+12')
})

test('back during a search leads back, whatever comes late', async () => {
  await visit('/products')
  const held = []
  await page.route(/\/products\?q=lamp(&|$)/, route => { held.push(route) })
  await box().fill('lamp')
  await until('the question', () => held.length === 1)
  await page.locator('.results.is-waiting').waitFor()
  await page.goBack()
  await until('the box', async () => await box().inputValue() === '')
  for (const route of held) await route.continue().catch(() => {})
  await until('the end of waiting', async () => await page.locator('.results[aria-busy]').count() === 0)
  assert.equal(query(), '')
  await firstSku('CHAIR-001')
})

test('what is typed and what is clicked hold both, whichever is still awaited', async () => {
  await visit('/products')
  await box().fill('lamp')
  await page.getByRole('link', { name: /^Inactive/ }).click()
  await firstSku('LAMP-010')
  assert.equal(query(), '?q=lamp&status=inactive')
  assert.equal(await box().inputValue(), 'lamp')

  await visit('/products')
  const held = []
  await page.route(/\/products\?status=inactive/, route => { held.push(route) })
  await page.getByRole('link', { name: /^Inactive/ }).click()
  await until('the question', () => held.length === 1)
  await box().fill('lamp')
  await firstSku('LAMP-010')
  assert.equal(query(), '?q=lamp&status=inactive')
})

test('back and forward lead through what was looked at, not through its letters', async () => {
  await visit('/products')
  await box().pressSequentially('lamp', { delay: 150 })
  await until('the word', () => query() === '?q=lamp')
  await firstSku('LAMP-001')
  await box().press('Enter')
  await page.getByRole('link', { name: /^Inactive/ }).click()
  await firstSku('LAMP-010')
  assert.equal(query(), '?q=lamp&status=inactive')
  await page.goBack()
  await firstSku('LAMP-001')
  assert.equal(query(), '?q=lamp')
  await page.goBack()
  await firstSku('CHAIR-001')
  await until('the box', async () => await box().inputValue() === '')
  assert.equal(query(), '')
  await page.goForward()
  await firstSku('LAMP-001')
  await until('the box', async () => await box().inputValue() === 'lamp')
})

test('the address is the whole state', async () => {
  await visit('/products?q=lamp&status=active&sort=-sku&limit=25')
  await firstSku('LAMP-129')
  assert.equal(await page.locator('tbody tr').count(), 25)
  assert.equal(await page.locator('th[aria-sort=descending]').textContent(), 'SKU')
  await page.getByRole('link', { name: 'Next' }).click()
  await until('the next page', async () => query().includes('cursor=') && (await skus())[0] !== 'LAMP-129')
  const second = await skus()
  const { context, url } = { context: page.context(), url: page.url() }
  await page.close()
  page = await context.newPage()
  page.problems = []
  await page.goto(url)
  await scripted(page)
  assert.deepEqual(await skus(), second)
  assert.equal(await box().inputValue(), 'lamp')
  await page.getByRole('link', { name: 'SKU' }).click()
  await firstSku('LAMP-001')
  assert.equal(query(), '?q=lamp&status=active&sort=sku&limit=25')
  await page.getByLabel('Per page').selectOption('100')
  await until('a hundred', async () => await page.locator('tbody tr').count() === 100)
  await page.getByLabel('Sort').selectOption({ label: 'Name, Z to A' })
  await until('by name', () => query() === '?q=lamp&status=active&sort=-name&limit=100')
})

test('filters become chips, and chips go', async () => {
  await visit('/products', { timezoneId: 'America/New_York' })
  await page.locator('.filters > summary').click()
  await page.getByRole('button', { name: 'Last 7 days' }).click()
  await page.locator('[data-chip=changed_since]').waitFor()
  const since = new Date(new URLSearchParams(query()).get('changed_since'))
  assert.ok([4, 5].includes(since.getUTCHours()), 'a day begins at midnight in New York')
  await page.locator('[name=import] option', { hasText: 'shop.csv' }).waitFor({ state: 'attached' })
  await page.locator('[name=import]').selectOption({ index: 1 })
  await page.locator('[data-chip=import]', { hasText: 'From shop.csv' }).waitFor()
  await page.keyboard.press('Escape')
  await page.locator('[data-chip=changed_since]').click()
  await until('one chip', async () => await page.locator('.chip').count() === 1)
  assert.deepEqual([...new URLSearchParams(query()).keys()], ['import'])
  await page.getByRole('link', { name: 'Clear all' }).click()
  await until('no chip', async () => await page.locator('.chip').count() === 0)
  assert.equal(query(), '')
})

test('nothing found says what was searched for and leads on', async () => {
  await visit('/products?q=sofa&status=inactive')
  await page.getByRole('heading', { name: 'No inactive products match “sofa”' }).waitFor()
  await page.getByRole('link', { name: 'Show all products' }).click()
  await firstSku('CHAIR-001')
})

test('the keyboard walks, selects and opens', async () => {
  await visit('/products')
  for (const key of ['j', 'ArrowDown', 'j', 'k']) await page.keyboard.press(key)
  assert.equal(await page.evaluate(() => document.activeElement.textContent), 'Chair 2')
  await page.keyboard.press('x')
  await page.keyboard.press('j')
  await page.keyboard.press('j')
  await page.keyboard.press('Shift+X')
  assert.equal(await ticked(), 3)
  await page.keyboard.press('?')
  await page.getByRole('dialog', { name: 'Keyboard shortcuts' }).waitFor()
  await page.getByLabel('Use single keys').uncheck()
  await page.keyboard.press('Escape')
  await page.locator('tbody .products__link').first().focus()
  await page.keyboard.press('j')
  assert.equal(await page.evaluate(() => document.activeElement.textContent), 'Chair 1')
  await page.keyboard.press('ArrowDown')
  assert.equal(await page.evaluate(() => document.activeElement.textContent), 'Chair 2')
  await page.keyboard.press('Escape')
  assert.equal(await ticked(), 0)
  await page.evaluate(() => localStorage.clear())
  await page.reload()
  await scripted(page)
  await page.keyboard.press(']')
  await firstSku('CHAIR-051')
  await page.keyboard.press('[')
  await firstSku('CHAIR-001')
})

test('the keys of an empty list do nothing, also not to the next list', async () => {
  await visit('/products?q=sofa')
  await page.getByRole('heading', { name: 'No products match “sofa”' }).waitFor()
  for (const key of ['j', 'k', 'ArrowDown', 'ArrowUp']) await page.keyboard.press(key)
  await page.getByRole('link', { name: 'Show all products' }).click()
  await firstSku('CHAIR-001')
  await page.evaluate(() => document.activeElement.blur())
  await page.keyboard.press('j')
  assert.equal(await page.evaluate(() => document.activeElement.textContent), 'Chair 1')
})

test('Shift and the space bar select in a row, and are the browser’s elsewhere', async () => {
  await visit('/products')
  await page.evaluate(() => {
    window.taken = []
    addEventListener('keydown', event => { if (event.key === ' ') window.taken.push(event.defaultPrevented) })
  })
  await page.keyboard.press('Shift+Space')
  await page.keyboard.press('j')
  await page.keyboard.press('Shift+Space')
  assert.deepEqual(await page.evaluate(() => window.taken), [false, true])
  assert.equal(await ticked(), 1)
})

test('a product is edited by its key', async () => {
  await visit('/products')
  await page.keyboard.press('j')
  await page.keyboard.press('e')
  await until('its name', () => page.evaluate(() => document.activeElement.id === 'product-name'))
  assert.equal(await page.locator('.panel #product-name').inputValue(), 'Chair 1')
})

test('letters that are typed are letters', async () => {
  await visit('/products')
  await box().focus()
  await page.keyboard.type('jx?')
  assert.equal(await box().inputValue(), 'jx?')
  assert.equal(await page.locator('dialog[open]').count(), 0)
})

test('the page, then everything that matches; never across a filter', async () => {
  await visit('/products?q=lamp&limit=25')
  await page.getByLabel('Select all products of this page').check()
  await bar().getByText('25 selected').waitFor()
  await page.getByRole('link', { name: 'Next' }).click()
  await firstSku('LAMP-026')
  assert.equal(await ticked(), 0)
  await bar().getByText('25 selected').waitFor()
  await page.locator('tbody [name=ids]').nth(2).check()
  await page.locator('tbody [name=ids]').nth(6).click({ modifiers: ['Shift'] })
  await bar().getByText('30 selected').waitFor()
  await page.getByLabel('Select all products of this page').check()
  await bar().getByText('50 selected').waitFor()
  await page.getByLabel('Select all products of this page').uncheck()
  await bar().getByText('25 selected').waitFor()
  await bar().getByRole('button', { name: 'Select all 130 that match' }).click()
  await bar().getByText('All 130 that match are selected').waitFor()
  assert.equal(await ticked(), 25)
  await page.reload()
  await bar().getByText('All 130 that match are selected').waitFor()
  await box().fill('chair')
  await firstSku('CHAIR-001')
  assert.equal(await ticked(), 0)
  assert.equal(await bar().isVisible(), false)
})

/** Makes the texts of the first row too long for their line. */
async function cutFirst() {
  await page.evaluate(() => {
    for (const text of document.querySelectorAll('tbody tr:first-child [data-whole]')) text.textContent = `${text.className} is long `.repeat(20)
  })
}

test('the whole of cut texts is shown on focus, until Escape, which leaves what is selected', async () => {
  await visit('/products')
  await cutFirst()
  await page.keyboard.press('j')
  await page.keyboard.press('x')
  const tip = page.locator('.full-text')
  for (const name of ['products__link', 'products__about', 'sku']) await tip.filter({ hasText: `${name} is long ${name}` }).waitFor()
  await page.mouse.move(5, 5)
  await page.mouse.move(600, 850)
  await page.keyboard.press('Escape')
  assert.equal(await tip.count(), 0)
  await bar().getByText('1 selected').waitFor()
  await page.keyboard.press('j')
  await page.keyboard.press('k')
  await tip.waitFor()
  await page.keyboard.press('j')
  await tip.waitFor({ state: 'detached' })
})

test('one may point at the whole of a cut text, read on, copy it and put it away', async () => {
  await visit('/products')
  await cutFirst()
  const tip = page.locator('.full-text')
  const link = await page.locator('.products__link').first().boundingBox()
  await page.mouse.move(link.x + 30, link.y + link.height / 2)
  await tip.filter({ hasText: 'products__link is long products__link' }).waitFor()
  assert.ok(!(await tip.textContent()).includes('products__about'))
  // Slowly, over what lies between.
  const { x, y, width, height } = await tip.boundingBox()
  await page.mouse.move(x + 40, y + height / 2, { steps: 20 })
  await page.mouse.move(x + width - 20, y + height / 2, { steps: 20 })
  // A machine that is busy may take a second click for one of its own.
  await until('a word to be selected', async () => {
    await page.mouse.dblclick(x + 60, y + height / 2)
    return /^(products__link|is|long) ?$/.test(await page.evaluate(() => getSelection().toString()))
  })
  // It stays, longer than it would wait for a pointer; that nothing happens cannot be awaited.
  assert.ok(await page.evaluate(() => new Promise(resolve => setTimeout(() => resolve(document.querySelector('.full-text:hover') !== null), 700))))
  await page.keyboard.press('Escape')
  assert.equal(await tip.count(), 0)

  await page.mouse.move(link.x + 30, link.y + link.height / 2)
  await tip.waitFor()
  await page.mouse.move(600, 850)
  await tip.waitFor({ state: 'detached' })
})

test('without a connection the list stays and offers to try again', async () => {
  await visit('/products')
  await page.route(/\/products\?q=/, route => route.abort())
  await box().fill('lamp')
  await page.locator('.toast', { hasText: 'no connection' }).waitFor()
  assert.equal(await page.locator('tbody tr').count(), 50)
  assert.equal(await page.evaluate(() => document.activeElement.id), 'search')
  await page.unroute(/\/products\?q=/)
  await page.getByRole('button', { name: 'Try again' }).click()
  await firstSku('LAMP-001')
})

test('without scripts one searches, filters and sorts by forms and links', async () => {
  await visit('/products?status=active', { javaScriptEnabled: false })
  assert.equal(await page.locator('tbody [name=ids]').first().isVisible(), true)
  assert.equal(await page.locator('#tick-page').isVisible(), false)
  await box().fill('lamp 1')
  await box().press('Enter')
  await page.waitForURL(/q=lamp/)
  await firstSku('LAMP-001')
  assert.equal(new URL(page.url()).searchParams.get('status'), 'active')
  await page.getByRole('link', { name: 'Changed', exact: true }).click()
  await page.waitForURL(/sort=-updated_at/)
  await page.locator('.filters > summary').click()
  await page.getByLabel('From', { exact: true }).fill('2099-01-01')
  await page.getByRole('button', { name: 'Show these' }).click()
  await page.getByRole('heading', { name: 'No active products match “lamp 1” with these filters' }).waitFor()
})

test('without scripts an import is chosen on a page of its own, and the search stays', async () => {
  await visit('/products?q=lamp+1&status=active', { javaScriptEnabled: false })
  await page.locator('.filters > summary').click()
  await page.getByRole('link', { name: 'Choose an import' }).click()
  await page.getByLabel('Last changed by the import').selectOption({ index: 0 })
  await page.getByRole('button', { name: 'Show its products' }).click()
  await page.waitForURL(/import=1/)
  await firstSku('LAMP-001')
  assert.deepEqual(Object.fromEntries(new URL(page.url()).searchParams), { q: 'lamp 1', status: 'active', import: '1' })
  await page.locator('[data-chip=import]').waitFor()
})
