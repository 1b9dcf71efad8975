/**
 * Nothing is typed into a form that is on its way, and it is not sent twice: what was typed would be gone with the answer. The
 * focus waits at `place`. Answers how to let the form go on.
 */
export function hold(form, place) {
  const focused = form.contains(document.activeElement) ? document.activeElement : null
  form.ariaBusy = 'true'
  form.inert = true
  if (focused) place.focus({ preventScroll: true })
  return () => {
    form.ariaBusy = null
    form.inert = false
    // Whoever is at something else by now stays there.
    if (document.activeElement === place) focused?.focus({ preventScroll: true })
  }
}

/** Whether the element has a form in it that is on its way. */
export function hasHeld(element) {
  return element.querySelector('form[aria-busy=true]') !== null
}
