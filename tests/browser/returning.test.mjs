// Going back to the list, which a browser shows as it was left: kept whole, or from its cache.

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { openBrowser, openPage, scripted } from './support/browser.mjs'
import { csv, Server, until } from './support/server.mjs'

let server
const browsers = {}

before(async () => {
  server = await new Server().start()
  browsers['kept whole'] = await openBrowser({ keepsPages: true })
  browsers['from the cache'] = await openBrowser()
  await server.imported(csv(30, 'BACK'))
})

after(async () => {
  for (const browser of Object.values(browsers)) await browser.close()
  await server?.stop()
})

const link = (page, name) => page.getByRole('link', { name, exact: true })

/** The list, in a browser that keeps pages so. Each load of the document counts one up, coming back to it does not. */
async function openList(how) {
  const page = await openPage(browsers[how], { baseURL: server.address })
  await page.addInitScript(() => addEventListener('pageshow', event => { document.documentElement.dataset.isKept = event.persisted }))
  await page.goto('/products')
  await scripted(page)
  return page
}

/** Goes back to the list, and makes sure that it came as the test means it. */
async function goBack(page, how, steps = 1) {
  await page.evaluate(back => { history.go(-back) }, steps)
  // A page that was kept is not loaded again.
  await page.waitForURL('**/products', { waitUntil: 'commit' })
  await page.locator(`html[data-is-kept=${how === 'kept whole'}]`).waitFor()
}

for (const how of ['kept whole', 'from the cache']) {
  test(`what was changed on a product's own page shows in the list one goes back to (${how})`, async () => {
    const page = await openList(how)
    const { items: [{ id, name }] } = await server.json('/products?q=BACK-7')
    await link(page, name).waitFor()
    await page.evaluate(href => { location.href = href }, `/products/${id}`)
    await page.waitForURL(`**/products/${id}`)
    await scripted(page)
    await page.getByLabel('Name').fill(`${how}, renamed`)
    await page.getByRole('button', { name: 'Save' }).click()
    await page.getByText('Saved “').waitFor()
    // The page as it was before it was saved lies between.
    await goBack(page, how, 2)
    await link(page, `${how}, renamed`).waitFor()
    assert.deepEqual(page.problems, [])
    await page.context().close()
  })

  test(`what was changed on a product's own page shows in the panel one goes back to (${how})`, async () => {
    const page = await openList(how)
    await page.getByRole('link', { name: /^Product 8$/ }).click()
    const name = page.locator('#product-name')
    const whole = page.getByRole('link', { name: 'Open as a page' })
    await name.waitFor()
    await whole.click()
    await page.waitForURL(/\/products\/\d+$/)
    await scripted(page)
    await name.fill(`${how}, renamed`)
    await page.getByRole('button', { name: 'Save' }).click()
    await page.getByText('Saved “').waitFor()
    await goBack(page, how, 2)
    await until('its new name', async () => await page.locator('.panel #product-name').inputValue() === `${how}, renamed`)
    await page.locator('.panel #product-name').fill('Product 8')
    await page.locator('.panel').getByRole('button', { name: 'Save' }).click()
    await page.getByText('Saved “Product 8”').waitFor()
    assert.deepEqual(page.problems, [])
    await page.context().close()
  })

  test(`what was deleted is not in the list one goes back to, and no question (${how})`, async () => {
    const page = await openList(how)
    await page.getByLabel('More actions').click()
    await page.getByRole('link', { name: 'Delete everything' }).click()
    await page.getByLabel('Type 30 to confirm').fill('30')
    await page.keyboard.press('Enter')
    await page.waitForURL('**/imports')
    await goBack(page, how)
    await page.getByRole('heading', { name: 'Your catalogue is empty' }).waitFor()
    assert.equal(await page.locator('tbody tr').count(), 0)
    assert.equal(await page.locator('dialog[open]').count(), 0)
    assert.deepEqual(page.problems, [])
    await page.context().close()
    assert.equal((await fetch(`${server.address}/products/restoration`, { method: 'POST' })).ok, true)
  })
}
