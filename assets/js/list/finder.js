// Search, filters, order and pages: whatever is typed, chosen or clicked becomes an address, and the list follows the
// address. While somebody types, one entry of the history is written over; once it rests, the next letter begins a new one.

import { carriedOver, changed, dayOf, daysAgo, momentOf, queryOf } from './address.js'
import { importChoices } from './import-choices.js'

const TYPING_MS = 120
const SETTLED_MS = 1000
const MOMENTS = ['changed_since', 'changed_before']

export function finder(list) {
  const { root, place, results, signal } = list
  const form = root.querySelector('.finder')
  const box = form.elements.q
  let typing
  let settling
  let isTyped = false

  function go(query, { isTyping = false, keepPlace = true } = {}) {
    clearTimeout(typing)
    if (query !== queryOf(new URLSearchParams(location.search))) {
      const how = isTyping && isTyped ? 'replaceState' : 'pushState'
      history[how]({ list: true }, '', `/products${query}`)
    }
    clearTimeout(settling)
    isTyped = isTyping
    if (isTyping) settling = setTimeout(() => { isTyped = false }, SETTLED_MS)
    follow(list, query)
    if (!keepPlace) toTop(place)
    return results.show(query)
  }

  /** The address that is asked for now. While its answer is awaited the form tells only what is new: the search, or `own`. */
  const asked = own => {
    const words = wordsOf(form)
    if (results.wanted === results.query) return queryOf(words)
    return changed(results.wanted, { q: words.get('q'), ...own && { [own]: words.get(own) } })
  }
  const search = () => go(asked(), { isTyping: true })

  fill(form, location.search)
  // What was typed before this script was there.
  if (box.value !== (new URLSearchParams(location.search).get('q') ?? '')) search()
  const choices = importChoices(form, place)
  results.addEventListener('shown', () => fill(form, results.query), { signal })
  box.addEventListener('input', event => {
    clearTimeout(typing)
    if (!event.isComposing) typing = setTimeout(search, TYPING_MS)
  }, { signal })
  box.addEventListener('compositionend', () => { typing = setTimeout(search, TYPING_MS) }, { signal })
  box.addEventListener('keydown', event => {
    if (event.key !== 'Escape' || !box.value) return
    event.preventDefault()
    box.value = ''
    search()
  }, { signal })
  form.addEventListener('submit', event => {
    event.preventDefault()
    go(asked())
    isTyped = false
  }, { signal })
  root.addEventListener('change', ({ target }) => {
    if (target.form === form && target !== box) go(asked(target.name))
  }, { signal })
  root.addEventListener('click', event => {
    const days = event.target.closest('[data-days]')?.dataset.days
    if (days) go(changed(asked(), { changed_since: daysAgo(Number(days), new Date()), changed_before: '' }))
    const link = event.target.closest('[data-go]')
    if (!link || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return
    event.preventDefault()
    go(carriedOver(new URL(link.href).search, results.query, asked()), { keepPlace: !link.rel })
  }, { signal })
  addEventListener('popstate', () => {
    if (location.pathname !== '/products') return
    // What was being typed belongs to the entry that was left.
    clearTimeout(typing)
    isTyped = false
    box.value = new URLSearchParams(location.search).get('q') ?? ''
    if (location.search === results.wanted) return
    follow(list, location.search)
    results.show(location.search)
    choices.name()
  }, { signal })
  signal.addEventListener('abort', () => { clearTimeout(typing); clearTimeout(settling) })
  return go
}

function wordsOf(form) {
  const words = new URLSearchParams(new FormData(form))
  for (const word of MOMENTS) {
    const field = form.elements[word]
    // A moment that was in the address stays as it is: it may lie within a day.
    const moment = field.dataset.moment ?? ''
    words.set(word, field.value === dayOf(moment) ? moment : momentOf(field.value))
  }
  return words
}

/** Shows in the form what the address says. What is being typed is left alone. */
function fill(form, query) {
  const words = new URLSearchParams(query)
  const { q } = form.elements
  if (document.activeElement !== q) q.value = words.get('q') ?? ''
  for (const word of MOMENTS) {
    const moment = words.get(word) ?? ''
    form.elements[word].dataset.moment = moment
    form.elements[word].value = dayOf(moment)
  }
  const select = form.elements.import
  const wanted = words.get('import') ?? ''
  if (wanted && ![...select.options].some(({ value }) => value === wanted)) select.add(new Option(`Import ${wanted}`, wanted))
  select.value = wanted
}

/** Whatever else shows the address: the title, and links to other answers about the same products. */
function follow({ root }, query) {
  const words = new URLSearchParams(query)
  const q = (words.get('q') ?? '').trim()
  document.title = `${q ? `“${q}” · ` : ''}Products · Product Importer`
  for (const word of ['limit', 'cursor']) words.delete(word)
  for (const link of root.querySelectorAll('[data-list-words]')) link.href = `${link.dataset.listWords}${queryOf(words)}`
}

function toTop(place) {
  const { top } = place.getBoundingClientRect()
  if (top < 0) scrollBy(0, top)
}
