// Products as a file. The browser itself fetches it, as it may be large; whether it can be had is asked before, since a
// download that fails says nothing.

import { isPlainClick } from '../navigation.js'
import { toast } from '../toast.js'

const USUAL = 'Nothing was exported. Please try again.'
const NOT_YET = 'Nothing was exported: products have just arrived and cannot all be found yet. Please try again in a moment.'

export function exportLink({ root, signal }) {
  const link = root.querySelector('a[data-export]')
  link.addEventListener('click', event => {
    if (!isPlainClick(event)) return
    event.preventDefault()
    fetchFile(link.href).catch(trouble => toast({ text: trouble.message, tone: 'bad' }))
  }, { signal })
}

export async function fetchFile(address) {
  const { ok, status } = await fetch(address, { method: 'HEAD' }).catch(() => {
    throw new Error('Nothing was exported: there is no connection.')
  })
  if (!ok) throw new Error(status === 409 ? NOT_YET : USUAL)
  download(address)
}

export function download(address, name = '') {
  const link = document.createElement('a')
  link.href = address
  link.download = name
  link.click()
}
