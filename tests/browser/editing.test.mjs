// Products changed by hand, as people do it: on a page, in the panel, two at once, and without scripts.

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { focused, holdBack, openBrowser, openPage, scripted } from './support/browser.mjs'
import { Server, until } from './support/server.mjs'

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

async function send(method, path, body) {
  const response = await fetch(`${server.address}/api/v1${path}`, {
    method, headers: { 'Content-Type': 'application/json' }, body: body && JSON.stringify(body),
  })
  if (!response.ok) throw new Error(`${path} answered ${response.status}`)
  return response.status === 204 ? undefined : response.json()
}

const add = (sku, name, more) => send('POST', '/products', { sku, name, ...more })

/** Opens the panel by a link as lists have it. */
async function openPanel(address) {
  await page.evaluate(href => {
    const link = document.createElement('a')
    Object.assign(link, { href, textContent: 'Open it' }).dataset.panel = ''
    document.querySelector('main').append(link)
  }, address)
  await page.getByRole('link', { name: 'Open it' }).click()
  await page.locator('.panel form').first().waitFor()
}

test('a product is added on its page, and what is wrong stands at its field', async () => {
  await visit('/products/new')
  await focused(page, 'name')
  await page.getByRole('button', { name: 'Add product' }).click()
  assert.equal(await page.locator('[aria-invalid=true]').count(), 2)
  assert.equal(await page.evaluate(() => document.activeElement.name), 'name')
  await page.getByLabel('Name').fill('Brass lamp')
  await page.getByText('Give it a name.').waitFor({ state: 'hidden' })
  await page.getByLabel('SKU').fill('LAMP-1')
  await page.getByLabel('Description').fill('Two\nlines')
  await page.keyboard.press('Control+Enter')
  await page.waitForURL(/\/products\/\d+$/)
  await page.getByText('Added “Brass lamp”.').waitFor()
  const id = new URL(page.url()).pathname.split('/').at(-1)
  const { sku, description, active } = await server.json(`/products/${id}`)
  assert.deepEqual({ sku, description, active }, { sku: 'LAMP-1', description: 'Two\nlines', active: true })
  await page.reload()
  assert.equal(await page.getByText('Added “Brass lamp”.').count(), 0)
  await page.locator('.story__step', { hasText: 'Added by hand' }).waitFor()
  assert.deepEqual(page.problems, [])
})

test('a late answer leaves the panel of another product as it is', async () => {
  const saved = await add('LATE-1', 'Late lamp')
  const other = await add('LATE-2', 'Other lamp')
  await visit('/products')
  const held = await holdBack(page, `**/products/${saved.id}`)
  await openPanel(`/products/${saved.id}`)
  await page.locator('.panel').getByLabel('Name').fill('Later lamp')
  await page.keyboard.press('Control+Enter')
  await until('the answer to be awaited', () => held.length === 1)
  await page.evaluate(href => {
    const link = document.createElement('a')
    Object.assign(link, { href }).dataset.panel = ''
    link.dataset.discards = ''
    document.querySelector('main').append(link)
    link.click()
  }, `/products/${other.id}`)
  await until('the other product', async () => await page.locator('.panel #product-name').inputValue() === 'Other lamp')
  await held[0].continue()
  await page.locator('.toast', { hasText: 'Saved “Later lamp”.' }).waitFor()
  assert.equal(await page.locator('.panel #product-name').inputValue(), 'Other lamp')
  assert.deepEqual(page.problems, [])
})

test('what is saved while one is asked whether to leave it ends the question too', async () => {
  const { id } = await add('ASKED-1', 'Asked lamp')
  await visit('/products')
  const held = await holdBack(page, `**/products/${id}`)
  await openPanel(`/products/${id}`)
  await page.locator('.panel').getByLabel('Name').fill('Answered lamp')
  await page.keyboard.press('Control+Enter')
  await until('the answer to be awaited', () => held.length === 1)
  await page.keyboard.press('Escape')
  await page.getByRole('heading', { name: 'Leave without saving?' }).waitFor()
  await held[0].continue()
  await page.locator('.toast', { hasText: 'Saved “Answered lamp”.' }).waitFor()
  assert.equal(await page.locator('dialog[open]').count(), 0)
  // What is behind it can be used again.
  await page.getByRole('link', { name: 'Open it' }).click()
  await until('the product', async () => await page.locator('.panel').getByLabel('Name').inputValue() === 'Answered lamp')
  assert.deepEqual(page.problems, [])
})

