// The whole of a text that was cut to its line ([data-whole]), while one points at it or is at it by the keyboard, which
// shows those of its row. One may point at the tip too, to read on or to copy; Escape puts it away.

import { words } from './bidi.js'
import { element } from './element.js'

/** So long one points before it opens, and so long it waits for a pointer on its way to it. */
const PATIENCE_MS = 300

export function showFullTexts() {
  const page = document.documentElement
  const tip = element('div', 'full-text')
  // A screen reader reads the text itself, which is whole.
  tip.ariaHidden = 'true'
  let pointed
  let focused
  let timer
  const later = ms => { clearTimeout(timer); timer = setTimeout(draw, ms) }
  const draw = () => {
    tip.remove()
    const wholes = pointed ? [pointed] : focused ? focused.closest('tr').querySelectorAll('[data-whole]') : []
    const cut = [...wholes].filter(element => element.scrollWidth > element.clientWidth + 1)
    if (cut.length > 0) open(tip, cut)
  }
  const hide = () => {
    pointed = focused = undefined
    clearTimeout(timer)
    tip.remove()
  }
  page.addEventListener('pointerover', ({ target, pointerType }) => {
    clearTimeout(timer)
    if (tip.contains(target)) return
    pointed = pointerType === 'mouse' && target.closest('[data-whole]')
    later(PATIENCE_MS)
  })
  page.addEventListener('pointerleave', () => { pointed = undefined; later(PATIENCE_MS) })
  // The page scrolls to what has the focus only after it said so.
  page.addEventListener('focusin', ({ target }) => { focused = target.matches(':focus-visible') && target.closest('[data-whole]'); later(0) })
  page.addEventListener('focusout', () => { focused = undefined; if (!tip.matches(':hover')) later(0) })
  page.addEventListener('click', ({ target }) => { if (!tip.contains(target)) hide() })
  // Before anybody else: what Escape does to the page, it does when it is pressed again.
  page.addEventListener('keydown', event => {
    if (event.key !== 'Escape' || !tip.isConnected) return
    event.preventDefault()
    event.stopPropagation()
    hide()
  }, true)
}

/** In the cell of the text, so that it goes when that goes, and moves with the page. */
function open(tip, cut) {
  const { left, top, bottom } = cut[0].getBoundingClientRect()
  tip.replaceChildren(...cut.flatMap((element, at) => at ? ['\n', ...words(element)] : words(element)))
  tip.style.translate = ''
  ;(cut[0].closest('td') ?? cut[0].parentElement).append(tip)
  const { x, y, width, height } = tip.getBoundingClientRect()
  const above = top - height
  const isBelow = bottom + height < innerHeight || above < 0
  tip.style.translate = `${Math.max(8, Math.min(left - 10, innerWidth - width - 8)) - x}px ${(isBelow ? bottom : above) - y}px`
}
