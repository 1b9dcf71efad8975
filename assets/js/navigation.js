// Goes to another page without leaving this one.
//
// A chosen file lives as long as the document: the browser gives no way to carry it over a navigation except
// copying it whole into IndexedDB, which costs gigabytes of disk and fails in private windows. So while files
// are being uploaded, links and forms fetch the next page and replace what is inside <main>.

import { answeredPage } from './answered-page.js'
import { start, stopAll } from './behaviours.js'
import { hasUnsaved, isAtForm } from './edit-form.js'
import { toast } from './toast.js'
import { uploads } from './uploads.js'

export function keepPageWhileUploading() {
  document.addEventListener('click', event => {
    const link = event.target.closest?.('a[href]')
    if (!link || !uploads.busy || !isPlainClick(event) || !isPage(link)) return
    // Then the browser itself changes the page, since it asks before it does.
    if (hasUnsaved(document)) return
    event.preventDefault()
    visit(link.href).catch(tellTrouble)
  })
  document.addEventListener('submit', event => {
    const form = event.target
    if (event.defaultPrevented || !uploads.busy || form.method !== 'post') return
    event.preventDefault()
    form.dataset.isAwaited = 'true'
    visit(form.action, { body: new URLSearchParams(new FormData(form, event.submitter)) }).catch(() => {
      toast({ text: 'That may not have worked. Please try again in a moment.', tone: 'bad' })
    }).finally(() => {
      // Where another page has come, nobody hears it.
      delete form.dataset.isAwaited
      form.dispatchEvent(new Event('not-sent'))
    })
  })
  addEventListener('popstate', () => {
    if (isOwnList()) return
    if (uploads.busy) visit(location.href, { push: false }).catch(tellTrouble)
    else if (history.state?.inPage || replaced) location.reload()
  })
  addEventListener('beforeunload', event => {
    if (uploads.busy) event.preventDefault()
  })
}

/** The list of products follows the address by itself while it is shown. */
function isOwnList() {
  return location.pathname === '/products' && document.querySelector('.product-list.is-alive') !== null
}

const AGAIN_MS = 1500

let replaced = false
let latest = 0

/** Fetches a page and shows it in place of the current one. */
export async function visit(url, { push = true, body, keepPlace = false, isMeant = () => true } = {}) {
  const mine = ++latest
  const response = await fetch(url, { method: body ? 'POST' : 'GET', body, headers: { Accept: 'text/html' } })
  const page = await answeredPage(response)
  const main = page.querySelector('main')
  if (!main || response.status >= 500) throw new Error(`The page could not be shown (${response.status}).`)
  if (mine !== latest || !isMeant()) return
  if (push && response.url !== location.href) history.pushState({ inPage: true }, '', response.url)
  replaced = true
  replacePage(page, main, keepPlace)
}

/** The same, for as long as it takes the server to come back. */
export async function visitPatiently(url, options) {
  const from = location.href
  for (;;) {
    try {
      return await visit(url, options)
    } catch {
      await new Promise(resolve => setTimeout(resolve, AGAIN_MS))
      if (location.href !== from) return
    }
  }
}

/** Shows a page that nobody asked for just now, unless something else is being done: then a message leads there. */
export async function lead(url, { text, label }) {
  let isMeant
  const look = () => (isMeant = !isAtForm() && !document.querySelector('dialog[open]'))
  if (look()) await visit(url, { isMeant: look })
  if (!isMeant) toast({ text, action: { label, run: () => visit(url).catch(tellTrouble) } })
}

function replacePage(page, main, keepPlace) {
  stopAll()
  const current = document.querySelector('main')
  current.replaceChildren(...main.childNodes)
  document.title = page.title
  document.querySelector('nav').replaceWith(page.querySelector('nav'))
  if (!keepPlace) {
    scrollTo(0, 0)
    current.focus({ preventScroll: true })
  }
  start(current)
  dispatchEvent(new Event('page-shown'))
}

export function isPlainClick(event) {
  return event.button === 0 && !event.defaultPrevented && !event.metaKey && !event.ctrlKey && !event.shiftKey && !event.altKey
}

function isPage(link) {
  const samePage = link.pathname === location.pathname && link.search === location.search && link.hash
  return link.origin === location.origin && !link.hasAttribute('download') && !link.target && !samePage
}

function tellTrouble() {
  toast({ text: 'The page could not be shown. Please try again in a moment.', tone: 'bad' })
}