test('nothing can be typed into what is on its way, and it is there again where it did not arrive', async () => {
  const { id } = await add('HELD-1', 'Held')
  await visit('/products')
  const held = await holdBack(page, `**/products/${id}`)
  await openPanel(`/products/${id}`)
  const name = page.locator('.panel').getByLabel('Name')
  await name.fill('Held lamp')
  await page.keyboard.press('Control+Enter')
  await until('the answer to be awaited', () => held.length === 1)
  await page.keyboard.type(' and more')
  await held[0].abort()
  await page.getByText('the server did not answer. What you typed is still here').waitFor()
  await focused(page, 'name')
  await page.keyboard.press('End')
  await page.keyboard.type('!')
  assert.equal(await name.inputValue(), 'Held lamp!')
})

test('what is sent twice in a row is sent once', async () => {
  await visit('/products/new')
  const held = await holdBack(page, '**/products')
  await page.getByLabel('Name').fill('Once')
  await page.getByLabel('SKU').fill('ONCE-1')
  await page.keyboard.press('Control+Enter')
  await until('it to be sent', () => held.length === 1)
  await page.keyboard.press('Control+Enter')
  await held[0].continue()
  await page.getByText('Added “Once”.').waitFor()
  assert.equal(held.length, 1)
})

test('nothing is typed into a page that is on its way, and where none comes it can be sent again', async () => {
  await visit('/products/new')
  const held = await holdBack(page, '**/products')
  await page.getByLabel('Name').fill('Again')
  await page.getByLabel('SKU').fill('AGAIN-1')
  await page.keyboard.press('Control+Enter')
  await until('it to be sent', () => held.length === 1)
  await page.keyboard.type('2')
  await page.keyboard.press('Control+Enter')
  assert.equal(held.length, 1)
  // As when somebody stops it: the page stays.
  await held[0].abort('aborted')
  await focused(page, 'sku')
  await page.keyboard.type('2')
  await page.keyboard.press('Control+Enter')
  await until('it to be sent again', () => held.length === 2)
  await held[1].continue()
  await page.getByText('Added “Again”.').waitFor()
  assert.equal(await page.getByLabel('SKU').inputValue(), 'AGAIN-12')
})

test('nothing is called wrong before a field was left', async () => {
  await visit('/products/new')
  await page.getByLabel('Name').pressSequentially('L')
  await page.getByLabel('Name').press('Backspace')
  assert.equal(await page.locator('[aria-invalid=true]').count(), 0)
  await page.getByLabel('SKU').pressSequentially('x'.repeat(3))
  await page.getByLabel('SKU').fill('x'.repeat(256))
  assert.equal(await page.locator('#product-sku[aria-invalid=true]').count(), 0)
  await page.getByLabel('Description').focus()
  await page.getByText('The SKU has 256 characters; it may have 255.').waitFor()
  await page.getByLabel('SKU').fill('x')
  await page.getByText('The SKU has 256 characters').waitFor({ state: 'hidden' })
})

test('a taken SKU names and links who has it, and what was typed stays', async () => {
  const other = await add('TAKEN-1', 'The other one')
  await visit('/products/new')
  await page.getByLabel('Name').fill('Mine')
  await page.getByLabel('SKU').fill('taken-1')
  await page.getByRole('button', { name: 'Add product' }).click()
  await page.getByText('“The other one” has this SKU already').waitFor()
  assert.equal(await page.getByLabel('Name').inputValue(), 'Mine')
  await focused(page, 'sku')
  const link = page.getByRole('link', { name: 'Look at that product' })
  assert.equal(await link.getAttribute('href'), `/products/${other.id}`)
})

test('in the panel a product is saved beside the list', async () => {
  const { id } = await add('PANEL-1', 'Chair')
  await visit('/products')
  await page.evaluate(() => {
    window.changed = []
    document.addEventListener('product-changed', event => window.changed.push(event.detail.id))
  })
  await openPanel(`/products/${id}`)
  await page.locator('.panel').getByLabel('Name').fill('Armchair')
  await page.keyboard.press('Control+Enter')
  await page.getByText('Saved “Armchair”.').waitFor()
  assert.equal(await page.locator('.panel[open]').count(), 0)
  assert.deepEqual(await page.evaluate(() => window.changed), [id])
  assert.equal((await server.json(`/products/${id}`)).name, 'Armchair')
  assert.equal(new URL(page.url()).pathname, '/products')
  assert.deepEqual(page.problems, [])
})

