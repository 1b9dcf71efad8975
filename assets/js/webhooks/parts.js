// Fetches the page that is shown and puts those of its parts in place that have become others.

import { answeredPage } from '../answered-page.js'
import { start } from '../behaviours.js'
import { localise } from '../times.js'

export async function replaceParts(place) {
  const address = location.href
  const response = await fetch(address, { headers: { Accept: 'text/html', 'X-Fragment': '1' } })
  if (!response.ok || address !== location.href) return
  const page = await answeredPage(response)
  const parts = place.matches('[data-part]') ? [place] : place.querySelectorAll('[data-part]')
  for (const current of parts) {
    const fresh = page.querySelector(`[data-part=${current.dataset.part}]`)
    if (fresh) replace(current, fresh)
  }
}

function replace(current, fresh) {
  localise(fresh)
  if (current.innerHTML === fresh.innerHTML) return
  const focused = current.contains(document.activeElement) ? document.activeElement : null
  const next = focused && likeness(fresh, focused)
  current.replaceChildren(...fresh.childNodes)
  start(current)
  if (!focused) return
  // What had the focus may be gone; then its part has it.
  if (!next) current.tabIndex = -1
  const chosen = next ?? current
  chosen.focus({ preventScroll: true })
}

/** The link or button that has taken the place of this one. */
function likeness(fresh, element) {
  const same = other => other.textContent === element.textContent && other.getAttribute('href') === element.getAttribute('href')
  return [...fresh.querySelectorAll('a, button, summary')].find(same)
}
