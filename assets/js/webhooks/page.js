// The page of one webhook: kept up to date while messages go out, and tests without leaving it.

import { element } from '../element.js'
import { tieToPage } from '../stream-life.js'
import { replaceParts } from './parts.js'

const AGAIN_MS = 2000

export function webhook(page) {
  const stop = new AbortController()
  const events = new Changes(page)
  page.querySelector('[data-test]').addEventListener('submit', event => {
    event.preventDefault()
    sendTest(page, event.target)
  }, { signal: stop.signal })
  const untie = tieToPage({ open: () => events.open(), close: () => events.close(), hidden: true })
  return () => { stop.abort(); untie() }
}

/** Hears from the server that something has changed, and then fetches the parts of the page that show it. */
class Changes {
  constructor(page) {
    this.page = page
  }

  open() {
    this.closed = false
    this.source?.close()
    this.source = new EventSource(this.page.dataset.events)
    this.source.addEventListener('changed', () => this.refresh())
    this.source.onerror = () => {
      // The browser gives up where a restarting server answers with an error.
      if (this.source.readyState !== EventSource.CLOSED || this.closed) return
      this.reopening = setTimeout(() => this.open(), AGAIN_MS)
    }
  }

  /** One at a time; what changes meanwhile is fetched afterwards. */
  async refresh() {
    if (this.refreshing) {
      this.again = true
      return
    }
    this.refreshing = true
    do {
      this.again = false
      await replaceParts(this.page).catch(() => {})
    } while (this.again && !this.closed)
    this.refreshing = false
  }

  close() {
    this.closed = true
    this.source?.close()
    clearTimeout(this.reopening)
  }
}

async function sendTest(page, form) {
  if (form.ariaBusy === 'true') return
  form.ariaBusy = 'true'
  const button = form.querySelector('button > span')
  const label = button.textContent
  button.textContent = 'Sending…'
  try {
    const response = await fetch(form.action, { method: 'POST', headers: { Accept: 'application/json' } })
    const told = await response.json()
    showResult(page, told.ok === true, told.words ?? told.detail)
  } catch {
    showResult(page, false, 'The test could not be sent: the server did not answer. Please try again.')
  } finally {
    button.textContent = label
    form.ariaBusy = null
  }
}

function showResult(page, ok, words) {
  const place = page.querySelector('[data-test-result]')
  place.replaceChildren(element('p', `notice notice--${ok ? 'good' : 'bad'}`, words))
}
