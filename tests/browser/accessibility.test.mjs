// Every page for everybody: axe-core finds nothing (WCAG 2.2 AA), in light and dark, wide and narrow; nothing lies outside
// of the window from the narrowest to the widest that there are; and what a screen reader is given stays as it is written down in accessibility/*.yaml. UPDATE_SNAPSHOTS=1 writes it anew.

import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { after, before, test } from 'node:test'
import { importOpened, openBrowser, openPage, outcome, scripted } from './support/browser.mjs'
import { Line } from './support/line.mjs'
import { Receiver } from './support/receiver.mjs'
import { csv, Server, until } from './support/server.mjs'
import { picture } from './support/pictures.mjs'

const AXE = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
const RULES = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']
const SIZES = { desktop: { width: 1440, height: 900 }, phone: { width: 390, height: 844 } }
/** Beyond them, the page that is open already is made wider or narrower: little changes there but where things lie. */
const EXTREMES = { desktop: { width: 2560, height: 1440 }, phone: { width: 360, height: 640 } }
/** Drawn from the API's description, and long: it would have to be written anew with every word of that; and what
 * changes by itself from second to second. */
const UNWRITTEN = ['docs', 'status', 'webhook-failing']
/** A picture of it takes as long as those of all others. */
const LONGEST = 'docs'
const SNAPSHOTS = new URL('accessibility/', import.meta.url)

let server
let line
let browser
let receiver

before(async () => {
  server = await new Server({ WEBHOOK_ALLOW_NETS: '127.0.0.0/8' }).start()
  receiver = await new Receiver().open()
  line = await new Line(server).open()
  browser = await openBrowser()
})

after(async () => {
  await browser?.close()
  line?.close()
  receiver?.close()
  await server?.stop()
})

/** Looks at a page in every theme and width. `prepare` brings it into the state that is meant. */
async function everybodyCanUse(name, path, prepare = async () => {}) {
  for (const [device, viewport] of Object.entries(SIZES)) {
    const page = await openPage(browser, { baseURL: server.address, viewport, reducedMotion: 'reduce' })
    await page.goto(path)
    await scripted(page)
    await prepare(page)
    // Some of them lead to another page.
    await scripted(page)
    // The names of files come later.
    await page.locator(':root:not(:has([data-import-name]:not([title])))').waitFor({ state: 'attached' })
    await page.evaluate(() => document.fonts.ready)
    for (const colorScheme of ['light', 'dark']) {
      await page.emulateMedia({ colorScheme })
      await page.setViewportSize(viewport)
      await examine(page, `${name}, ${device}, ${colorScheme}`)
      await picture(page, `${name}-${device}-${colorScheme}`)
      if (device === 'desktop' && colorScheme === 'light' && !UNWRITTEN.includes(name)) await readsAsWritten(page, name)
      const extreme = EXTREMES[device]
      await page.setViewportSize(extreme)
      // What can be touched has to be large enough, which depends on the width and not on the theme.
      if (device === 'phone' && colorScheme === 'light') await examine(page, `${name}, ${extreme.width} pixels`)
      else await lies(page, `${name}, ${extreme.width} pixels, ${colorScheme}`)
      if (name !== LONGEST) await picture(page, `${name}-${extreme.width}-${colorScheme}`)
    }
    await page.context().close()
  }
}

async function examine(page, place) {
  await page.evaluate(AXE)
  const found = await page.evaluate(async rules => {
    const { violations } = await window.axe.run(document, { runOnly: { type: 'tag', values: rules } })
    return violations.map(({ id, help, nodes }) => `${id}: ${help}: ${nodes.map(node => `${node.html} (${node.failureSummary})`).join('; ')}`)
  }, RULES)
  assert.deepEqual(found, [], place)
  assert.deepEqual(page.problems, [], place)
  await lies(page, place)
}

