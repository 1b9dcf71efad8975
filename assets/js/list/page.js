// The list of products: its parts, and how a change in one of them reaches the others.

import { bulkActions } from './bulk.js'
import { exportLink } from './export.js'
import { finder } from './finder.js'
import { keys } from './keys.js'
import { productChanges } from './changes.js'
import { Results } from './results.js'
import { selection } from './selection.js'
import { showTotal } from './total.js'
import { statusSwitches } from './status.js'

export function productList(root) {
  const place = root.querySelector('.results')
  const results = new Results(place)
  const going = new AbortController()
  const list = { root, place, results, signal: going.signal }
  list.go = finder(list)
  list.selection = selection(list)
  bulkActions(list)
  exportLink(list)
  statusSwitches(list)
  productChanges(list)
  showTotal(list)
  keys(list)
  root.classList.add('is-alive')
  followBack(list)
  return () => {
    going.abort()
    results.stop()
  }
}

/** Going back shows a list as it was left, by the browser's cache or by the page kept whole: it is fetched again. */
function followBack({ results, signal }) {
  if (performance.getEntriesByType('navigation')[0]?.type === 'back_forward') results.refresh()
  addEventListener('pageshow', event => { if (event.persisted) results.refresh() }, { signal })
}
