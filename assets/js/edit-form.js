// The form of a product or a webhook. A field is checked when it is left, and while one types only after that or when it was at
// fault; Ctrl+Enter saves; and nobody leaves unsaved changes without being asked.

import { faultOf, tell } from './edit-fields.js'

/** Whoever presses twice and changes nothing between means it once. The browser does not tell when it gives up, so then it can be pressed again. */
const SENDS_FOR_MS = 5000

export function editForm(form) {
  const listening = new AbortController()
  const { signal } = listening
  const fields = [...form.querySelectorAll('[data-limit]')]
  form.noValidate = true
  for (const field of fields) check(field, signal)
  form.addEventListener('submit', event => {
    if (form.dataset.isSent || (fields.length > 0 && !isRight(fields))) event.preventDefault()
    else if (!form.closest('dialog')) send(form)
  }, { signal })
  form.addEventListener('keydown', event => {
    if (event.key !== 'Enter' || !(event.ctrlKey || event.metaKey)) return
    event.preventDefault()
    form.requestSubmit(form.querySelector('[type=submit]'))
  }, { signal })
  watchChanges(form, signal)
  return () => listening.abort()
}

/** On a page of its own. In the panel it is not the browser that sends it. */
function send(form) {
  delete form.dataset.unsaved
  form.dataset.isSent = 'true'
  setTimeout(() => { delete form.dataset.isSent }, SENDS_FOR_MS)
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

function watchChanges(form, signal) {
  // What came back with a fault, or beside another version, was never saved.
  const began = form.querySelector('[aria-invalid=true]') || form.dataset.unsaved ? null : state(form)
  const look = () => {
    form.dataset.unsaved = String(state(form) !== began)
    delete form.dataset.isSent
  }
  if (began === null) look()
  form.addEventListener('input', look, { signal })
  form.addEventListener('not-sent', look, { signal })
  addEventListener('pageshow', event => { if (event.persisted) look() }, { signal })
  addEventListener('beforeunload', event => {
    if (form.dataset.unsaved === 'true') event.preventDefault()
  }, { signal })
  form.addEventListener('click', event => {
    // A link that says it discards, says so once.
    if (event.target.closest('[data-discards]')) delete form.dataset.unsaved
  }, { signal })
}

function state(form) {
  return new URLSearchParams(new FormData(form)).toString()
}