/** Whether all lies within the window, and what one uses within the frame that would cut it off. */
async function lies(page, place) {
  const { sideways, cut } = await page.evaluate(() => {
    const isCut = element => {
      const { left, right, width } = element.getBoundingClientRect()
      const frame = element.closest('.table-frame, .card, dialog')?.getBoundingClientRect() ?? { left: 0, right: innerWidth }
      const padding = parseFloat(getComputedStyle(element).paddingLeft)
      return width > 1 && (left + padding < frame.left || right > frame.right + 1)
    }
    const used = [...document.querySelectorAll('a, button, input, select, textarea, summary, h1, h2, time')]
    // Tabs may be pushed along, and so may code and the rows of a file.
    const shown = used.filter(element => element.checkVisibility() && !element.closest('.tabs, pre, .rejections__frame'))
    return {
      sideways: document.documentElement.scrollWidth - innerWidth,
      cut: shown.filter(isCut).map(element => element.outerHTML.slice(0, 120)),
    }
  })
  assert.ok(sideways <= 0, `${place}: scrolls sideways by ${sideways} pixels`)
  assert.deepEqual(cut, [], `${place}: cut off`)
}

/** The accessibility tree without what differs from run to run. */
async function tree(page) {
  const told = await page.locator('body').ariaSnapshot()
  return `${told
    .replace(/\b(just now|\d+ (second|minute)s? ago|today at [\d:]+( [AP]M)?)/gi, 'a moment ago')
    .replace(/\b\d[\d,.]* s\b/g, '0 s')
    .replace(/\b\d[\d,.]* (rows|products) (per|a) second/g, '0 $1 $2 second')
    .replace(/\d{1,2} [A-Z][a-z]{2} \d{4}(, | at )[\d:]+( UTC)?/g, 'a time')
    .replace(/\/imports\/\d+/g, '/imports/ID')
    .replace(/\/products\/\d+/g, '/products/ID')
    .replace(/\/(webhooks|deliveries)\/\d+/g, '/$1/ID')
    .replace(/\b\d+ ms\b/g, '0 ms')
    .replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, 'TIME')
    .replace(/msg_[0-9a-f]+/g, 'msg_ID')
    .replace(/("id\W+)\d+/g, '$1ID')
    .replace(/cursor=[\w-]+/g, 'cursor=PLACE')
    .replace(/127\.0\.0\.1:\d+/g, 'SERVER')}\n`
}

async function readsAsWritten(page, name) {
  const file = new URL(`${name}.yaml`, SNAPSHOTS)
  const told = await tree(page)
  if (process.env.UPDATE_SNAPSHOTS) {
    await mkdir(SNAPSHOTS, { recursive: true })
    return writeFile(file, told)
  }
  assert.ok(existsSync(file), `${file.pathname} is missing; UPDATE_SNAPSHOTS=1 writes it`)
  assert.equal(told, await readFile(file, 'utf8'), `${name} reads otherwise; if that is meant, UPDATE_SNAPSHOTS=1 writes it down`)
}

/** Imports a file by the page and waits for its end; answers the import's id. */
async function imported(name, content) {
  const page = await openPage(browser, { baseURL: server.address })
  await page.goto('/imports')
  await page.locator('input[type=file]').first().setInputFiles(server.file(name, content))
  const id = await importOpened(page)
  await outcome(page)
  await page.context().close()
  return id
}

test('before there is anything', async () => {
  await everybodyCanUse('products-empty', '/products')
  await everybodyCanUse('changes-empty', '/products/changes')
  await everybodyCanUse('imports-empty', '/imports')
})

test('an import that is done, and one that failed', async () => {
  const bad = 'name,sku,price\nGood,R-1,1\n,R-2,2\nNo number,,3\n'
  await everybodyCanUse('import-done', `/imports/${await imported('two bad rows.csv', bad)}`)
  await everybodyCanUse('import-failed', `/imports/${await imported('no names.csv', 'price\n1\n')}`)
})

test('lists', async () => {
  await imported('many.csv', csv(60))
  await everybodyCanUse('products', '/products?limit=5')
  await everybodyCanUse('search', '/products?q=r&limit=5')
  await everybodyCanUse('nothing-found', '/products?q=nothing-like-this&status=active')
  await everybodyCanUse('selection', '/products?limit=5', async page => {
    await page.locator('tbody input[type=checkbox]').first().check()
  })
  await everybodyCanUse('imports', '/imports')
})

