// What may stand in a field: the same limits as src/catalog/edit/values.rs and src/webhooks/values.rs.

import { number } from './format.js'

/** What is wrong with the text, or nothing. `label` names the field in the message. */
export function fault(text, { label, limit, missing }) {
  if (missing && text.trim() === '') return missing
  const length = missing ? [...text.trim()].length : [...text].length
  if (limit && length > limit) return `The ${label} has ${number(length)} characters; it may have ${number(limit)}.`
  return ''
}

/** Shows what is wrong at the field, or that it is right again. */
export function tell(input, message) {
  const place = input.form.querySelector(`#${input.id}-fault`)
  input.toggleAttribute('aria-invalid', false)
  if (message) input.setAttribute('aria-invalid', 'true')
  if (place.textContent.trim() !== message) place.textContent = message
  place.hidden = !message
}

/** The field's own fault. */
export function faultOf(input) {
  const { limit, missing } = input.dataset
  return fault(input.value, { label: input.dataset.label ?? (input.name === 'sku' ? 'SKU' : input.name), limit: Number(limit), missing })
}
