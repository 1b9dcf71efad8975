// From a file to the catalogue, as a person does it: drop it or choose it, watch it, look at what came of it.

import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { after, before, test } from 'node:test'
import { dropFiles, holdBack, importOpened, openBrowser, openPage, outcome, scripted } from './support/browser.mjs'
import { csv, Server, until } from './support/server.mjs'

let server
let browser
let page

before(async () => {
  server = await new Server().start()
  browser = await openBrowser()
})

after(async () => {
  await browser?.close()
  await server?.stop()
})

async function visit(path, options) {
  await page?.context().close()
  page = await openPage(browser, { baseURL: server.address, ...options })
  await page.goto(path)
  await scripted(page)
}

test('an empty catalogue leads to the imports', async () => {
  await visit('/')
  assert.equal(new URL(page.url()).pathname, '/products')
  await page.getByText('Your catalogue is empty').waitFor()
  await page.getByRole('main').getByRole('link', { name: 'Import products' }).click()
  await page.getByText('No file has been imported yet').waitFor()
})

test('a dropped file leads to its import and into the catalogue', async () => {
  await visit('/imports')
  await dropFiles(page, '[data-drop-zone]', [server.file('dropped.csv', csv(120))])
  const id = await importOpened(page)
  assert.equal(await outcome(page), '120 products added')
  assert.match(await page.title(), /^Done: dropped\.csv/)
  assert.equal((await server.import(id)).created, 120)
  await page.getByRole('link', { name: 'See the products' }).click()
  await page.waitForURL(/\/products$/)
  assert.match(await page.getByRole('link', { name: /^All/ }).textContent(), /120/)
  assert.equal(await page.locator('tbody tr').count(), 50)
  await page.getByRole('link', { name: 'Next' }).click()
  await page.waitForURL(/cursor=/)
  assert.deepEqual(page.problems, [])
})

test('a chosen file is the same as a dropped one', async () => {
  await visit('/imports')
  await page.locator('input[type=file]').first().setInputFiles(server.file('chosen.csv', csv(130)))
  await importOpened(page)
  assert.equal(await outcome(page), '10 products added')
  assert.match(await page.locator('[data-count=unchanged] td').textContent(), /120/)
})

test('what is done with products that exist can be chosen', async () => {
  await visit('/imports')
  await page.locator('.options > summary').click()
  await page.getByLabel('Leave the product alone').check()
  await page.getByLabel('Inactive').check()
  await page.getByText('Products you already have are left alone; new ones start inactive').waitFor()
  await page.locator('input[type=file]').first().setInputFiles(server.file('new only.csv', csv(2, 'NEW') + 'Another name,sku-1,x\r\n'))
  const id = await importOpened(page)
  assert.equal(await outcome(page), '2 products added')
  const { mode, skipped } = await server.import(id)
  assert.deepEqual({ mode, skipped }, { mode: 'create_only', skipped: 1 })
  await page.goto('/products?status=inactive')
  assert.equal(await page.locator('tbody tr').count(), 2)
})

test('rejected rows are shown and can be downloaded', async () => {
  await visit('/imports')
  const rows = 'name,sku,price\nGood,R-1,1\n,R-2,2\nNo number,,3\n'
  await page.locator('input[type=file]').first().setInputFiles(server.file('two bad rows.csv', rows))
  await importOpened(page)
  await outcome(page)
  const shown = page.locator('[data-rejected-rows] tr')
  assert.equal(await shown.count(), 2)
  assert.match(await shown.first().textContent(), /3.*name/i)
  assert.match(await page.locator('[data-columns-ignored]').textContent(), /price/)
  const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('link', { name: 'Download all as CSV' }).click()])
  const text = await readFile(await download.path(), 'utf8')
  assert.match(text, /^(\uFEFF)?line,reason,name,sku,price\r?\n3,[^\n]*,,R-2,2\r?\n4,[^\n]*,No number,,3\r?\n$/)
})

test('SKUs that a spreadsheet cut short are told with the way out', async () => {
  await visit('/imports')
  await page.locator('input[type=file]').first().setInputFiles(server.file('mangled.csv', 'sku,name\n1.23457E+12,Lamp\n'))
  await importOpened(page)
  await outcome(page)
  const warning = page.locator('[data-warning=mangled_sku]')
  assert.match(await warning.textContent(), /“1\.23457E\+12” on line 2/)
  await warning.locator('summary').click()
  await warning.getByText('Save as CSV UTF-8').waitFor()
})

