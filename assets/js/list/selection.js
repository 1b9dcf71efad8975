// Ticks in rows, the tick of the page, and the bar that says how many products are selected.

import { announce } from '../announce.js'
import { number } from '../format.js'
import { toast } from '../toast.js'
import { filterOf } from './address.js'
import { Selected } from './selected.js'
import { countOf } from './total.js'

export function selection({ root, place, results, signal }) {
  const bar = root.querySelector('.selection')
  const selected = new Selected(sessionStorage, Number(bar.dataset.most))
  const more = bar.querySelector('[data-everything]')
  const page = () => ticks(place).map(tick => tick.value)
  let counting
  let count

  function draw() {
    const boxes = ticks(place)
    for (const box of boxes) {
      box.checked = selected.has(box.value)
      box.closest('tr').classList.toggle('is-selected', box.checked)
    }
    const chosen = boxes.filter(box => box.checked).length
    // Narrow windows have no heads of columns, and another box instead.
    for (const head of place.querySelectorAll('[data-tick-page]')) {
      head.checked = chosen > 0 && chosen === boxes.length
      head.indeterminate = chosen > 0 && chosen < boxes.length
    }
    bar.classList.toggle('is-open', selected.count > 0)
    const leavesBar = selected.count === 0 && bar.contains(document.activeElement)
    bar.inert = selected.count === 0
    if (leavesBar) results.focusRow()
    if (selected.count > 0) bar.querySelector('[data-selected]').textContent = words()
    drawMore(boxes.length)
  }

  function words() {
    const { count: chosen, everything, isFull } = selected
    if (everything === null) return `${number(chosen)} selected${isFull ? ', the most that can be ticked' : ''}`
    return chosen === 1 ? 'The one that matches is selected' : `All ${number(chosen)} ${filterOf(results.query) ? 'that match ' : ''}are selected`
  }

  /** The offer to select what other pages have too. */
  function drawMore(onPage) {
    const { total, exact } = place.querySelector('[data-total]')?.dataset ?? {}
    more.hidden = selected.everything !== null || !total || (exact === 'true' && Number(total) <= Math.max(onPage, selected.count))
    more.textContent = exact === 'true' ? `Select all ${number(Number(total))}${filterOf(results.query) ? ' that match' : ''}` : 'Select everything that matches'
  }

  function tick(id, isSelected, isRange) {
    count?.abort()
    if (isRange) selected.setTo(id, isSelected, page())
    else selected.set(id, isSelected, page())
    tell()
  }

  function selectEverything() {
    more.disabled = true
    more.textContent = 'Counting…'
    count = new AbortController()
    counting = countEverything(AbortSignal.any([signal, count.signal])).finally(() => {
      counting = undefined
      more.disabled = false
      tell()
    })
  }

  /** Answers whether everything is selected now. */
  async function countEverything(going) {
    const query = results.query
    try {
      const { value } = await countOf(query, going, true)
      if (going.aborted || filterOf(query) !== selected.filter) return false
      selected.setEverything(Number(value))
      return true
    } catch (trouble) {
      if (!going.aborted) toast({ text: trouble.message, tone: 'bad' })
      return false
    }
  }

  /** Answers whether what is selected is what was asked for: everything is only once it has been counted. */
  const settled = async () => counting ?? true

  function clear() {
    count?.abort()
    selected.clear()
    tell()
  }

  function tell() {
    draw()
    announce(selected.count ? words() : 'Nothing is selected')
  }

  place.addEventListener('click', event => {
    const box = event.target
    if (box.matches?.('[data-tick-page]')) {
      count?.abort()
      selected.setPage(page(), box.checked)
      tell()
    } else if (box.name === 'ids') tick(box.value, box.checked, event.shiftKey)
  }, { signal })
  // A shift-click on a label would select text instead of rows.
  place.addEventListener('mousedown', event => { if (event.shiftKey && event.target.closest('.tick')) event.preventDefault() }, { signal })
  more.addEventListener('click', selectEverything, { signal })
  bar.querySelector('[data-clear]').addEventListener('click', clear, { signal })
  const shown = () => {
    if (selected.shown(filterOf(results.query))) announce(`The selection of before was dropped, as other products are shown now.`)
    draw()
  }
  results.addEventListener('shown', shown, { signal })
  results.addEventListener('counted', draw, { signal })
  // What was ticked before this script was there.
  const early = ticks(place).filter(box => box.checked)
  shown()
  for (const { value } of early) if (!selected.has(value)) selected.set(value, true, page())
  if (early.length > 0) tell()
  return { selected, draw, clear, tick, settled }
}

function ticks(place) {
  return [...place.querySelectorAll('input[name=ids]')]
}
