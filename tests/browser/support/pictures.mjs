// Pictures of what a test saw, kept as build output for people to look at.

import { mkdir } from 'node:fs/promises'

const FOLDER = process.env.SCREENSHOTS ?? 'target/screenshots'

/** Takes a picture of the whole page. */
export async function picture(page, name) {
  page.hasPicture = true
  await mkdir(FOLDER, { recursive: true })
  await page.screenshot({ path: `${FOLDER}/${name}.png`, fullPage: true, timeout: 120_000 })
}

/** Has a page of which there is no picture leave one of its last state, named after the test's file and its place. */
export function leavePicture(page) {
  const context = page.context()
  const close = context.close.bind(context)
  const flow = process.argv[1].split('/').at(-1).replace(/\.test\.mjs$/, '')
  const name = `${flow}-${String(pages += 1).padStart(2, '0')}`
  context.close = async () => {
    if (!page.isClosed() && !page.hasPicture) await picture(page, name)
    await close()
  }
}

let pages = 0
