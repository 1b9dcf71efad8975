// A product, or a message to another system, beside the list: links with data-panel open in a side panel, and what is saved there shows in the list.
// The server makes the same pages for it as for everybody; only what is inside <main> is fetched.

import { pageOf } from './answered-page.js'
import { start } from './behaviours.js'
import { hasUnsaved } from './edit-form.js'
import { hold } from './hold.js'
import { isPlainClick } from './navigation.js'
import { enter, enterAgain, hasLeft, isBehind, leave, shownHere } from './panel-history.js'
import { closingAsked, makePanel, showProblem, showSkeleton } from './panel-parts.js'
import { SIGNED_OUT } from './signed-out.js'
import { toast } from './toast.js'

const FRAGMENT = { 'X-Fragment': '1' }

let panel
let stop = () => {}
let latest = 0

export function openPanels() {
  document.addEventListener('click', event => {
    const link = event.target.closest?.('a[data-panel]')
    if (!link || !isPlainClick(event)) return
    // On a product's own page it stands in the page already.
    if (!panel?.open && link.pathname === location.pathname) return
    event.preventDefault()
    const leaves = panel?.open && hasUnsaved(panel) && !link.hasAttribute('data-discards')
    if (leaves) closingAsked(panel).then(yes => { if (yes) openPanel(link.href) })
    else openPanel(link.href, link.dataset.panelFocus)
  })
  addEventListener('popstate', follow)
  // Another page in place of this one: only what its entry says is shown beside it.
  addEventListener('page-shown', () => { if (panel?.open && !shownHere()) shut() })
  // Back to a page that was kept whole: what the panel shows may have been changed on its own page.
  addEventListener('pageshow', event => { if (event.persisted && shownHere() && !hasUnsaved(panel)) openPanel(shownHere()) })
  if (shownHere()) openPanel(shownHere())
}

/** Back and Forward. Whoever else listens for them comes later, and hears only of what changes the page itself. */
function follow(event) {
  const wanted = shownHere()
  if (wanted) return openPanel(wanted)
  if (!panel?.open) return
  if (hasLeft() || !hasUnsaved(panel)) {
    shut()
    if (isBehind()) event.stopImmediatePropagation()
    return
  }
  // The browser has gone already: it comes back, and goes when that is meant.
  event.stopImmediatePropagation()
  enterAgain(panel.querySelector('.panel__whole').href)
  close()
}

/** Shows the page of that address in the panel; `field` is the id of a field that gets the focus. */
async function openPanel(address, field) {
  panel ??= listen(makePanel())
  const mine = ++latest
  enter(address)
  panel.querySelector('.panel__whole').href = address
  panel.setAttribute('aria-label', labelOf(address))
  if (!panel.open) panel.showModal()
  showSkeleton(content())
  try {
    const response = await fetch(address, { headers: { ...FRAGMENT, Accept: 'text/html' } })
    const html = await response.text()
    if (mine !== latest) return
    if (isHtml(response)) show(html, field)
    else tellProblem(html)
  } catch {
    if (mine === latest) showProblem(content(), 'This could not be loaded. Check the connection, close this and try again.')
  }
}

function labelOf(address) {
  return new URL(address, location.href).pathname.startsWith('/webhooks/') ? 'Message' : 'Product'
}

function content() {
  return panel.querySelector('.panel__content')
}

function listen(made) {
  made.addEventListener('keydown', event => {
    if (event.key !== 'Escape' || event.target.closest('dialog') !== made) return
    event.preventDefault()
    close()
  })
  made.addEventListener('cancel', event => {
    if (event.target !== made) return
    event.preventDefault()
    close()
  })
  made.addEventListener('click', event => {
    const asked = event.target === made || event.target.closest('[data-close-panel]')
    if (!asked) return
    event.preventDefault()
    close()
  })
  made.addEventListener('submit', event => {
    if (event.defaultPrevented || event.target.method !== 'post') return
    event.preventDefault()
    submit(event.target, event.submitter)
  })
  return made
}

async function close() {
  if (hasUnsaved(panel) && !await closingAsked(panel)) return
  await leave()
  shut()
}

function shut() {
  latest += 1
  stop()
  stop = () => {}
  content().replaceChildren()
  // It may just be asked whether to leave what has been saved meanwhile.
  panel.querySelector('dialog').close()
  panel.close()
}

function show(html, field) {
  stop()
  const place = content()
  place.removeAttribute('aria-busy')
  place.replaceChildren(...pageOf(html).body.childNodes)
  place.scrollTop = 0
  stop = start(place)
  const first = place.querySelector('[aria-invalid=true], [data-focus], [autofocus]') ?? (field && document.getElementById(field))
  if (first) first.focus()
  else place.focus()
}

async function submit(form, submitter) {
  if (form.ariaBusy === 'true') return
  const mine = latest
  const body = new URLSearchParams(new FormData(form, submitter))
  const again = hold(form, content())
  try {
    const response = await fetch(form.action, { method: 'POST', body, headers: FRAGMENT })
    const text = await response.text()
    if (response.ok && !isHtml(response)) await saved(JSON.parse(text), mine)
    else if (mine !== latest) tellLeft(response)
    else if (response.status === 401) showProblem(content(), SIGNED_OUT)
    else if (isHtml(response)) show(text)
    else tellProblem(text)
  } catch {
    if (mine !== latest) tellLeft()
    else showProblem(content(), 'This could not be saved: the server did not answer. What you typed is still here; try again in a moment.')
  } finally {
    again()
  }
}

/** The panel was closed, or shows something else by now: it stays as it is, and a message tells what did not work. */
function tellLeft(response) {
  if (!response?.ok) toast({ text: 'What you left was not saved.', tone: 'bad' })
}

async function saved({ done, undo, product }, mine) {
  const id = product?.id ?? undo?.split('/')[2]
  if (mine === latest) {
    await leave()
    shut()
  }
  tellChanged(id)
  toast({ text: done, tone: 'good', action: undo ? { label: 'Undo', run: () => takeBack(undo, id) } : undefined })
}

async function takeBack(address, id) {
  try {
    const response = await fetch(address, { method: 'POST', headers: FRAGMENT })
    const { done, detail } = await response.json()
    toast({ text: done ?? detail, tone: response.ok ? 'good' : 'bad' })
    if (response.ok) tellChanged(id)
  } catch {
    toast({ text: 'This could not be undone: the server did not answer. The product’s own page offers it too.', tone: 'bad' })
  }
}

function tellChanged(id) {
  document.dispatchEvent(new CustomEvent('product-changed', { detail: { id } }))
}

function tellProblem(text) {
  let detail = 'Something went wrong. Please try again.'
  try {
    detail = JSON.parse(text).detail ?? detail
  } catch {
    // Not a problem of ours: whatever stands between us and the server answered.
  }
  showProblem(content(), detail)
}

function isHtml(response) {
  return response.headers.get('Content-Type')?.startsWith('text/html')
}
