// On pages about products: tells quietly of an import that is going on, of what it brought and cannot be found yet, and
// when it has ended.

import { pageOf } from './answered-page.js'
import { element } from './element.js'

const EVERY_MS = 3000
const SELDOM_MS = 20_000

export function runningNotice(place) {
  let timer
  let stopped = false
  let running = ''

  async function refresh() {
    if (!document.hidden) await show().catch(() => {})
    if (!stopped) timer = setTimeout(refresh, place.querySelector('[data-import], [data-backlog]') ? EVERY_MS : SELDOM_MS)
  }

  async function show() {
    const response = await fetch(place.dataset.source, { headers: { Accept: 'text/html' } })
    if (!response.ok) return
    const html = (await response.text()).trim()
    if (place.contains(document.activeElement)) return
    if (html) {
      place.replaceChildren(...pageOf(html).body.childNodes)
      running = place.querySelector('[data-import]')?.dataset.import ?? running
    } else if (running) {
      place.replaceChildren(overNotice(running))
      running = ''
    } else place.querySelector('[data-backlog]')?.remove()
  }

  refresh()
  return () => { stopped = true; clearTimeout(timer) }
}

function overNotice(id) {
  const notice = element('p', 'notice notice--quiet')
  const again = link('', 'Refresh the list')
  again.href = location.href
  again.dataset.refresh = ''
  const text = element('span', 'notice__text', 'The import has ended. ')
  text.append(again)
  notice.append(text, link(`/imports/${id}`, 'What it did'))
  return notice
}

function link(href, text) {
  const made = element('a', '', text)
  made.href = href
  return made
}
