// What opens below its button: closed by Escape, by a click elsewhere, and when the focus goes on.

export function menu(details) {
  const stop = new AbortController()
  const { signal } = stop
  const summary = details.querySelector('summary')
  document.addEventListener('click', event => { if (details.open && !details.contains(event.target)) details.open = false }, { signal })
  details.addEventListener('keydown', event => {
    if (event.key !== 'Escape' || !details.open) return
    event.preventDefault()
    details.open = false
    summary.focus()
  })
  details.addEventListener('focusout', ({ relatedTarget }) => {
    if (relatedTarget && !details.contains(relatedTarget)) details.open = false
  })
  if (details.classList.contains('menu')) {
    details.addEventListener('click', event => { if (event.target.closest('.menu__list a, .menu__list button')) details.open = false })
  }
  return () => stop.abort()
}