test('a workbook is told at once, and one in disguise by the server', async () => {
  await visit('/imports')
  await page.locator('input[type=file]').first().setInputFiles(server.file('catalogue.xlsx', 'PK\x03\x04 and so on'))
  await page.locator('[data-upload-problem]', { hasText: 'CSV UTF-8' }).waitFor()
  assert.equal(new URL(page.url()).pathname, '/imports')

  const sent = await fetch(`${server.address}/api/v1/imports?filename=disguised.csv`, {
    method: 'POST', headers: { 'Content-Type': 'text/csv' }, body: `PK\x03\x04${'\0'.repeat(26)}[Content_Types].xml${'\0'.repeat(200)}`,
  })
  const { id } = await sent.json()
  await server.importWhen(id, ({ state }) => state === 'failed')
  await page.goto(`/imports/${id}`)
  assert.equal(await outcome(page), 'This file could not be imported')
  assert.match(await page.locator('.outcome__reason').textContent(), /Excel|spreadsheet|workbook/i)
  await page.getByText('Nothing in your catalogue was changed.').waitFor()
  assert.match(await page.title(), /^Failed: disguised\.csv/)
})

test('two files at once become two imports, one after the other', async () => {
  await visit('/imports')
  const files = [server.file('first.csv', csv(5, 'FIRST')), server.file('second.csv', csv(6, 'SECOND'))]
  await dropFiles(page, '[data-drop-zone]', files)
  const first = await importOpened(page)
  const second = String(Number(first) + 1)
  await until('the second import', async () => (await fetch(`${server.address}/api/v1/imports/${second}`)).ok)
  for (const [id, filename, created] of [[first, 'first.csv', 5], [second, 'second.csv', 6]]) {
    const import_ = await server.importWhen(id, ({ state }) => state === 'done')
    assert.deepEqual([import_.filename, import_.created], [filename, created])
  }
})

test('a file dropped while another is being begun comes after it', async () => {
  await visit('/imports')
  const held = await holdBack(page, '**/api/v1/imports')
  await dropFiles(page, '[data-drop-zone]', [server.file('one.csv', csv(5, 'ONE'))])
  await until('the first to be begun', () => held.length === 1)
  await page.evaluate(() => {
    const problem = document.querySelector('[data-upload-problem]')
    new MutationObserver(() => { window.problem ||= problem.textContent }).observe(problem, { childList: true, attributes: true })
  })
  await dropFiles(page, '[data-drop-zone]', [server.file('other.csv', csv(6, 'OTHER'))])
  await held[0].continue()
  const first = await importOpened(page)
  await until('the second to be begun', () => held.length === 2)
  await held[1].continue()
  const second = String(Number(first) + 1)
  await until('the second import', async () => (await fetch(`${server.address}/api/v1/imports/${second}`)).ok)
  for (const [id, filename] of [[first, 'one.csv'], [second, 'other.csv']]) {
    const import_ = await server.importWhen(id, ({ state }) => state === 'done')
    assert.equal(import_.filename, filename)
  }
  assert.equal(await page.evaluate(() => window.problem ?? ''), '')
  assert.deepEqual(page.problems, [])
})

test('of several files each that is refused is told', async () => {
  await visit('/imports')
  const held = await holdBack(page, '**/api/v1/imports')
  const files = ['refused.csv', 'taken.csv'].map(name => server.file(name, csv(5, 'SEVERAL')))
  await dropFiles(page, '[data-drop-zone]', files)
  await until('the first to be begun', () => held.length === 1)
  await held[0].fulfill({ status: 422, contentType: 'application/problem+json', body: JSON.stringify({ detail: 'It is too large.' }) })
  await page.locator('.toast', { hasText: '“refused.csv” was not imported. It is too large.' }).waitFor()
  await until('the second to be begun', () => held.length === 2)
  await held[1].continue()
  const id = await importOpened(page)
  assert.equal((await server.import(id)).filename, 'taken.csv')
  await server.importWhen(id, ({ state }) => state === 'done')
})

/** Chooses a file and goes on to the products before its import has been created; answers the request for that. */
async function goOnWhileBegun(name) {
  await visit('/imports')
  const held = await holdBack(page, '**/api/v1/imports')
  await page.locator('input[type=file]').first().setInputFiles(server.file(name, csv(7, 'LATE')))
  await until('it to be begun', () => held.length === 1)
  await page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: 'Products' }).click()
  await page.locator('.product-list.is-alive').waitFor()
  return held[0]
}

test('a file that is begun late takes nobody away from what is being typed', async () => {
  const request = await goOnWhileBegun('late.csv')
  await page.keyboard.press('n')
  const name = page.locator('.panel').getByLabel('Name')
  await name.fill('Being typed')
  await request.continue()
  const { items: [{ id }] } = await until('the import', async () => {
    const imports = await server.json('/imports?limit=1')
    return imports.items[0].filename === 'late.csv' && imports
  })
  await server.importWhen(id, ({ state }) => state === 'done')
  assert.deepEqual([await name.inputValue(), new URL(page.url()).pathname], ['Being typed', '/products'])
})

