// Behind a password: the page that asks for it, with scripts and without, and who is signed out meanwhile.

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { openBrowser, openPage } from './support/browser.mjs'
import { picture } from './support/pictures.mjs'
import { csv, Server } from './support/server.mjs'

const PASSWORD = 'offen, Sesam'
const AUTHORIZED = { Authorization: `Bearer ${PASSWORD}` }

let server
let browser

before(async () => {
  server = await new Server({ ACCESS_PASSWORD: PASSWORD }).start()
  browser = await openBrowser()
  const url = `${server.address}/api/v1/imports?filename=shop.csv`
  const sent = await fetch(url, { method: 'POST', headers: { ...AUTHORIZED, 'Content-Type': 'text/csv' }, body: csv(30) })
  assert.equal(sent.status, 202)
})

after(async () => {
  await browser?.close()
  await server?.stop()
})

async function signIn(page) {
  await page.getByLabel('Password').fill(PASSWORD)
  await page.getByRole('button', { name: 'Sign in' }).click()
}

for (const javaScriptEnabled of [true, false]) {
  test(`one signs in, gets where one wanted to go, and signs out (scripts: ${javaScriptEnabled})`, async () => {
    const page = await openPage(browser, { baseURL: server.address, javaScriptEnabled })
    await page.goto('/products?status=active&sort=-name')
    assert.equal(new URL(page.url()).pathname, '/sign-in')
    await page.getByLabel('Password').fill('guess')
    await page.keyboard.press('Enter')
    await page.getByText('That is not the password.').waitFor()
    await signIn(page)
    await page.waitForURL('**/products?status=active&sort=-name')
    await page.goto('/imports')
    assert.equal(new URL(page.url()).pathname, '/imports')
    await page.getByRole('button', { name: 'Sign out' }).click()
    await page.waitForURL('**/sign-in')
    await page.goto('/products')
    assert.equal(new URL(page.url()).pathname, '/sign-in')
    assert.deepEqual(page.problems, [])
    await page.context().close()
  })
}

test('whoever is signed out in another tab is asked again, and comes back', async () => {
  const page = await openPage(browser, { baseURL: server.address })
  await page.goto('/sign-in')
  await signIn(page)
  await page.locator('.product-list.is-alive').waitFor()
  const other = await page.context().newPage()
  await other.goto(`${server.address}/imports`)
  await other.getByRole('button', { name: 'Sign out' }).click()
  await other.waitForURL('**/sign-in')
  await page.getByRole('searchbox').fill('Product 7')
  await page.waitForURL('**/sign-in?to=*')
  await signIn(page)
  await page.waitForURL('**/products*')
  await page.context().close()
})

test('the page that asks looks well everywhere', async () => {
  for (const [device, viewport] of Object.entries({ desktop: { width: 1440, height: 900 }, phone: { width: 390, height: 844 } })) {
    for (const colorScheme of ['light', 'dark']) {
      const page = await openPage(browser, { baseURL: server.address, viewport, colorScheme })
      await page.goto('/sign-in?to=/imports')
      await page.evaluate(() => document.fonts.ready)
      await picture(page, `sign-in-${device}-${colorScheme}`)
      await page.getByLabel('Password').fill('guess')
      await page.keyboard.press('Enter')
      await page.getByText('That is not the password.').waitFor()
      await picture(page, `sign-in-wrong-${device}-${colorScheme}`)
      await signIn(page)
      await page.waitForURL('**/imports')
      await picture(page, `signed-in-${device}-${colorScheme}`)
      await page.context().close()
    }
  }
})