test('nobody leaves unsaved changes without being asked', async () => {
  const { id } = await add('UNSAVED-1', 'Shelf')
  await visit('/products')
  await openPanel(`/products/${id}`)
  await page.locator('.panel').getByLabel('Name').fill('Bookshelf')
  await page.keyboard.press('Escape')
  await page.getByRole('button', { name: 'Keep editing' }).click()
  assert.equal(await page.locator('.panel').getByLabel('Name').inputValue(), 'Bookshelf')
  // Asked twice before the browser draws once, as quick hands do it on a slow machine.
  await page.evaluate(() => {
    const escape = () => document.querySelector('.panel [name=name]').dispatchEvent(new KeyboardEvent('keydown', { key: 'Escape', bubbles: true }))
    escape()
    document.querySelector('.panel dialog [value=stay]').click()
    escape()
  })
  await page.getByRole('button', { name: 'Discard changes' }).click()
  await page.locator('.panel').waitFor({ state: 'hidden' })
  assert.equal((await server.json(`/products/${id}`)).name, 'Shelf')
  await page.getByRole('link', { name: 'Open it' }).click()
  await page.locator('.panel').getByLabel('Name').waitFor()
  await page.keyboard.press('Escape')
  await page.locator('.panel').waitFor({ state: 'hidden' })

  await page.goto(`/products/${id}`)
  await page.getByLabel('Name').fill('Bookshelf')
  const asked = page.waitForEvent('dialog')
  await page.evaluate(() => { setTimeout(() => { location.href = '/imports' }) })
  const dialog = await asked
  assert.equal(dialog.type(), 'beforeunload')
  await dialog.dismiss()
})

test('Back closes the panel, Forward opens it again, and the list stays as it was', async () => {
  const { id } = await add('BACK-1', 'Stool')
  await add('BACK-2', 'Bench')
  await visit('/products')
  await page.locator('#search').fill('back-')
  await page.locator('tbody tr').nth(1).waitFor()
  await page.locator('tbody tr', { hasText: 'UNSAVED-1' }).waitFor({ state: 'detached' })
  const panel = page.locator('.panel')
  const { href } = await page.evaluate(() => location)
  await page.locator(`#link-${id}`).click()
  await panel.getByLabel('Name').waitFor()
  assert.equal(page.url(), href)
  await page.goBack()
  await panel.waitFor({ state: 'hidden' })
  assert.deepEqual([page.url(), await page.locator('tbody tr').count()], [href, 2])
  await page.goForward()
  await panel.getByLabel('Name').waitFor()
  await page.reload()
  assert.equal(await panel.getByLabel('Name').inputValue(), 'Stool')
  // Closed by hand, it leaves nothing to go back through.
  await page.keyboard.press('Escape')
  await panel.waitFor({ state: 'hidden' })
  assert.deepEqual([page.url(), await page.evaluate(() => history.state?.panel)], [href, undefined])
  await page.goBack()
  await until('the list as it was before', async () => new URL(page.url()).search === '')
  assert.equal(await panel.isVisible(), false)
  assert.deepEqual(page.problems, [])
})

test('Back asks before unsaved changes are left', async () => {
  const { id } = await add('BACK-3', 'Couch')
  await visit('/products?q=back-3')
  const panel = page.locator('.panel')
  await page.locator(`#link-${id}`).click()
  await panel.getByLabel('Name').fill('Sofa')
  await page.goBack()
  await page.getByRole('button', { name: 'Keep editing' }).click()
  assert.equal(await panel.getByLabel('Name').inputValue(), 'Sofa')
  await page.goBack()
  await page.getByRole('button', { name: 'Discard changes' }).click()
  await panel.waitFor({ state: 'hidden' })
  assert.equal(new URL(page.url()).search, '?q=back-3')
  assert.equal((await server.json(`/products/${id}`)).name, 'Couch')
  await page.locator(`#link-${id}`).click()
  await panel.getByLabel('Name').fill('Sofa')
  await page.keyboard.press('Control+Enter')
  await page.locator('tbody tr', { hasText: 'Sofa' }).waitFor()
  await panel.waitFor({ state: 'hidden' })
  assert.equal(await page.evaluate(() => history.state?.panel), undefined)
  assert.deepEqual(page.problems, [])
})

