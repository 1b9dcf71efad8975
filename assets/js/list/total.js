// How many match: rows come first, and where the server did not count to the end it is asked for it afterwards.

import { answeredPage } from '../answered-page.js'
import { filterOf } from './address.js'

export function showTotal({ place, results, signal }) {
  let asking
  async function show() {
    asking?.abort()
    const total = place.querySelector('[data-total][data-exact=false]')
    if (!total) return
    asking = new AbortController()
    const counted = await countOf(results.query, asking.signal).catch(() => null)
    if (counted && total.isConnected) {
      total.textContent = counted.textContent
      total.dataset.total = counted.value
      total.dataset.exact = counted.dataset.exact
      results.dispatchEvent(new Event('counted'))
    }
  }
  results.addEventListener('shown', show, { signal })
  signal.addEventListener('abort', () => asking?.abort())
  show()
}

/** The server's count of what that query matches; `isExact` has it count to the last one. */
export async function countOf(query, signal, isExact = false) {
  const filter = filterOf(query)
  const response = await fetch(`/products/count${filter}${isExact ? `${filter ? '&' : '?'}exact=1` : ''}`, { signal }).catch(() => null)
  if (!response?.ok) throw new Error('The products could not be counted. Please try again.')
  return (await answeredPage(response)).querySelector('data')
}
