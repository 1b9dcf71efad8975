// Webhooks as a salesperson meets them: made, tried out, watched, mended, switched off and deleted; with and without
// scripts. The other system is a real server.

import assert from 'node:assert/strict'
import { after, afterEach, before, test } from 'node:test'
import { focused, openBrowser, openPage, scripted } from './support/browser.mjs'
import { picture } from './support/pictures.mjs'
import { Receiver } from './support/receiver.mjs'
import { Server, until } from './support/server.mjs'

let server
let browser
let receiver
let page

before(async () => {
  server = await new Server({ WEBHOOK_ALLOW_NETS: '127.0.0.0/8' }).start()
  browser = await openBrowser()
  receiver = await new Receiver().open()
})

after(async () => {
  await browser?.close()
  receiver?.close()
  await server?.stop()
})

afterEach(() => {
  assert.deepEqual(page.problems, [])
  receiver.status = 200
  receiver.messages.length = 0
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
  if (!response.ok) throw new Error(`${path} answered ${response.status}: ${await response.text()}`)
  return response.status === 204 ? undefined : response.json()
}

const create = more => send('POST', '/webhooks', { url: receiver.url, ...more })

let products = 0
const addProduct = () => send('POST', '/products', { sku: `HOOK-${products += 1}`, name: `Lamp ${products}` })

const idOfPage = () => new URL(page.url()).pathname.split('/').at(2)

async function deleteAll() {
  for (const { id } of (await server.json('/webhooks')).items) await send('DELETE', `/webhooks/${id}`)
}

test('the first webhook is made on its page, and what is wrong stands at its field', async () => {
  await visit('/webhooks')
  await page.getByRole('heading', { name: 'No other system is told yet' }).waitFor()
  await page.getByRole('link', { name: 'Create the first webhook' }).click()
  await page.waitForURL('**/webhooks/new')
  await scripted(page)
  await focused(page, 'url')
  await page.getByRole('button', { name: 'Create webhook' }).click()
  await page.getByText('Give the address that is to be told').waitFor()
  await scripted(page)
  await page.getByLabel('Address').fill('http://10.1.2.3/hooks')
  await page.getByLabel('What it is for').fill('Web shop')
  await page.getByLabel('A product is changed').uncheck()
  assert.equal(await page.getByText('Of changes, only those that touch').isVisible(), false)
  await page.getByLabel('A product is changed').check()
  await page.getByLabel('the status').check()
  await page.getByText('Extra headers').click()
  await page.getByLabel('Name of the header').fill('X-Api-Key')
  await page.getByLabel('Value of the header').first().fill('very secret')
  await page.getByLabel('Name of the header').nth(1).waitFor()
  await page.getByRole('button', { name: 'Create webhook' }).click()
  const fault = page.locator('#webhook-url-fault')
  await until('the refusal', () => fault.isVisible())
  await scripted(page)
  await focused(page, 'url')
  assert.equal(await page.getByLabel('What it is for').inputValue(), 'Web shop')
  assert.equal(await page.getByLabel('Value of the header').first().inputValue(), 'very secret')
  await page.getByLabel('Address').fill(receiver.url)
  await page.keyboard.press('Control+Enter')
  await page.getByText('“Web shop” is told from now on.').waitFor()
  const webhook = await server.json(`/webhooks/${idOfPage()}`)
  assert.deepEqual(webhook.only_fields, ['active'])
  assert.deepEqual(webhook.header_names, ['X-Api-Key'])
  await page.getByText('X-Api-Key: ••••••••').waitFor()
})

test('an edit keeps what is hidden', async () => {
  const { id } = await create({ headers: { 'X-Key': 'kept', 'X-Old': 'old' } })
  await visit(`/webhooks/${id}`)
  await page.getByRole('link', { name: 'Edit' }).click()
  assert.equal(await page.getByLabel('Value of the header').first().inputValue(), '')
  await page.getByLabel('Name of the header').nth(1).fill('')
  await page.getByLabel('What it is for').fill('Stock system')
  await page.getByRole('button', { name: 'Save' }).click()
  await page.getByText('Saved “Stock system”.').waitFor()
  assert.deepEqual((await server.json(`/webhooks/${id}`)).header_names, ['X-Key'])
  await page.getByRole('button', { name: 'Send a test' }).click()
  const [message] = await receiver.waitFor(1)
  assert.equal(message.headers['x-key'], 'kept')
})

test('a test is answered in plain words without leaving the page', async () => {
  const { id } = await create()
  await visit(`/webhooks/${id}`)
  await page.getByRole('button', { name: 'Send a test' }).click()
  await page.getByText(/It works: answered 200 in \d+ ms\./).waitFor()
  receiver.status = 500
  await page.getByRole('button', { name: 'Send a test' }).click()
  await page.getByText(/The test did not arrive: .*500/).waitFor()
  await page.getByText('Nothing has been told yet').waitFor()
})

test('messages show up as they go out, and one is looked at beside the list', async () => {
  await deleteAll()
  const { id } = await create({ description: 'Live shop' })
  await visit(`/webhooks/${id}`)
  await page.getByText('Nothing has been told yet').waitFor()
  const product = await addProduct()
  const row = page.locator('.deliveries tbody tr')
  await row.getByText('Arrived').waitFor()
  await page.locator('.webhook__health').getByText('Answered 200').waitFor()
  await row.getByRole('link', { name: 'Product added' }).click()
  const panel = page.getByRole('dialog', { name: 'Message' })
  await panel.getByText('"type": "product.created"').waitFor()
  await panel.getByText('What was sent and answered').click()
  await panel.getByText('noted').waitFor()
  assert.equal(await panel.getByRole('link', { name: product.name }).getAttribute('href'), `/products/${product.id}`)
  await panel.getByRole('button', { name: 'Send again' }).click()
  await page.getByText('It is sent again in a moment.').waitFor()
  const [first, second] = await receiver.waitFor(2)
  assert.equal(first.headers['webhook-id'], second.headers['webhook-id'])
  await row.getByText('2 attempts').waitFor()
})

test('what does not arrive says so, and is tried again', async () => {
  await deleteAll()
  receiver.status = 503
  const { id } = await create({ description: 'Busy shop' })
  await addProduct()
  await visit(`/webhooks/${id}`)
  await page.getByText('Messages do not arrive.').waitFor()
  await page.locator('.deliveries').getByText('Trying again').waitFor()
  await page.getByRole('link', { name: /Waiting/ }).click()
  await page.waitForURL(/state=pending/)
  await page.locator('.deliveries').getByText('Trying again').waitFor()
  await page.getByRole('link', { name: /Failed/ }).click()
  await page.getByText('Nothing has failed').waitFor()
  await visit('/webhooks')
  await page.getByRole('row', { name: /Busy shop/ }).getByText('Failing').waitFor()
})

test('a server that is gone stops its webhook, and is told what waited when it is back', async () => {
  await deleteAll()
  receiver.status = 410
  const { id } = await create({ description: 'Moved shop' })
  await visit(`/webhooks/${id}`)
  await addProduct()
  await page.getByText('the other system said that this address is gone').waitFor()
  await page.locator('.deliveries').getByText('On hold').waitFor()
  assert.equal((await server.json(`/webhooks/${id}`)).stopped_reason, 'gone')
  receiver.status = 200
  receiver.messages.length = 0
  await page.getByRole('button', { name: 'Switch on' }).first().click()
  await page.getByText('“Moved shop” is switched on').waitFor()
  await receiver.waitFor(1)
  await page.locator('.deliveries').getByText('Arrived').waitFor()
})

test('all that failed is sent again', async () => {
  await deleteAll()
  receiver.status = 503
  const { id } = await create({ description: 'Closed shop' })
  await visit(`/webhooks/${id}`)
  await addProduct()
  await page.locator('.deliveries').getByText('Trying again').waitFor()
  server.sql("UPDATE webhook_deliveries SET tries = 9, next_attempt_at = now() WHERE state = 'pending'")
  await page.locator('.deliveries').getByText('Failed').waitFor()
  await page.getByText('What failed is not tried again by itself').waitFor()
  receiver.status = 200
  receiver.messages.length = 0
  await page.getByRole('link', { name: 'Try failed ones again…' }).click()
  const panel = page.getByRole('dialog', { name: 'Message' })
  await panel.getByText('in the last hour 1 message').waitFor()
  await panel.getByRole('button', { name: 'Try again' }).click()
  await page.getByText('1 message is sent again, bit by bit.').waitFor()
  await receiver.waitFor(1)
  await page.locator('.deliveries').getByText('Arrived').waitFor()
  await page.getByText('1 failed message was sent again.').waitFor()
  await page.getByRole('link', { name: /Failed/ }).click()
  await page.getByText('Nothing has failed').waitFor()
})

test('the product’s page tells who was told of it', async () => {
  await deleteAll()
  await create({ description: 'Told shop' })
  const product = await addProduct()
  await receiver.waitFor(1)
  await visit(`/products/${product.id}`)
  const told = page.locator('.told')
  await until('the delivery', async () => {
    await page.reload()
    return told.getByText('1 arrived').isVisible()
  })
  await told.getByRole('link', { name: 'Told shop' }).click()
  await page.getByRole('heading', { name: 'Product added' }).waitFor()
})

test('the secret is hidden, shown, copied and replaced', async () => {
  const { id, secret } = await create()
  await visit(`/webhooks/${id}`, { permissions: ['clipboard-read', 'clipboard-write'] })
  const section = page.locator('.secret')
  assert.equal(await page.getByText(secret).count(), 0)
  assert.ok(!(await page.content()).includes(secret))
  // It says so for a moment only.
  await Promise.all([section.getByText('Copied').waitFor(), section.getByText('Copy').click()])
  assert.equal(await page.evaluate(() => navigator.clipboard.readText()), secret)
  assert.equal(await page.getByText(secret).count(), 0, 'copying does not show it')
  await section.getByText('Show').click()
  await page.getByText(secret).waitFor()
  await section.getByText('Hide').click()
  await page.getByText(secret).waitFor({ state: 'hidden' })
  await section.getByText('Replace it').click()
  await section.getByRole('button', { name: 'Replace the secret' }).click()
  await page.getByText('There is a new secret.').waitFor()
  await page.getByText('The secret before is used too.').waitFor()
  assert.notEqual((await server.json(`/webhooks/${id}/secret`)).secret, secret)
})

test('code that verifies is copied as it stands', async () => {
  const { id } = await create()
  await visit(`/webhooks/${id}`, { permissions: ['clipboard-read', 'clipboard-write'] })
  for (const [language, part] of [['Python', 'def verify('], ['Node.js', 'export function verify('], ['Rust', 'pub fn verify(']]) {
    await page.locator('.verify summary', { hasText: language }).click()
    await page.getByRole('button', { name: `Copy the code in ${language}` }).click()
    const copied = await until(language, async () => {
      const text = await page.evaluate(() => navigator.clipboard.readText())
      return text.includes(part) && text
    })
    assert.ok(copied.includes('While a secret is being replaced'), copied)
  }
})

test('a webhook is switched off and on again, and deleted after a question', async () => {
  await deleteAll()
  const { id } = await create({ description: 'Old shop' })
  await visit(`/webhooks/${id}`)
  await page.getByLabel('More actions').click()
  await page.getByRole('button', { name: 'Switch off' }).click()
  await page.getByText('“Old shop” is switched off and told nothing.').waitFor()
  await scripted(page)
  assert.equal((await server.json(`/webhooks/${id}`)).enabled, false)
  await page.getByRole('button', { name: 'Switch on' }).first().click()
  await page.getByText('“Old shop” is switched on and told from now on.').waitFor()
  await scripted(page)
  await page.getByLabel('More actions').click()
  await page.getByRole('link', { name: 'Delete this webhook…' }).click()
  const question = page.getByRole('dialog', { name: 'Delete “Old shop”?' })
  await question.getByRole('link', { name: 'Keep it' }).click()
  await question.waitFor({ state: 'hidden' })
  await page.getByLabel('More actions').click()
  await page.getByRole('link', { name: 'Delete this webhook…' }).click()
  await question.getByRole('button', { name: 'Delete webhook' }).click()
  await page.getByText('Deleted “Old shop”.').waitFor()
  assert.equal(new URL(page.url()).pathname, '/webhooks')
  assert.deepEqual((await server.json('/webhooks')).items, [])
})

test('all flows work without scripts', async () => {
  await deleteAll()
  await visit('/webhooks/new', { javaScriptEnabled: false })
  await page.getByLabel('Address').fill(receiver.url)
  await page.getByLabel('What it is for').fill('Plain shop')
  await page.getByRole('button', { name: 'Create webhook' }).click()
  await page.getByText('“Plain shop” is told from now on.').waitFor()
  const id = idOfPage()
  await page.getByRole('button', { name: 'Send a test' }).click()
  await page.getByText(/It works: answered 200 in/).waitFor()
  await page.getByRole('link', { name: 'Show' }).click()
  await page.getByText((await server.json(`/webhooks/${id}/secret`)).secret).waitFor()
  await page.getByRole('link', { name: 'Hide' }).click()
  receiver.messages.length = 0
  await addProduct()
  await receiver.waitFor(1)
  await until('the delivery', async () => {
    await page.goto(`/webhooks/${id}`)
    return page.locator('.deliveries').getByText('Arrived').isVisible()
  })
  await page.getByRole('link', { name: 'Product added' }).click()
  await page.getByRole('heading', { name: 'Product added' }).waitFor()
  await page.getByRole('button', { name: 'Send again' }).click()
  await page.getByText('It is sent again in a moment.').waitFor()
  await receiver.waitFor(2)
  await page.goto(`/webhooks/${id}/deletion`)
  await page.getByRole('button', { name: 'Delete webhook' }).click()
  await page.getByText('Deleted “Plain shop”.').waitFor()
})

test('the navigation fits a narrow screen', async () => {
  await visit('/webhooks', { viewport: { width: 360, height: 640 } })
  const sideways = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)
  assert.ok(sideways <= 0, `scrolls sideways by ${sideways} pixels`)
  const box = await page.getByRole('link', { name: 'Webhooks', exact: true }).boundingBox()
  assert.ok(box.x + box.width <= 360, JSON.stringify(box))
  await picture(page, 'webhooks-narrow')
})
