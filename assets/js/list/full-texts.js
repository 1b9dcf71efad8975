// The whole of a text that was cut to its line, while one points at it or has the focus on it.

const POINTED_MS = 350

export function fullTexts({ root, place, results, signal }) {
  const tip = document.createElement('div')
  tip.className = 'full-text'
  tip.hidden = true
  // A screen reader reads the text itself, which is whole.
  tip.ariaHidden = 'true'
  root.append(tip)
  let timer
  const hide = () => { clearTimeout(timer); tip.hidden = true }
  const show = element => {
    if (element.isConnected && element.scrollWidth > element.clientWidth + 1) open(tip, element)
  }
  place.addEventListener('pointerover', event => {
    hide()
    const element = event.pointerType === 'mouse' && event.target.closest('[data-whole]')
    if (element) timer = setTimeout(() => show(element), POINTED_MS)
  }, { signal })
  place.addEventListener('pointerleave', hide, { signal })
  place.addEventListener('focusin', event => {
    hide()
    if (event.target.matches('[data-whole]:focus-visible')) show(event.target)
  }, { signal })
  place.addEventListener('focusout', hide, { signal })
  results.addEventListener('shown', hide, { signal })
  addEventListener('scroll', hide, { signal, passive: true })
  document.addEventListener('keydown', event => { if (event.key === 'Escape') hide() }, { signal })
}

function open(tip, element) {
  const { left, top, bottom } = element.getBoundingClientRect()
  tip.textContent = element.textContent
  tip.hidden = false
  const { width, height } = tip.getBoundingClientRect()
  const isBelow = bottom + height + 12 < innerHeight
  tip.style.left = `${Math.max(8, Math.min(left - 10, innerWidth - width - 8))}px`
  tip.style.top = `${isBelow ? bottom + 4 : top - height - 4}px`
}
