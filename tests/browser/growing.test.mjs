// A catalogue that grows while one looks at it: by hand, beside the list, and by an import that somebody else runs.

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { openBrowser, openPage, scripted } from './support/browser.mjs'
import { csv, Server, until } from './support/server.mjs'

let server
let browser
let page

before(async () => {
  server = await new Server().start()
  browser = await openBrowser()
  page = await openPage(browser, { baseURL: server.address })
})

after(async () => {
  await browser?.close()
  await server?.stop()
})

const toast = words => page.locator('.toast', { hasText: words })
const rows = () => page.locator('tbody tr')

async function add(name, sku) {
  await page.locator('.panel').getByLabel('Name').fill(name)
  await page.locator('.panel').getByLabel('SKU').fill(sku)
  await page.locator('.panel').getByRole('button', { name: 'Add product' }).click()
}

test('the first product makes an empty catalogue a list', async () => {
  await page.goto('/products')
  await page.getByRole('heading', { name: 'Your catalogue is empty' }).waitFor()
  await page.getByRole('link', { name: 'New product' }).last().click()
  await add('First lamp', 'Z-1')
  await toast('First lamp').waitFor()
  await rows().filter({ hasText: 'Z-1' }).waitFor()
  assert.equal(await rows().count(), 1)
})

test('a new product stands on top of the list, wherever it belongs, until one looks again', async () => {
  await server.imported(csv(60, 'GROW'))
  await page.goto('/products?limit=25')
  await scripted(page)
  await page.evaluate(() => {
    const look = () => { window.isMarked ||= document.querySelector('tbody tr:first-child.is-fresh') !== null }
    new MutationObserver(look).observe(document, { subtree: true, childList: true, attributes: true })
  })
  await page.keyboard.press('n')
  await add('Last lamp', 'Z-2')
  await toast('Last lamp').waitFor()
  await page.waitForFunction(() => window.isMarked)
  await page.locator('tbody tr:first-child', { hasText: 'Z-2' }).waitFor()
  assert.equal(await rows().count(), 26)
  await until('the tabs', async () => /62$/.test((await page.getByRole('link', { name: /^All/ }).textContent()).trim()))
  await page.reload()
  await scripted(page)
  assert.equal(await rows().filter({ hasText: 'Z-2' }).count(), 0)
})

test('a list says that products are arriving, stands still, and shows them when it is asked to', async () => {
  const content = csv(20, 'AAA')
  const created = await fetch(`${server.address}/api/v1/imports`, {
    method: 'POST',
    headers: { 'Tus-Resumable': '1.0.0', 'Upload-Length': String(content.length), 'Upload-Metadata': `filename ${btoa('autumn.csv')}` },
  })
  const id = created.headers.get('location').split('/').at(-2)
  await page.goto('/products?limit=25')
  const notice = page.locator('.list-head__news')
  await notice.getByText('autumn.csv').waitFor()
  const sent = await fetch(`${server.address}/api/v1/imports/${id}/file`, {
    method: 'PATCH',
    headers: { 'Tus-Resumable': '1.0.0', 'Upload-Offset': '0', 'Content-Type': 'application/offset+octet-stream' },
    body: content,
  })
  assert.equal(sent.status, 204)
  await server.importWhen(id, ({ state }) => state === 'done')
  await notice.getByText('The import has ended.').waitFor()
  assert.equal(await rows().filter({ hasText: 'AAA-' }).count(), 0)
  await notice.getByRole('link', { name: 'Refresh the list' }).click()
  await rows().filter({ hasText: 'AAA-' }).first().waitFor()
  await notice.getByText('The import has ended.').waitFor({ state: 'detached' })
})
