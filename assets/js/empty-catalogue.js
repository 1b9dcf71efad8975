// An empty catalogue: the first product that is added in the panel makes it a list.

import { visit } from './navigation.js'

export function emptyCatalogue() {
  const stop = new AbortController()
  const { signal } = stop
  document.addEventListener('product-changed', () => visit('/products', { push: false }), { signal })
  return () => stop.abort()
}