test('a product', async () => {
  const { items: [product] } = await (await fetch(`${server.address}/api/v1/products?limit=1`)).json()
  await everybodyCanUse('product', `/products/${product.id}`)
  await everybodyCanUse('new-product', '/products/new')
  await everybodyCanUse('panel', '/products?limit=5', async page => {
    await page.locator('tbody a[data-panel]').first().click()
    await page.locator('dialog.panel form').first().waitFor()
  })
})

/** Sends to the API; answers what it says. */
async function send(path, body) {
  const response = await fetch(`${server.address}/api/v1${path}`, {
    method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body),
  })
  return response.json()
}

test('webhooks', async () => {
  await everybodyCanUse('webhooks-empty', '/webhooks')
  await everybodyCanUse('new-webhook', '/webhooks/new')
  const { id } = await send('/webhooks', { url: receiver.url, description: 'Web shop', headers: { 'X-Api-Key': 'k' } })
  await everybodyCanUse('webhook-new', `/webhooks/${id}`)
  const product = await send('/products', { sku: 'TOLD-1', name: 'Told lamp' })
  const [delivery] = await until('the delivery', async () => {
    const { items } = await server.json(`/webhooks/${id}/deliveries?state=delivered`)
    return items.length > 0 && items
  })
  await everybodyCanUse('webhooks', '/webhooks')
  await everybodyCanUse('webhook', `/webhooks/${id}`)
  await everybodyCanUse('delivery', `/webhooks/${id}/deliveries/${delivery.id}`)
  await everybodyCanUse('delivery-panel', `/webhooks/${id}`, async page => {
    await page.getByRole('link', { name: 'Product added' }).click()
    await page.locator('dialog.panel .delivery').waitFor()
  })
  await everybodyCanUse('product-told', `/products/${product.id}`)
  await everybodyCanUse('webhook-deletion', `/webhooks/${id}/deletion`)
  await everybodyCanUse('retry', `/webhooks/${id}/retries/new`)
  receiver.status = 503
  await send('/products', { sku: 'TOLD-2', name: 'Lamp that nobody was told of' })
  await until('the failure', async () => (await server.json(`/webhooks/${id}`)).failing_since)
  await everybodyCanUse('webhook-failing', `/webhooks/${id}`)
  await everybodyCanUse('webhook-edit', `/webhooks/${id}/edit`)
  // Later pages would show what it is told at that moment.
  const deleted = await fetch(`${server.address}/api/v1/webhooks/${id}`, { method: 'DELETE' })
  assert.equal(deleted.status, 204)
})

test('everything at once', async () => {
  await everybodyCanUse('clearing', '/products/clearing')
})

test('what the program is doing', async () => {
  await everybodyCanUse('status', '/status')
})

test('what is not there', async () => {
  await everybodyCanUse('error', '/nothing')
})

/** Sends what a form does whose page was opened before its session ended. */
async function sendSignedOut(page) {
  await page.evaluate(() => {
    document.body.innerHTML = '<form action="/products" method="post"><input name="name" value="Lamp"></form>'
    document.querySelector('form').submit()
  })
  await page.getByText('You were signed out').waitFor()
}

test('the way in', async () => {
  const locked = await new Server({ ACCESS_PASSWORD: 'open sesame' }).start()
  try {
    await everybodyCanUse('sign-in', `${locked.address}/sign-in?to=/imports`)
    await everybodyCanUse('sign-in-wrong', `${locked.address}/sign-in`, async page => {
      await page.getByLabel('Password').fill('guess')
      await page.keyboard.press('Enter')
      await page.getByText('That is not the password.').waitFor()
    })
    await everybodyCanUse('sign-in-kept', `${locked.address}/sign-in`, sendSignedOut)
    await everybodyCanUse('send-again', `${locked.address}/sign-in`, async page => {
      await sendSignedOut(page)
      await page.getByLabel('Password').fill('open sesame')
      await page.keyboard.press('Enter')
      await page.getByRole('heading', { name: 'You are signed in again' }).waitFor()
    })
  } finally {
    await locked.stop()
  }
})

test('the docs of the API', async () => {
  await everybodyCanUse('docs', '/api/docs')
})

