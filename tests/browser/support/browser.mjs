// Chromium, and what people do with it: drop files, watch a page.

import { existsSync } from 'node:fs'
import { chromium } from 'playwright-core'
import { leavePicture } from './pictures.mjs'

/** How long a page may take for one thing. Nobody waits for it who does not have to: other tests may run beside. */
const PATIENCE_MS = 180_000

const PLACES = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome']

/** One that `keepsPages` keeps those that are left, to show them again on Back; Playwright's own does not. */
export async function openBrowser({ keepsPages = false } = {}) {
  const executablePath = process.env.CHROMIUM ?? PLACES.find(path => existsSync(path))
  return chromium.launch({
    executablePath,
    ignoreDefaultArgs: keepsPages ? ['--disable-back-forward-cache'] : [],
    args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
  })
}

/** A new tab; whatever its scripts throw is gathered in `page.problems`. */
export async function openPage(browser, options = {}) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options })
  context.setDefaultTimeout(PATIENCE_MS)
  const page = await context.newPage()
  page.problems = []
  page.on('pageerror', error => page.problems.push(error.message))
  leavePicture(page)
  return page
}

/**
 * Waits until the page, and everything of it, has its scripts: before, links and forms do what they do without. Where a
 * click leads to another page, wait first for what only that one has.
 */
export async function scripted(page) {
  await page.waitForLoadState()
  await page.locator(':root:not(:has(.is-loading))').waitFor({ state: 'attached' })
}

/** Keeps back what the page sends to that address, as a slow server does; answers a list of it, each to be let go or broken off. */
export async function holdBack(page, address, method = 'POST') {
  const held = []
  await page.route(address, route => route.request().method() === method ? held.push(route) : route.fallback())
  return held
}

/** Drops files of the disk on the element, as the browser itself does it when a hand lets go of them. */
export async function dropFiles(page, selector, paths) {
  const box = await page.locator(selector).boundingBox()
  const at = { x: box.x + box.width / 2, y: box.y + box.height / 2, data: { items: [], files: paths, dragOperationsMask: 1 } }
  const session = await page.context().newCDPSession(page)
  for (const type of ['dragEnter', 'dragOver', 'drop']) await session.send('Input.dispatchDragEvent', { type, ...at })
  await session.detach()
}

/** Waits until the field of that name has the focus. */
export async function focused(page, name) {
  await page.waitForFunction(wanted => document.activeElement?.name === wanted, name)
}

/** Waits for the page of an import; answers its id. */
export async function importOpened(page) {
  await page.waitForURL(/\/imports\/\d+$/)
  await page.locator('article[data-import]').waitFor()
  return new URL(page.url()).pathname.split('/').at(-1)
}

/** Waits until the import's page says how it ended. */
export async function outcome(page) {
  const heading = page.locator('[data-outcome]')
  await heading.waitFor()
  return heading.textContent()
}

/** Writes down everything that the live page shows from now on: read it by `watched`. */
export async function watchPage(page) {
  await page.evaluate(() => {
    const seen = { percent: [], rows: [], phases: [], titles: [], said: [], bar: [] }
    const note = (list, value) => { if (value !== undefined && value !== '' && list.at(-1) !== value) list.push(value) }
    const look = () => {
      const figure = selector => document.querySelector(selector)?.textContent.replace(/[,%]/g, '')
      note(seen.percent, figure('[data-percent]') && Number(figure('[data-percent]')))
      note(seen.rows, figure('[data-count=rows_read] [data-value]') && Number(figure('[data-count=rows_read] [data-value]')))
      note(seen.phases, document.querySelector('.progress__phase > :not([hidden])')?.textContent)
      note(seen.bar, document.querySelector('[role=progressbar]')?.getAttribute('aria-valuenow') ?? undefined)
      note(seen.said, document.querySelector('[aria-live=polite]').textContent)
      note(seen.titles, document.title)
    }
    new MutationObserver(look).observe(document, { subtree: true, childList: true, attributes: true, characterData: true })
    look()
    window.seen = seen
  })
}

export async function watched(page) {
  return page.evaluate(() => window.seen)
}

/** Whether no number is smaller than the one before. */
export function neverGoesBack(numbers) {
  return numbers.every((number, place) => place === 0 || Number(number) >= Number(numbers[place - 1]))
}
