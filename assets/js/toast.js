// A short message at the edge of the page: what was done, and perhaps the way back. It never takes the focus, is read
// out politely, and stays while somebody points at it or is in it.

import { sentence } from './bidi.js'
import { element } from './element.js'

const STAYS_MS = 10_000

export function toast({ text, action, tone = 'good' }) {
  const place = placeOfToasts()
  const made = element('div', `toast toast--${tone}`)
  const words = element('p')
  words.append(...sentence(text))
  made.append(words)
  let timer
  const close = () => { clearTimeout(timer); made.remove() }
  const leaveLater = () => { clearTimeout(timer); timer = setTimeout(close, STAYS_MS) }
  if (action) made.append(button(action.label, 'toast__action', () => { close(); action.run() }))
  const away = button('', 'toast__close', close)
  away.setAttribute('aria-label', 'Close this message')
  made.append(away)
  for (const [type, what] of [['pointerenter', () => clearTimeout(timer)], ['focusin', () => clearTimeout(timer)], ['pointerleave', leaveLater], ['focusout', leaveLater]]) {
    made.addEventListener(type, what)
  }
  // Only the newest few: older ones would cover the page.
  while (place.children.length > 2) place.firstElementChild.remove()
  place.append(made)
  leaveLater()
  return close
}

function button(label, className, run) {
  const made = element('button', className, label)
  made.type = 'button'
  made.addEventListener('click', run)
  return made
}

/**
 * The live region, which comes with the page: of one that comes with its first words, they may not be read out. Inside an
 * open dialog, since whatever is outside of one cannot be reached.
 */
function placeOfToasts() {
  const home = [...document.querySelectorAll('dialog[open]')].at(-1) ?? document.body
  const place = document.querySelector('.toasts') ?? document.createElement('div')
  place.className = 'toasts'
  place.setAttribute('role', 'status')
  if (place.parentElement !== home) {
    home.append(place)
    // They are to be read, and what they offer can be done, when it is closed too.
    if (home !== document.body) home.addEventListener('close', placeOfToasts, { once: true })
  }
  return place
}