test('what opens over the list, and what it leads to', async () => {
  await everybodyCanUse('filters', '/products?limit=5', async page => {
    await page.locator('.filters > summary').click()
    await page.locator('[name=import] option', { hasText: 'many.csv' }).waitFor({ state: 'attached' })
  })
  await everybodyCanUse('keys', '/products?limit=5', async page => {
    await page.keyboard.press('?')
    await page.locator('#keys[open]').waitFor()
  })
  await everybodyCanUse('import-choice', '/imports/choices?q=r')
})

test('what is asked before something is done or lost', async () => {
  await everybodyCanUse('bulk-question', '/products?limit=5', async page => {
    await page.locator('tbody [name=ids]').first().check()
    await page.locator('.selection').getByRole('button', { name: 'Delete' }).click()
    await page.locator('#confirm[open]').waitFor()
  })
  await everybodyCanUse('clearing-question', '/products?limit=5', async page => {
    await page.getByLabel('More actions').click()
    await page.getByRole('link', { name: 'Delete everything…' }).click()
    await page.getByRole('dialog').getByLabel(/Type [\d,]+ to confirm/).waitFor()
  })
  await everybodyCanUse('unsaved-question', '/products?limit=5', async page => {
    await page.locator('.products__link').first().click()
    await page.locator('.panel').getByLabel('Name').fill('Mine')
    await page.keyboard.press('Escape')
    await page.getByRole('heading', { name: 'Leave without saving?' }).waitFor()
  })
})

test('what went wrong, and what others did', async () => {
  const api = async (method, path, body) => {
    const headers = { 'Content-Type': 'application/json' }
    const response = await fetch(`${server.address}/api/v1/products${path}`, { method, headers, body: JSON.stringify(body) })
    return response.status === 204 ? null : response.json()
  }
  await everybodyCanUse('faults', '/products/new', async page => {
    await page.getByRole('button', { name: 'Add product' }).click()
    await page.locator('[aria-invalid=true]').first().waitFor()
  })
  const { id } = await api('POST', '', { sku: 'TWO-1', name: 'Table' })
  await everybodyCanUse('conflict', `/products/${id}`, async page => {
    await page.getByLabel('Name').fill('Mine')
    await api('PATCH', `/${id}`, { name: 'Theirs' })
    await page.getByRole('button', { name: 'Save' }).click()
    await page.locator('.conflict').waitFor()
    await api('PATCH', `/${id}`, { name: 'Table' })
  })
  await everybodyCanUse('deleted-while-edited', `/products/${id}`, async page => {
    await page.getByLabel('Name').fill('Mine')
    await api('DELETE', `/${id}`)
    await page.getByRole('button', { name: 'Save' }).click()
    await page.getByText('Somebody else has deleted this product').waitFor()
    await api('PUT', `/${id}/restoration`)
  })
  await api('DELETE', `/${id}`)
  await everybodyCanUse('deleted-product', `/products/${id}`)
  const change = await api('POST', '/changes', { action: 'deactivate', filter: { q: 'r-1' }, expected: 1 })
  await until('the change', async () => (await api('GET', `/changes/${change.id}`)).state === 'done')
  await everybodyCanUse('bulk-change', `/products/changes/${change.id}`)
  await everybodyCanUse('changes', '/products/changes')
})

// At the end: how far it came would stand in the lists.
test('an import that goes on', async () => {
  const sender = await openPage(browser, { baseURL: line.address })
  await sender.goto('/imports')
  line.bytesPerSecond = 60_000
  await sender.locator('input[type=file]').first().setInputFiles(server.sample('running.csv', 20_000))
  const id = await importOpened(sender)
  await server.importWhen(id, ({ rows_read: rows }) => rows > 0)
  // Its numbers change from moment to moment, so nothing is written down.
  for (const colorScheme of ['light', 'dark']) {
    for (const path of [`/imports/${id}`, '/imports', '/products']) {
      const page = await openPage(browser, { baseURL: server.address, colorScheme, reducedMotion: 'reduce' })
      await page.goto(path)
      await examine(page, `${path} while an import runs, ${colorScheme}`)
      await picture(page, `running${path.replaceAll('/', '-').replace(/\d+/, 'one')}-${colorScheme}`)
      await page.context().close()
    }
  }
  await fetch(`${server.address}/api/v1/imports/${id}/cancellation`, { method: 'PUT' })
  line.cut()
  line.bytesPerSecond = Infinity
  await sender.context().close()
})
