// The form of a product or a webhook. A field is checked when it is left, and while one types only after that or when it was at
// fault; Ctrl+Enter saves; and nobody leaves unsaved changes without being asked.

import { faultOf, tell } from './edit-fields.js'
import { hasHeld, hold } from './hold.js'

/** The browser does not tell when it gives up: after so long the form can be used again. */
const HELD_FOR_MS = 5000

export function editForm(form) {
  const listening = new AbortController()
  const { signal } = listening
  const fields = [...form.querySelectorAll('[data-limit]')]
  form.noValidate = true
  for (const field of fields) check(field, signal)
  const look = watchChanges(form, signal)
  let goOn = () => {}
  form.addEventListener('submit', event => {
    if (form.inert || (fields.length > 0 && !isRight(fields))) event.preventDefault()
    else if (!form.closest('dialog')) goOn = send(form, look)
  }, { signal })
  form.addEventListener('not-sent', () => goOn(), { signal })
  addEventListener('pageshow', event => { if (event.persisted) goOn() }, { signal })
  form.addEventListener('keydown', event => {
    if (event.key !== 'Enter' || !(event.ctrlKey || event.metaKey)) return
    event.preventDefault()
    form.requestSubmit(form.querySelector('[type=submit]'))
  }, { signal })
  return () => listening.abort()
}

/**
 * On a page of its own; in the panel it is not the browser that sends it. Answers how to go on where no other page comes.
 */
function send(form, look) {
  delete form.dataset.unsaved
  const release = hold(form, document.querySelector('main'))
  const goOn = () => {
    clearTimeout(timer)
    if (!form.inert) return
    release()
    look()
  }
  // Where another page is fetched in the place of this one, it is told what came of it.
  const timer = setTimeout(() => { if (!form.dataset.isAwaited) goOn() }, HELD_FOR_MS)
  return goOn
}

/** Whether another page would take something from whoever is at this one: changes that are not saved, or on their way. */
export function isAtForm() {
  return hasUnsaved(document) || hasHeld(document)
}

/** Whether the element has a form in it whose changes are not saved. */
export function hasUnsaved(element) {
  return element.querySelector('form[data-unsaved=true]') !== null
}

function check(field, signal) {
  let wasLeft = false
  field.addEventListener('blur', () => {
    if (!wasLeft && field.value === field.defaultValue) return
    wasLeft = true
    tell(field, faultOf(field))
  }, { signal })
  field.addEventListener('input', () => {
    wasLeft ||= field.getAttribute('aria-invalid') === 'true'
    if (wasLeft) tell(field, faultOf(field))
  }, { signal })
}

function isRight(fields) {
  for (const field of fields) {
    const message = faultOf(field)
    if (message) tell(field, message)
  }
  const first = fields.find(field => faultOf(field))
  first?.focus()
  return !first
}

/** Answers how to look whether anything is unsaved. */
function watchChanges(form, signal) {
  // What came back with a fault, or beside another version, was never saved.
  const began = form.querySelector('[aria-invalid=true]') || form.dataset.unsaved ? null : state(form)
  const look = () => { form.dataset.unsaved = String(state(form) !== began) }
  if (began === null) look()
  form.addEventListener('input', look, { signal })
  addEventListener('pageshow', event => { if (event.persisted) look() }, { signal })
  addEventListener('beforeunload', event => {
    if (form.dataset.unsaved === 'true') event.preventDefault()
  }, { signal })
  form.addEventListener('click', event => {
    // A link that says it discards, says so once.
    if (event.target.closest('[data-discards]')) delete form.dataset.unsaved
  }, { signal })
  return look
}

function state(form) {
  return new URLSearchParams(new FormData(form)).toString()
}
