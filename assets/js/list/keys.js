// The keyboard. The row one is at is the row that has the focus, so that Enter opens it and a screen reader reads it.
// Single letters can be switched off, since some people's tools send letters of their own (WCAG 2.1.4).

const OFF = 'single-keys-off'

export function keys(list) {
  const { root, place, results, selection, signal } = list
  const dialog = root.querySelector('#keys')
  const single = dialog.querySelector('[data-single-keys]')
  single.checked = remembered() === null
  single.addEventListener('change', () => remember(single.checked ? null : 'true'), { signal })
  root.querySelector('[data-keys]').addEventListener('click', () => dialog.showModal(), { signal })

  const actions = {
    '/': () => { const box = document.getElementById('search'); box.focus(); box.select() },
    '?': () => dialog.showModal(),
    j: () => move(results, 1),
    k: () => move(results, -1),
    o: () => open(),
    e: () => open('product-name'),
    x: () => tick(selection, false),
    X: () => tick(selection, true),
    n: () => root.querySelector('[data-new]').click(),
    '[': () => document.querySelector('#page-previous')?.click(),
    ']': () => document.querySelector('#page-next')?.click(),
  }
  const always = {
    ArrowDown: event => !event.target.closest('details') && move(results, 1),
    ArrowUp: event => !event.target.closest('details') && move(results, -1),
    Escape: () => selection.selected.count > 0 && selection.clear(),
    ' ': event => event.shiftKey && tick(selection, true),
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
    place.querySelector('.products__link')?.focus()
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

/** The row with the focus. */
function focusedRow() {
  return document.activeElement?.closest('.products tbody tr')
}

/** When no row has the focus, one begins where one was. */
function move(results, step) {
  if (focusedRow()) results.at = Math.max(results.at + step, 0)
  results.focusRow()
}

/** Opens the product one is at, perhaps with the focus in a field of its form. */
function open(field) {
  const link = focusedRow()?.querySelector('.products__link')
  if (!link) return false
  if (field) link.dataset.panelFocus = field
  link.click()
  delete link.dataset.panelFocus
}

function tick(selection, isRange) {
  const box = focusedRow()?.querySelector('[name=ids]')
  if (!box) return false
  selection.tick(box.value, isRange || !box.checked, isRange)
}
