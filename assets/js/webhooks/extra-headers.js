// The rows of extra headers: as soon as the last is used, there is another.

export function extraHeaders(place) {
  const rows = () => [...place.querySelectorAll('.extra-headers__row')]
  const add = () => {
    const last = rows().at(-1)
    if ([...last.querySelectorAll('input')].every(input => input.value === '')) return
    const next = last.cloneNode(true)
    for (const input of next.querySelectorAll('input')) {
      input.value = ''
      input.removeAttribute('value')
      input.removeAttribute('autofocus')
    }
    next.querySelector('[name=header_value]').placeholder = 'Value'
    last.after(next)
  }
  place.addEventListener('input', add)
  return () => place.removeEventListener('input', add)
}
