// Asks in a dialog before something goes for good. Without scripts the link leads to the same question as a page.

import { answeredPage } from './answered-page.js'
import { element } from './element.js'
import { localise } from './times.js'

const FRAGMENT = { Accept: 'text/html', 'X-Fragment': '1' }

export function question(link) {
  const dialog = element('dialog', 'dialog')
  dialog.setAttribute('aria-labelledby', 'question-title')
  let isAsking = false
  const open = event => {
    if (event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey) return
    event.preventDefault()
    if (isAsking) return
    isAsking = true
    ask(dialog, link.href).catch(() => { if (isMeant(dialog)) location.assign(link.href) }).finally(() => { isAsking = false })
  }
  link.addEventListener('click', open)
  dialog.addEventListener('click', event => {
    if (event.target.closest('[data-close]')) close(event, dialog)
  })
  dialog.addEventListener('submit', event => answer(event, dialog))
  document.body.append(dialog)
  return () => dialog.remove()
}

async function ask(dialog, url) {
  const response = await fetch(url, { headers: FRAGMENT })
  if (!response.ok) throw new Error(`The question could not be asked (${response.status}).`)
  await show(dialog, response)
  if (isMeant(dialog)) dialog.showModal()
}

/** Whoever is at something else by now is not asked any more. */
function isMeant(dialog) {
  return dialog.isConnected && !document.querySelector('dialog[open]')
}

async function show(dialog, response) {
  const page = await answeredPage(response)
  const asked = page.querySelector('[data-question]')
  if (!asked) throw new Error('There is no question in the answer.')
  dialog.replaceChildren(asked)
  localise(dialog)
  const first = dialog.querySelector('[name=typed]') ?? dialog.querySelector('h1')
  first.setAttribute('autofocus', '')
  if (dialog.open) first.focus()
}

function close(event, dialog) {
  event.preventDefault()
  dialog.close()
}

async function answer(event, dialog) {
  event.preventDefault()
  event.stopPropagation()
  const form = event.target
  const button = form.querySelector('[type=submit]')
  button.disabled = true
  try {
    const body = new URLSearchParams(new FormData(form))
    const response = await fetch(form.action, { method: 'POST', body, headers: FRAGMENT })
    if (response.status === 204) {
      // Whoever comes back to this page is not asked again.
      dialog.close()
      return location.assign(response.headers.get('Location'))
    }
    await show(dialog, response)
  } catch {
    form.submit()
  } finally {
    button.disabled = false
  }
}
