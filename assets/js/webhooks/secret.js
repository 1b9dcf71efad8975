// The secret of a webhook: it comes from the server only when it is asked for.

import { copy } from '../copy.js'
import { toast } from '../toast.js'

const HIDDEN = 'whsec_••••••••••••••••'

export function secret(section) {
  const place = section.querySelector('[data-secret]')
  const show = section.querySelector('[data-show-secret]')
  const stop = new AbortController()
  const { signal } = stop
  show.setAttribute('role', 'button')
  show.addEventListener('click', async event => {
    event.preventDefault()
    const hides = show.textContent === 'Hide'
    const text = hides ? HIDDEN : await fetched(section)
    if (!text) return
    place.textContent = text
    show.textContent = hides ? 'Show' : 'Hide'
  }, { signal })
  show.addEventListener('keydown', event => {
    if (event.key === ' ') { event.preventDefault(); show.click() }
  }, { signal })
  const button = section.querySelector('[data-copy-secret]')
  button.addEventListener('click', async () => {
    const text = await fetched(section)
    if (text) copy(text, button)
  }, { signal })
  return () => stop.abort()
}

async function fetched(section) {
  try {
    const response = await fetch(section.dataset.secretSource, { headers: { Accept: 'application/json' }, cache: 'no-store' })
    if (!response.ok) throw new Error(String(response.status))
    return (await response.json()).secret
  } catch {
    toast({ text: 'The secret could not be fetched. Please try again.', tone: 'bad' })
  }
}
