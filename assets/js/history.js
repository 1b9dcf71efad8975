// The list of imports: kept up to date while one of them is going on.

import { localise } from './times.js'

const EVERY_MS = 2000

export function history(section) {
  let timer
  const again = () => { timer = setTimeout(refresh, EVERY_MS) }
  async function refresh() {
    if (!document.hidden) await replaceRows(section).catch(() => {})
    if (section.dataset.open === 'true') again()
  }
  if (section.dataset.open === 'true') again()
  return () => clearTimeout(timer)
}

async function replaceRows(section) {
  const response = await fetch(location.href, { headers: { Accept: 'text/html' } })
  if (!response.ok) return
  const page = new DOMParser().parseFromString(await response.text(), 'text/html')
  const fresh = page.querySelector('.history')
  const rows = fresh?.querySelector('tbody')
  const current = section.querySelector('tbody')
  if (!rows || !current || current.contains(document.activeElement)) return
  localise(rows)
  current.replaceWith(rows)
  section.dataset.open = fresh.dataset.open
}