test('of two editors the second sees both versions and chooses', async () => {
  const { id } = await add('TWO-1', 'Table', { description: 'Oak' })
  await visit(`/products/${id}`)
  await page.getByLabel('Name').fill('Mine')
  await page.getByLabel('SKU').fill('TWO-2')
  await send('PATCH', `/products/${id}`, { name: 'Theirs', description: 'Beech' })
  await page.getByRole('button', { name: 'Save' }).click()
  await page.getByText('Somebody else has changed this product').waitFor()
  const field = name => page.locator('.conflict__field', { hasText: name })
  assert.match(await field('Name').textContent(), /Mine.*Theirs/s)
  assert.ok(await field('Description').getByLabel('Theirs').isChecked(), 'a field left alone begins with theirs')
  assert.ok(await field('SKU').getByLabel('Yours').isChecked())
  await field('Name').getByLabel('Theirs').check()
  await page.getByRole('button', { name: 'Save what is chosen' }).click()
  await page.getByText('Saved “Theirs”.').waitFor()
  const { sku, name, description } = await server.json(`/products/${id}`)
  assert.deepEqual({ sku, name, description }, { sku: 'TWO-2', name: 'Theirs', description: 'Beech' })
  assert.deepEqual(page.problems, [])
})

test('in the panel too, and all of mine can be kept', async () => {
  const { id } = await add('TWO-3', 'Bench', { description: 'Oak' })
  await visit('/products')
  await openPanel(`/products/${id}`)
  await page.locator('.panel').getByLabel('Description').fill('Mine')
  await send('PATCH', `/products/${id}`, { name: 'Theirs', description: 'Theirs' })
  await page.locator('.panel').getByRole('button', { name: 'Save' }).click()
  await page.getByRole('button', { name: 'Keep all of mine' }).click()
  await page.getByText('Saved “Bench”.').waitFor()
  assert.equal((await server.json(`/products/${id}`)).description, 'Mine')
})

test('what was deleted comes back by Undo', async () => {
  const { id } = await add('LOST-1', 'Vase')
  await visit('/products')
  await openPanel(`/products/${id}`)
  await page.locator('.panel').getByRole('button', { name: 'Delete' }).click()
  await page.getByText('Deleted “Vase”.').waitFor()
  assert.equal((await fetch(`${server.address}/api/v1/products/${id}`)).status, 404)
  await page.getByRole('button', { name: 'Undo' }).click()
  await page.getByText('“Vase” is back.').waitFor()
  assert.equal((await server.json(`/products/${id}`)).version, 3)
})

test('what was typed stays when somebody else deletes the product, and can come back with it', async () => {
  const { id } = await send('POST', '/products', { sku: 'TYPED-1', name: 'Typed over' })
  await visit('/products?q=TYPED-1')
  await page.locator('.products__link').click()
  await page.locator('.panel').getByLabel('Description').fill('Much that was typed')
  await send('DELETE', `/products/${id}`)
  await page.locator('.panel').getByRole('button', { name: 'Save' }).click()
  await page.getByText('Somebody else has deleted this product').waitFor()
  assert.equal(await page.locator('.panel').getByLabel('Description').inputValue(), 'Much that was typed')
  await page.locator('.panel').getByRole('button', { name: 'Restore it with this' }).waitFor()
  const name = page.locator('.panel').getByLabel('Name')
  await name.fill('')
  await name.press('Control+Enter')
  await page.getByText('Give it a name.').waitFor()
  await name.fill('Typed over')
  await name.press('Control+Enter')
  await page.getByText('Saved “Typed over”.').waitFor()
  assert.equal((await server.json(`/products/${id}`)).description, 'Much that was typed')
})

