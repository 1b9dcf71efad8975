// The address of the list is its whole state. What stands in it, and which parts of it mean the same products.

const WORDS = ['q', 'status', 'changed_since', 'changed_before', 'import', 'sort', 'limit', 'cursor']
const FILTER_WORDS = WORDS.slice(0, 5)
const USUAL_LIMIT = '50'

/** The query of an address, in one order and without what goes without saying: '' or '?q=lamp'. */
export function queryOf(words) {
  const kept = new URLSearchParams()
  for (const word of WORDS) {
    const value = words.get(word)
    if (value && !goesWithoutSaying(word, value, words)) kept.set(word, value)
  }
  const query = kept.toString()
  return query && `?${query}`
}

function goesWithoutSaying(word, value, words) {
  if (word === 'q') return value.trim() === ''
  if (word === 'status') return value === 'all'
  if (word === 'limit') return value === USUAL_LIMIT
  if (word === 'sort') return isSearch(words) ? value === 'relevance' : value === 'sku' || value.endsWith('relevance')
  return false
}

/** Where nothing is searched for, nothing is more relevant than another. */
function isSearch(words) {
  return (words.get('q') ?? '').trim() !== ''
}

/** The words that say which products are meant, in whatever order they are shown and wherever the page begins. */
export function filterOf(query) {
  const words = new URLSearchParams(query)
  return queryOf(new URLSearchParams(FILTER_WORDS.filter(word => words.get(word)).map(word => [word, words.get(word)])))
}

/** The same list with some words changed; every change but that of the cursor leads to its first page. */
export function changed(query, changes) {
  const words = new URLSearchParams(query)
  words.delete('cursor')
  for (const [word, value] of Object.entries(changes)) words.set(word, value)
  return queryOf(words)
}

/** Where a link in the list `shown` leads when another one is asked for already: what it would change changes there. */
export function carriedOver(link, shown, asked) {
  const words = new URLSearchParams(link)
  if (changed(shown, {}) === changed(asked, {})) return queryOf(words)
  const before = new URLSearchParams(shown)
  const differing = WORDS.filter(word => word !== 'cursor' && words.get(word) !== before.get(word))
  return changed(asked, Object.fromEntries(differing.map(word => [word, words.get(word) ?? ''])))
}

/** The moment at which a day of a date field begins where the viewer is; '' for no day. */
export function momentOf(day) {
  const [year, month, date] = day.split('-').map(Number)
  return day && new Date(year, month - 1, date).toISOString().replace('.000', '')
}

/** The day in which a moment lies where the viewer is, as a date field wants it. A bare day is a day in UTC. */
export function dayOf(moment) {
  const at = new Date(moment)
  if (!moment || Number.isNaN(at.getTime())) return ''
  return [String(at.getFullYear()).padStart(4, '0'), pad(at.getMonth() + 1), pad(at.getDate())].join('-')
}

/** The moment at which the last so many days began; one is today. */
export function daysAgo(days, now) {
  return momentOf(dayOf(new Date(now.getFullYear(), now.getMonth(), now.getDate() - days + 1).toISOString()))
}

function pad(number) {
  return String(number).padStart(2, '0')
}
