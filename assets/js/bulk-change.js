// A change to many products: shows how far it is until it is over.

import { announce } from './announce.js'
import { answeredPage } from './answered-page.js'
import { start } from './behaviours.js'
import { keepFresh } from './keep-fresh.js'

const EVERY_MS = 400

export function bulkChange(place) {
  const isOver = () => place.querySelector('[data-over]')?.dataset.over === 'true'
  async function refresh() {
    await show(place)
    if (place.isConnected && isOver()) announce(place.querySelector('h1').textContent)
  }
  return keepFresh(refresh, () => !isOver() && EVERY_MS)
}

async function show(place) {
  const response = await fetch(place.dataset.source, { headers: { Accept: 'text/html', 'X-Fragment': '1' } })
  if (!response.ok) return
  const page = await answeredPage(response)
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
