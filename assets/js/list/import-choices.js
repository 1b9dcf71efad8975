// The imports by which the list can be narrowed: fetched when the filters are opened, or at once when one is chosen,
// since the list itself knows an import by its number only.

import { pageOf } from '../answered-page.js'
import { words as timeWords } from '../times.js'

export function importChoices(form, place) {
  const select = form.elements.import
  const filters = form.querySelector('.filters')
  let isFetched = false

  async function fetchChoices() {
    if (isFetched) return
    isFetched = true
    const response = await fetch(`${select.dataset.source}?import=${encodeURIComponent(select.value)}`, { headers: { 'X-Fragment': '1' } }).catch(() => null)
    if (!response?.ok) {
      isFetched = false
      return
    }
    const page = pageOf(`<select>${await response.text()}</select>`)
    const chosen = select.value
    const fresh = [...page.querySelectorAll('option')]
    for (const option of fresh) option.textContent = `${option.dataset.filename}, ${timeWords(new Date(option.dataset.at), new Date())}`
    select.replaceChildren(select.options[0], ...fresh)
    if (chosen && ![...select.options].some(({ value }) => value === chosen)) select.add(new Option(`Import ${chosen}`, chosen))
    select.value = chosen
    nameChip()
  }

  function nameChip() {
    const { filename } = select.selectedOptions[0]?.dataset ?? {}
    const chip = place.querySelector('[data-chip=import] > span')
    if (chip && filename) chip.textContent = `From ${filename}`
  }

  function name() {
    if (!place.querySelector('[data-chip=import]')) return
    nameChip()
    fetchChoices()
  }

  filters.addEventListener('toggle', () => { if (filters.open) fetchChoices() })
  new MutationObserver(name).observe(place, { childList: true })
  name()
  return { name }
}
