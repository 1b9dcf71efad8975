// Behind a password: the page that asks for it, with scripts and without, and who is signed out meanwhile.

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { openBrowser, openPage, scripted } from './support/browser.mjs'
import { picture } from './support/pictures.mjs'
import { csv, Server, until } from './support/server.mjs'

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
  const { id } = await sent.json()
  await until('the products', async () => {
    const answer = await fetch(`${server.address}/api/v1/imports/${id}`, { headers: AUTHORIZED })
    return (await answer.json()).state === 'done'
  })
})

after(async () => {
  await browser?.close()
  await server?.stop()
})

async function signIn(page) {
  await page.getByLabel('Password').fill(PASSWORD)
  await page.getByRole('button', { name: 'Sign in' }).click()
}

async function api(path) {
  const response = await fetch(`${server.address}/api/v1${path}`, { headers: AUTHORIZED })
  return response.json()
}

/** Signs out in another tab of the same browser, and answers that tab. */
async function signOutElsewhere(page) {
  const other = await page.context().newPage()
  await other.goto(`${server.address}/imports`)
  await other.getByRole('button', { name: 'Sign out' }).click()
  await other.waitForURL('**/sign-in')
  return other
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
  await signOutElsewhere(page)
  const isLed = page.waitForURL('**/sign-in?to=*')
  // The page asks by itself what is running, and may be told first.
  await Promise.race([isLed, page.getByRole('searchbox').fill('Product 7').catch(() => {})])
  await isLed
  await signIn(page)
  await page.waitForURL('**/products*')
  await page.context().close()
})

test('what is being typed stays when one is signed out meanwhile, and is saved after signing in elsewhere', async () => {
  const page = await openPage(browser, { baseURL: server.address })
  const questions = []
  page.on('dialog', dialog => { questions.push(dialog.type()); dialog.accept() })
  await page.goto('/sign-in')
  await signIn(page)
  await page.locator('.product-list.is-alive').waitFor()
  await page.getByRole('link', { name: 'Product 7', exact: true }).click()
  const panel = page.locator('.panel')
  await panel.getByLabel('Name').fill('Still here')
  const other = await signOutElsewhere(page)
  const told = page.locator('.toast', { hasText: 'You were signed out. Sign in in another tab, then save again.' })
  // As pages do it by themselves, again and again.
  const poll = () => page.evaluate(() => fetch('/imports/running').then(response => response.status))
  assert.equal(await poll(), 401)
  await told.waitFor()
  // Pointed at, it stays.
  await told.hover()
  assert.equal(await poll(), 401)
  assert.equal(await told.count(), 1)
  await panel.getByRole('button', { name: 'Save' }).click()
  await panel.getByRole('alert').filter({ hasText: 'You were signed out.' }).waitFor()
  assert.equal(await panel.getByLabel('Name').inputValue(), 'Still here')
  const [door] = await Promise.all([page.waitForEvent('popup'), told.getByRole('button', { name: 'Sign in' }).click()])
  await signIn(door)
  await door.waitForURL('**/products')
  await panel.getByRole('button', { name: 'Save' }).click()
  await page.locator('.toast', { hasText: 'Saved “Still here”.' }).waitFor()
  assert.deepEqual([questions, page.problems], [[], []])
  await other.close()
  await page.context().close()
})

/** All that a form could make something else of. */
const LINES = '\n„Größe“: 2 × 3 "Zoll"\n\n\tÄÖÜ & <b>\'ß\'</b>; 100 % + 1 = 😀\n  eingerückt'

for (const javaScriptEnabled of [true, false]) {
  test(`what was typed is kept when the session has ended, and saved by a click (scripts: ${javaScriptEnabled})`, async () => {
    const page = await openPage(browser, { baseURL: server.address, javaScriptEnabled })
    const { items: [{ id, name: before }] } = await api('/products?limit=1')
    const path = `/products/${id}`
    const [name, description] = [`Stuhl „Ä“ ${javaScriptEnabled}`, `${LINES}, ${javaScriptEnabled}`]
    await page.goto(`/sign-in?to=${path}`)
    await signIn(page)
    await page.waitForURL(`**${path}`)
    if (javaScriptEnabled) await scripted(page)
    await page.getByLabel('Name').fill(name)
    await page.getByLabel('Description').fill(description)
    await page.context().clearCookies()
    await page.getByRole('button', { name: 'Save' }).click()
    await page.getByText('You were signed out, so nothing has been saved yet.').waitFor()
    await page.getByLabel('Password').fill('guess')
    await page.keyboard.press('Enter')
    await page.getByText('That is not the password.').waitFor()
    await signIn(page)
    await page.getByRole('heading', { name: 'You are signed in again' }).waitFor()
    assert.equal((await api(path)).name, before)
    await page.getByRole('button', { name: 'Send it again' }).click()
    await page.waitForURL(`**${path}`)
    await page.getByRole('heading', { name, exact: true }).waitFor()
    const saved = await api(path)
    assert.deepEqual([saved.name, saved.description], [name, description])
    assert.deepEqual(page.problems, [])
    await page.context().close()
  })
}

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
