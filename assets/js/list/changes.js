// What happens elsewhere: a product saved in the panel shows at once and is marked for a moment, and while an import
// brings new ones the list stands still until it is asked to refresh.

import { answeredPage } from '../answered-page.js'
import { localise } from '../times.js'

const MARKED_MS = 2400

export function productChanges({ root, place, results, selection, signal }) {
  document.addEventListener('product-changed', async ({ detail }) => {
    const wasShown = rowOf(detail?.id) !== null
    await results.refresh()
    if (!detail?.id) return
    if (!wasShown && !rowOf(detail.id)) {
      await showOnTop(detail.id, place).catch(() => {})
      selection.draw()
    }
    mark(rowOf(detail.id))
  }, { signal })
  root.addEventListener('click', event => {
    const refresh = event.target.closest('[data-refresh]')
    if (!refresh) return
    event.preventDefault()
    results.show(results.wanted)
    refresh.closest('.notice:not([data-import])')?.remove()
  }, { signal })
}

function rowOf(id) {
  return id ? document.getElementById(`product-${id}`) : null
}

function mark(row) {
  if (!row) return
  row.classList.add('is-fresh')
  setTimeout(() => row.classList.remove('is-fresh'), MARKED_MS)
}

/** A new product may belong to another page of the list; whoever made it wants to see it nevertheless. */
async function showOnTop(id, place) {
  const rows = place.querySelector('.products tbody')
  const product = await (await fetch(`/api/v1/products/${id}`)).json()
  if (!rows || !product.sku) return
  const response = await fetch(`/products?q=${encodeURIComponent(product.sku)}`, { headers: { 'X-Fragment': 'results' } })
  const row = (await answeredPage(response)).getElementById(`product-${id}`)
  if (!row || rowOf(id)) return
  for (const marked of row.querySelectorAll('mark')) marked.replaceWith(...marked.childNodes)
  localise(row)
  rows.prepend(row)
}
