// Products as a file. The browser itself fetches it, as it may be large; whether it can be had is asked before, since a
// download that fails says nothing.

import { isPlainClick } from '../navigation.js'
import { toast } from '../toast.js'
import { answerOf, troubleOf } from './request.js'

export const NOT_EXPORTED = 'Nothing was exported. Please try again.'

export function exportLink({ root, signal }) {
  root.querySelector('a[data-export]').addEventListener('click', event => {
    if (!isPlainClick(event)) return
    event.preventDefault()
    fetchFile(event.currentTarget.href).then(refusal => {
      if (refusal) throw troubleOf(refusal, NOT_EXPORTED)
    }).catch(trouble => toast({ text: trouble.message, tone: 'bad' }))
  }, { signal })
}

/** Begins a download, or answers why the server refuses it. */
export async function fetchFile(address) {
  const asking = new AbortController()
  const response = await fetch(address, { headers: { Accept: 'application/json' }, signal: asking.signal }).catch(() => {
    throw new Error('Nothing was exported: there is no connection.')
  })
  if (!response.ok) return { ...await answerOf(response), status: response.status }
  asking.abort()
  download(address)
}

export function download(address, name = '') {
  const link = document.createElement('a')
  link.href = address
  link.download = name
  link.click()
}