test('a file that is refused late is told by its name to whoever has gone on', async () => {
  const request = await goOnWhileBegun('refused late.csv')
  await request.fulfill({ status: 422, contentType: 'application/problem+json', body: JSON.stringify({ detail: 'It is too large.' }) })
  await page.locator('.toast', { hasText: '“refused late.csv” was not imported. It is too large.' }).waitFor()
})

test('the sample can be downloaded and tried out at once', async () => {
  await visit('/imports')
  const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('link', { name: 'Download a sample' }).click()])
  assert.match(await readFile(await download.path(), 'utf8'), /^name,sku,description\r\n/)
  await page.getByRole('button', { name: 'Try it with the sample' }).click()
  await importOpened(page)
  assert.match(await outcome(page), /products added/)
})

test('the keyboard is enough', async () => {
  await visit('/imports')
  const reach = async (what, wanted) => {
    for (let presses = 0; presses < 30; presses += 1) {
      await page.keyboard.press('Tab')
      if (await page.evaluate(wanted)) return
    }
    assert.fail(`${what} cannot be reached`)
  }
  page.on('filechooser', chooser => chooser.setFiles(server.file('by keyboard.csv', csv(7, 'KEYS'))))
  await page.keyboard.press('Tab')
  assert.equal(await page.evaluate(() => document.activeElement.textContent), 'Skip to the content')
  await page.keyboard.press('Enter')
  await reach('the file', () => document.activeElement.type === 'file')
  const outline = await page.evaluate(() => getComputedStyle(document.activeElement.closest('label')).outlineStyle)
  assert.equal(outline, 'solid')
  await page.keyboard.press('Space')
  await importOpened(page)
  assert.equal(await outcome(page), '7 products added')
  await reach('the products', () => document.activeElement.textContent === 'See the products')
  await page.keyboard.press('Enter')
  await page.waitForURL(/\/products$/)
})

test('without scripts the form uploads and the page tells the result', async () => {
  await visit('/imports', { javaScriptEnabled: false })
  await page.locator('input[type=file]').setInputFiles(server.file('plain.csv', csv(8, 'PLAIN')))
  await page.getByRole('button', { name: 'Upload the chosen file' }).click()
  const id = await importOpened(page)
  await server.importWhen(id, ({ state }) => state === 'done')
  await page.goto(`/imports/${id}`)
  assert.equal(await outcome(page), '8 products added')
})

test('the whole of a long file name is shown to whoever points at it or is at it by the keyboard', async () => {
  const filename = `${'spring-and-summer-'.repeat(10)}.csv`
  await server.imported(csv(1), filename)
  await visit('/imports')
  const name = page.getByRole('link', { name: filename })
  const whole = page.locator('.full-text').getByText(filename)
  await name.hover()
  await whole.waitFor()
  await page.mouse.move(5, 5)
  await whole.waitFor({ state: 'detached' })
  await page.getByRole('button', { name: 'Try it with the sample' }).focus()
  await page.keyboard.press('Tab')
  await whole.waitFor()
})

test('the whole of a rejected row keeps the direction of each of its values', async () => {
  const name = 'שולחן כתיבה '.repeat(30).trim()
  const id = await server.imported(Buffer.from(`name,sku,description\n${name},,"12 cm"\nDesk,D-1,\n`))
  await visit(`/imports/${id}`)
  await page.locator('[data-rejected-rows] code').hover()
  const tip = page.locator('.full-text')
  await tip.waitFor()
  assert.deepEqual(await tip.locator('bdi').allTextContents(), await page.locator('[data-rejected-rows] code > bdi').allTextContents())
  assert.match(await tip.textContent(), /^שולחן.* │ \(empty\) │ 12 cm$/s)
})

test('the filter of the products stays from page to page', async () => {
  await visit('/products?status=active')
  await page.getByRole('link', { name: 'Next' }).click()
  await page.waitForURL(/cursor=/)
  assert.equal(new URL(page.url()).searchParams.get('status'), 'active')
  await page.getByRole('link', { name: 'Previous' }).click()
  assert.equal(new URL(page.url()).searchParams.get('status'), 'active')
})

test('what is not there is told by a page', async () => {
  for (const path of ['/imports/4711', '/nowhere', '/products?limit=many']) {
    await visit(path)
    assert.ok((await page.locator('.error-page h1').textContent()).length > 5, path)
    await page.getByRole('link', { name: 'Go to the products' }).waitFor()
  }
})
