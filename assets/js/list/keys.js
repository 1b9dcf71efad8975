// The keyboard. The row one is at is the row that has the focus, so that Enter opens it and a screen reader reads it.
// Single letters can be switched off, since some people's tools send letters of their own (WCAG 2.1.4).

const OFF = 'single-keys-off'

export function keys(list) {
  const { root, place, signal } = list
  const dialog = root.querySelector('#keys')
  const single = dialog.querySelector('[data-single-keys]')
  single.checked = remembered() === null
  single.addEventListener('change', () => remember(single.checked ? null : 'true'), { signal })
  root.querySelector('[data-keys]').addEventListener('click', () => dialog.showModal(), { signal })

  const actions = {
    '/': () => { const box = document.getElementById('search'); box.focus(); box.select() },
    '?': () => dialog.showModal(),
    j: () => move(place, 1),
    k: () => move(place, -1),
    o: () => open(place),
    e: () => open(place, 'product-name'),
    x: () => tick(list, false),
    X: () => tick(list, true),
    n: () => root.querySelector('[data-new]').click(),
    '[': () => document.querySelector('#page-previous')?.click(),
    ']': () => document.querySelector('#page-next')?.click(),
  }
  const always = {
    ArrowDown: event => !event.target.closest('details') && move(place, 1),
    ArrowUp: event => !event.target.closest('details') && move(place, -1),
    Escape: () => list.selection.selected.count > 0 && list.selection.clear(),
    ' ': event => event.shiftKey && event.target.closest('tr') && tick(list, true),
  }
  document.addEventListener('keydown', event => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return
    if (isTyping(event.target) || document.querySelector('dialog[open]')) return
    const action = always[event.key] ?? (single.checked ? actions[event.key] : undefined)
    if (action && action(event) !== false) event.preventDefault()
  }, { signal })
  document.getElementById('search').addEventListener('keydown', event => {
    if (event.key !== 'ArrowDown') return
    event.preventDefault()
    rows(place)[0]?.focus()
  }, { signal })
}

function remembered() {
  try {
    return localStorage.getItem(OFF)
  } catch {
    return null
  }
}

function remember(value) {
  try {
    if (value === null) localStorage.removeItem(OFF)
    else localStorage.setItem(OFF, value)
  } catch {
    // A forbidden storage only means that it has to be said again on the next page.
  }
}

function isTyping(target) {
  return target.isContentEditable || target.matches('textarea, select, input:not([type=checkbox], [type=radio], [type=button])')
}

function rows(place) {
  return [...place.querySelectorAll('.products__link')]
}

/** The row with the focus. When it was lost with the rows, one begins where one was. */
let lastAt = 0

function at(place) {
  const row = document.activeElement?.closest?.('.products tbody tr')
  return row ? rows(place).findIndex(link => row.contains(link)) : -1
}

function move(place, step) {
  const links = rows(place)
  const here = at(place)
  const next = here < 0 ? Math.min(lastAt, links.length - 1) : Math.min(Math.max(here + step, 0), links.length - 1)
  lastAt = next
  links[next]?.focus()
  links[next]?.closest('tr').scrollIntoView({ block: 'nearest' })
}

/** Opens the product one is at, perhaps with the focus in a field of its form. */
function open(place, field) {
  const here = at(place)
  if (here < 0) return false
  const link = rows(place)[here]
  if (field) link.dataset.panelFocus = field
  link.click()
  delete link.dataset.panelFocus
}

function tick({ place, selection }, isRange) {
  const here = at(place)
  if (here < 0) return false
  const box = rows(place)[here].closest('tr').querySelector('[name=ids]')
  selection.tick(box.value, isRange || !box.checked, isRange)
}
