// The list of imports: kept up to date while one of them is going on.

import { answeredPage } from './answered-page.js'
import { keepFresh } from './keep-fresh.js'
import { localise } from './times.js'

const EVERY_MS = 2000

export function history(section) {
  return keepFresh(() => replaceRows(section), () => section.dataset.open === 'true' && EVERY_MS)
}

async function replaceRows(section) {
  const response = await fetch(location.href, { headers: { Accept: 'text/html' } })
  if (!response.ok) return
  const page = await answeredPage(response)
  const fresh = page.querySelector('.history')
  const rows = fresh?.querySelector('tbody')
  const current = section.querySelector('tbody')
  if (!rows || !current || current.contains(document.activeElement)) return
  localise(rows)
  current.replaceWith(rows)
  section.dataset.open = fresh.dataset.open
}
