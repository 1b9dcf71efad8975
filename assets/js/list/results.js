// Fetches lists and shows them in place of the one before. The newest question wins: an older answer is not awaited
// any more, and would not be shown if it came.

import { announce } from '../announce.js'
import { pageOf } from '../answered-page.js'
import { localise } from '../times.js'
import { toast } from '../toast.js'

/** Answers that take longer than this are awaited before grey bars. */
const SKELETON_AFTER_MS = 150
const ANNOUNCE_AFTER_MS = 700

export class Results extends EventTarget {
  constructor(place) {
    super()
    this.place = place
    /** The list that is shown. */
    this.query = location.search
    /** The list that was asked for last: as long as its answer is awaited, another one than is shown. */
    this.wanted = this.query
    /** In which row the focus was last. */
    this.at = 0
    place.addEventListener('focusin', event => { this.at = Math.max(0, rows(place).indexOf(event.target.closest('tr'))) })
  }

  /** Shows the list of that query; answers whether it is the one that is shown now. */
  async show(query, { isQuiet = false } = {}) {
    this.asking?.abort()
    this.wanted = query
    const asking = this.asking = new AbortController()
    if (!isQuiet) this.wait(asking.signal)
    try {
      const html = await fetchResults(query, asking.signal)
      if (asking.signal.aborted) return false
      this.replace(html, query)
      if (!isQuiet) this.tell()
      return true
    } catch (trouble) {
      if (asking.signal.aborted) return false
      this.stopWaiting()
      if (!isQuiet) toast({ text: trouble.message, tone: 'bad', action: { label: 'Try again', run: () => this.show(this.wanted) } })
      return false
    } finally {
      if (this.asking === asking) this.asking = null
    }
  }

  /** The same list as it is now. A search that somebody waits for goes on, and is told when it is there. */
  refresh() {
    return this.show(this.wanted, { isQuiet: !this.place.hasAttribute('aria-busy') })
  }

  replace(html, query) {
    this.stopWaiting()
    const focused = this.place.contains(document.activeElement) ? document.activeElement.id : ''
    const fresh = pageOf(html).body
    localise(fresh)
    if (query !== this.query) this.at = 0
    this.query = query
    this.place.replaceChildren(...fresh.childNodes)
    const again = document.getElementById(focused)
    if (again) again.focus({ preventScroll: true })
    else if (focused) this.focusRow()
    this.dispatchEvent(new Event('shown'))
  }

  /** For whoever goes by keys, when what had the focus is gone: the row that is now where one was. */
  focusRow() {
    const all = rows(this.place)
    const row = all[Math.min(this.at, all.length - 1)]
    row?.querySelector('.products__link').focus({ preventScroll: true })
    row?.scrollIntoView({ block: 'nearest' })
  }

  wait(signal) {
    clearTimeout(this.skeleton)
    this.place.setAttribute('aria-busy', 'true')
    this.skeleton = setTimeout(() => { if (!signal.aborted) this.place.classList.add('is-waiting') }, SKELETON_AFTER_MS)
  }

  stopWaiting() {
    clearTimeout(this.skeleton)
    this.place.removeAttribute('aria-busy')
    this.place.classList.remove('is-waiting')
  }

  /** Not at every letter that is typed: whoever listens hears the last one only. */
  tell() {
    clearTimeout(this.telling)
    this.telling = setTimeout(() => {
      announce((this.place.querySelector('[data-total]') ?? this.place.querySelector('.empty__title, .empty h2'))?.textContent.trim() ?? '')
    }, ANNOUNCE_AFTER_MS)
  }

  stop() {
    this.asking?.abort()
    clearTimeout(this.skeleton)
    clearTimeout(this.telling)
  }
}

async function fetchResults(query, signal) {
  const response = await fetch(`/products${query}`, { signal, headers: { 'X-Fragment': 'results' } }).catch(trouble => {
    if (signal.aborted) throw trouble
    throw new Error('The products could not be fetched: there is no connection.')
  })
  if (response.ok) return response.text()
  const problem = await response.json().catch(() => null)
  throw new Error(problem?.errors?.[0]?.message ?? problem?.detail ?? 'The products could not be fetched.')
}

function rows(place) {
  return [...place.querySelectorAll('.products tbody tr')]
}
