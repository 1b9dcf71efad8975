// A change to many products: shows how far it is until it is over.

import { announce } from './announce.js'
import { start } from './behaviours.js'

const EVERY_MS = 400

export function bulkChange(place) {
  let timer
  let stopped = false
  const isOver = () => place.querySelector('[data-over]')?.dataset.over === 'true'
  async function refresh() {
    if (!document.hidden) await show(place).catch(() => {})
    if (stopped) return
    if (isOver()) announce(place.querySelector('h1').textContent)
    else timer = setTimeout(refresh, EVERY_MS)
  }
  if (!isOver()) timer = setTimeout(refresh, EVERY_MS)
  return () => { stopped = true; clearTimeout(timer) }
}

async function show(place) {
  const response = await fetch(place.dataset.source, { headers: { Accept: 'text/html', 'X-Fragment': '1' } })
  if (!response.ok) return
  const page = new DOMParser().parseFromString(await response.text(), 'text/html')
  const fresh = page.querySelector('[data-bulk-change]')
  const current = place.querySelector('[data-bulk-change]')
  if (!fresh || !current) return
  // The button that stops it keeps the focus while only numbers change.
  if (fresh.dataset.over === current.dataset.over && fresh.dataset.over === 'false') update(current, fresh)
  else replace(current, fresh)
}

function replace(current, fresh) {
  const hadFocus = current.contains(document.activeElement)
  const heading = fresh.querySelector('h1')
  current.replaceWith(fresh)
  start(fresh)
  document.title = `${heading.textContent} · Product Importer`
  if (!hadFocus) return
  heading.tabIndex = -1
  heading.focus()
}

function update(current, fresh) {
  const bar = current.querySelector('progress')
  const freshBar = fresh.querySelector('progress')
  bar.value = freshBar.value
  bar.nextElementSibling.textContent = freshBar.nextElementSibling.textContent
}
