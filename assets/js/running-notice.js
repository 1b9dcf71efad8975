// On pages about products: tells quietly of an import that is going on, and when it has ended.

const EVERY_MS = 3000
const SELDOM_MS = 20_000

export function runningNotice(place) {
  let timer
  let stopped = false
  async function refresh() {
    if (!document.hidden) await show(place).catch(() => {})
    if (!stopped) timer = setTimeout(refresh, place.querySelector('[data-import]') ? EVERY_MS : SELDOM_MS)
  }
  refresh()
  return () => { stopped = true; clearTimeout(timer) }
}

async function show(place) {
  const response = await fetch(place.dataset.source, { headers: { Accept: 'text/html' } })
  if (!response.ok) return
  const html = (await response.text()).trim()
  const wasRunning = place.querySelector('[data-import]')
  if (place.contains(document.activeElement)) return
  if (html) place.replaceChildren(...new DOMParser().parseFromString(html, 'text/html').body.childNodes)
  else if (wasRunning) place.replaceChildren(overNotice(wasRunning.dataset.import))
}

function overNotice(id) {
  const notice = document.createElement('p')
  notice.className = 'notice notice--quiet'
  const again = link('', 'Refresh the list')
  again.href = location.href
  again.dataset.refresh = ''
  const text = document.createElement('span')
  text.className = 'notice__text'
  text.append('The import has ended. ', again)
  notice.append(text, link(`/imports/${id}`, 'What it did'))
  return notice
}

function link(href, text) {
  const made = document.createElement('a')
  made.href = href
  made.textContent = text
  return made
}
