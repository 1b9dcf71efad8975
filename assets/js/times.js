// Turns times into the viewer's own: the clock's time zone, and "3 minutes ago" where that says more.

const locale = globalThis.navigator?.languages?.find(language => language.startsWith('en')) ?? 'en-GB'
const day = new Intl.DateTimeFormat(locale, { day: 'numeric', month: 'short' })
const dayAndYear = new Intl.DateTimeFormat(locale, { day: 'numeric', month: 'short', year: 'numeric' })
const whole = new Intl.DateTimeFormat(locale, { dateStyle: 'full', timeStyle: 'medium' })
const relative = new Intl.RelativeTimeFormat('en', { numeric: 'auto' })

export function localise(root = document) {
  for (const element of root.querySelectorAll('time[datetime]')) {
    const at = new Date(element.dateTime)
    if (Number.isNaN(at.getTime())) continue
    element.title = whole.format(at)
    element.textContent = shown(at, element.dataset.time)
  }
}

function shown(at, style) {
  if (style === 'day') return dayAndYear.format(at)
  return style === 'coming' ? coming(at, new Date()) : words(at, new Date())
}

export function words(at, now) {
  const seconds = Math.round((now - at) / 1000)
  if (seconds < 45) return 'just now'
  if (seconds < 45 * 60) return relative.format(-Math.max(1, Math.round(seconds / 60)), 'minute')
  if (seconds < 22 * 3600) return relative.format(-Math.max(1, Math.round(seconds / 3600)), 'hour')
  if (seconds < 7 * 86400) return relative.format(-Math.max(1, Math.round(seconds / 86400)), 'day')
  return (at.getFullYear() === now.getFullYear() ? day : dayAndYear).format(at)
}

/** A time to come, such as that of the next attempt. */
export function coming(at, now) {
  const seconds = Math.round((at - now) / 1000)
  if (seconds < 45) return 'in a moment'
  if (seconds < 45 * 60) return relative.format(Math.max(1, Math.round(seconds / 60)), 'minute')
  if (seconds < 22 * 3600) return relative.format(Math.max(1, Math.round(seconds / 3600)), 'hour')
  return relative.format(Math.max(1, Math.round(seconds / 86400)), 'day')
}

if (typeof document !== 'undefined') setInterval(() => localise(), 30_000)
