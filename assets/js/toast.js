// A short message at the edge of the page: polite, never taking the focus, gone after a while.

const SHOWN_MS = 10_000

/** `action` is `{label, run}`; `tone` is `good` or `bad`. */
export function toast({ text, action, tone = 'good' }) {
  const note = document.createElement('div')
  note.className = `toast toast--${tone}`
  const words = document.createElement('p')
  words.textContent = text
  note.append(words)
  let timer
  const goes = () => { timer = setTimeout(() => note.remove(), SHOWN_MS) }
  const stays = () => clearTimeout(timer)
  if (action) note.append(button(action, note))
  for (const type of ['pointerenter', 'focusin']) note.addEventListener(type, stays)
  for (const type of ['pointerleave', 'focusout']) note.addEventListener(type, () => { stays(); goes() })
  region().append(note)
  goes()
}

function button({ label, run }, note) {
  const made = document.createElement('button')
  made.type = 'button'
  made.className = 'toast__action'
  made.textContent = label
  made.addEventListener('click', () => { note.remove(); run() })
  return made
}

function region() {
  const there = document.querySelector('.toasts')
  if (there) return there
  const made = document.createElement('div')
  made.className = 'toasts'
  made.setAttribute('role', 'status')
  document.body.append(made)
  return made
}
