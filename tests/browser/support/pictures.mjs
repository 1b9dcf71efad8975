// Pictures of what a test saw, kept as build output for people to look at.

import { mkdir } from 'node:fs/promises'

const FOLDER = process.env.SCREENSHOTS ?? 'target/screenshots'

/** Takes a picture of the whole page. */
export async function picture(page, name) {
  await mkdir(FOLDER, { recursive: true })
  await page.screenshot({ path: `${FOLDER}/${name}.png`, fullPage: true })
}

/** Has the page leave a picture of its last state, named after the test's file and the order of its pages. */
export function leavePicture(page) {
  const context = page.context()
  const close = context.close.bind(context)
  const flow = process.argv[1].split('/').at(-1).replace(/\.test\.mjs$/, '')
  const name = `${flow}-${String(pages += 1).padStart(2, '0')}`
  context.close = async () => {
    if (!page.isClosed()) await picture(page, name)
    await close()
  }
}

let pages = 0
