// Takes pictures of pages at desktop and phone width, in light and dark, and fails when one scrolls sideways.
//
//   node tests/browser/screenshots.mjs BASE_URL FOLDER PATH...

import { mkdir } from 'node:fs/promises'
import { chromium } from 'playwright-core'

const [base, folder, ...paths] = process.argv.slice(2)
if (!base || !folder) {
  console.error('usage: screenshots BASE_URL FOLDER [PATH...]')
  process.exit(2)
}

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
})
const sizes = { desktop: { width: 1440, height: 900 }, phone: { width: 390, height: 844 } }
let problems = 0

await mkdir(folder, { recursive: true })
for (const [device, viewport] of Object.entries(sizes)) {
  for (const colorScheme of ['light', 'dark']) {
    const page = await browser.newPage({ viewport, colorScheme, reducedMotion: 'reduce' })
    page.on('pageerror', error => report(page.url(), error.message))
    page.on('console', message => { if (message.type() === 'error') report(page.url(), message.text()) })
    for (const path of paths.length ? paths : ['/products', '/imports']) {
      await page.goto(new URL(path, base).href, { waitUntil: 'load' })
      await page.evaluate(() => document.fonts.ready)
      const sideways = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)
      if (sideways > 0) report(`${path} at ${viewport.width}`, `scrolls sideways by ${sideways} pixels`)
      const name = path.replace(/^\//, '').replace(/\.html$/, '').replaceAll('/', '-') || 'home'
      await page.screenshot({ path: `${folder}/${name}-${device}-${colorScheme}.png`, fullPage: true })
    }
    await page.close()
  }
}
await browser.close()
process.exit(problems ? 1 : 0)

function report(place, what) {
  problems += 1
  console.error(`${place}: ${what}`)
}