test('without scripts everything works too', async () => {
  const plain = { javaScriptEnabled: false }
  const other = await add('PLAIN-1', 'The other one')
  await visit('/products/new', plain)
  await page.getByLabel('Name').fill('Plain')
  await page.getByLabel('SKU').fill('plain-1')
  await page.getByRole('button', { name: 'Add product' }).click()
  await page.getByText('“The other one” has this SKU already').waitFor()
  await page.getByLabel('SKU').fill('PLAIN-2')
  await page.getByRole('button', { name: 'Add product' }).click()
  await page.getByText('Added “Plain”.').waitFor()
  const id = new URL(page.url()).pathname.split('/').at(-1)

  await send('PATCH', `/products/${id}`, { description: 'Theirs' })
  await page.getByLabel('Name').fill('Plainer')
  await page.getByLabel('Active').uncheck()
  await page.getByRole('button', { name: 'Save' }).click()
  await page.getByRole('button', { name: 'Save what is chosen' }).click()
  await page.getByText('Saved “Plainer”.').waitFor()
  const { name, description, active } = await server.json(`/products/${id}`)
  assert.deepEqual({ name, description, active }, { name: 'Plainer', description: 'Theirs', active: false })

  await page.getByRole('button', { name: 'Delete' }).click()
  await page.waitForURL(/\/products$/)
  await page.getByText('Deleted “Plainer”.').waitFor()
  await page.getByRole('button', { name: 'Undo' }).click()
  await page.getByText('“Plainer” is back.').waitFor()

  await page.getByRole('button', { name: 'Delete' }).click()
  await send('PATCH', `/products/${other.id}`, { sku: 'PLAIN-2' })
  const gone = await page.goto(`/products/${id}`)
  assert.equal(gone.status(), 410)
  await page.getByText('It cannot be restored, because').waitFor()
  await send('PATCH', `/products/${other.id}`, { sku: 'PLAIN-1' })
  await page.reload()
  await page.getByRole('button', { name: 'Restore this product' }).click()
  await page.getByText('“Plainer” is back.').waitFor()
})

test('where a product came from is told with the name of the file', async () => {
  const csv = 'name,sku\nFrom a file,FILE-1\n'
  const id = await server.imported(csv, 'spring.csv')
  const product = await until('the product', async () => {
    const { items } = await server.json('/products?limit=200')
    return items.find(({ sku }) => sku === 'FILE-1')
  })
  await visit(`/products/${product.id}`)
  const link = page.locator('.product__origin').getByRole('link', { name: 'spring.csv' })
  assert.equal(await link.getAttribute('href'), `/imports/${id}`)
  assert.match(await page.locator('.product__origin').textContent(), /line 2/)
  await page.goto('/products/4711')
  assert.match(await page.locator('.error-page').textContent(), /404/)
})

test('what is written from right to left is shown so, with its beginning, in lists, pages and fields', async () => {
  const name = `مصباح مكتب ${'نحاسي '.repeat(40)}`.trim()
  const { id } = await add('RTL-1', name, { description: 'يصنع باليد' })
  await visit('/products?q=مصباح')
  const isRightToLeft = place => place.evaluate(element => getComputedStyle(element).direction === 'rtl')
  const link = page.locator(`#link-${id}`)
  for (const place of [link, page.locator('tbody .products__about'), page.locator('#search')]) assert.ok(await isRightToLeft(place))
  assert.ok(!await isRightToLeft(page.locator('tbody .sku')))
  // In its column it stands where all others do.
  const about = page.locator('tbody .products__about')
  assert.equal(await about.evaluate(element => getComputedStyle(element).textAlign), 'left')
  // The first word is what was searched for: its mark lies within what is left of the cut name.
  assert.deepEqual(await link.locator('mark').allTextContents(), ['مصباح'])
  const [whole, first] = [await link.boundingBox(), await link.locator('mark').boundingBox()]
  assert.ok(await link.evaluate(element => element.scrollWidth > element.clientWidth))
  assert.ok(first.x > whole.x && first.x + first.width <= whole.x + whole.width + 1, JSON.stringify({ whole, first }))

  await visit(`/products/${id}`)
  for (const place of ['h1', '#product-name', '#product-description']) assert.ok(await isRightToLeft(page.locator(place)), place)
  await page.getByLabel('Name').fill('مصباح')
  await page.getByRole('button', { name: 'Save' }).click()
  await page.getByText('Saved “').waitFor()
  for (const quote of await page.locator('.story q').all()) assert.ok(await isRightToLeft(quote))
  assert.deepEqual(page.problems, [])
})
