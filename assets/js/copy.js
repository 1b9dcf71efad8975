// Copies text. Where the clipboard is closed to pages, as it is without https on another machine, the old way helps.

import { announce } from './announce.js'

const SAYS_SO_MS = 2000

export async function copy(text, button) {
  const worked = await write(text)
  if (!button) return worked
  const label = button.textContent
  if (button.dataset.said) return worked
  button.dataset.said = 'true'
  button.textContent = worked ? 'Copied' : 'Select it by hand'
  announce(button.textContent)
  setTimeout(() => { button.textContent = label; delete button.dataset.said }, SAYS_SO_MS)
  return worked
}

/** Buttons with `data-copies` copy the text of the element with that id. */
export function copies(place) {
  const listen = event => {
    const button = event.target.closest('[data-copies]')
    if (button) copy(place.querySelector(`#${button.dataset.copies}`).textContent, button)
  }
  place.addEventListener('click', listen)
  return () => place.removeEventListener('click', listen)
}

async function write(text) {
  try {
    await navigator.clipboard.writeText(text)
    return true
  } catch {
    return writeByHand(text)
  }
}

function writeByHand(text) {
  const place = document.createElement('textarea')
  place.value = text
  place.className = 'visually-hidden'
  const home = [...document.querySelectorAll('dialog[open]')].at(-1) ?? document.body
  home.append(place)
  const focused = document.activeElement
  place.select()
  const worked = document.execCommand('copy')
  place.remove()
  focused?.focus()
  return worked
}
