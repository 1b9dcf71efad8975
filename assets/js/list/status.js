// The switch in a row: shown at once, taken back when the server does not agree.

import { answeredPage } from '../answered-page.js'
import { localise } from '../times.js'
import { toast } from '../toast.js'

export function statusSwitches({ place, results, signal }) {
  place.addEventListener('submit', event => {
    const form = event.target
    if (!form.matches('[data-status]')) return
    event.preventDefault()
    if (!form.dataset.busy) change(form, results)
  }, { signal })
}

async function change(form, results) {
  const wanted = form.elements.active.value === 'true'
  const name = form.closest('tr').querySelector('.products__link').textContent
  form.dataset.busy = 'true'
  draw(form, wanted)
  try {
    const response = await send(form, wanted)
    if (response.status === 409 || response.status === 404) {
      await results.refresh()
      const what = response.status === 404 ? 'has been deleted' : 'was changed by someone else'
      return toast({ text: `“${name}” ${what} meanwhile. You see it as it is now.`, tone: 'bad' })
    }
    if (!response.ok) throw new Error((await response.json().catch(() => null))?.detail ?? 'Please try again.')
    settle(shown(form), await response.json())
    refreshTabs(results)
    toast({ text: `“${name}” is ${wanted ? 'active' : 'inactive'} now.`, action: { label: 'Undo', run: () => undo(form, results, !wanted) } })
  } catch (trouble) {
    draw(form, !wanted)
    toast({ text: `“${name}” was not changed. ${trouble instanceof TypeError ? 'There is no connection.' : trouble.message}`, tone: 'bad' })
  } finally {
    delete form.dataset.busy
  }
}

function send(form, active) {
  const { id } = form.closest('tr').dataset
  return fetch(`/api/v1/products/${id}`, {
    method: 'PATCH',
    headers: { 'Content-Type': 'application/json', Accept: 'application/json' },
    body: JSON.stringify({ active, version: Number(form.elements.version.value) }),
  })
}

/** The switch of the same product in the list that is shown now; where it is not there, that one. */
function shown(form) {
  if (form.isConnected) return form
  return document.getElementById(`product-${form.closest('tr').dataset.id}`)?.querySelector('[data-status]') ?? form
}

/** Makes it what it was before, unless it is so again already. */
function undo(form, results, before) {
  const current = shown(form)
  // The switch leads there.
  if (current.elements.active.value === String(before) && !current.dataset.busy) change(current, results)
}

function draw(form, active) {
  const button = form.querySelector('button')
  button.dataset.active = active
  button.querySelector('[data-word]').textContent = active ? 'Active' : 'Inactive'
  button.querySelector('[data-next]').textContent = active ? 'make it inactive' : 'make it active'
}

function settle(form, product) {
  const row = form.closest('tr')
  if (product.version < Number(row.dataset.version)) return
  form.elements.version.value = product.version
  form.elements.active.value = !product.active
  row.dataset.version = product.version
  row.querySelector('time').dateTime = product.updated_at
  draw(form, product.active)
  localise(row)
}

let latestTabs = 0

/** How many are active and inactive. The rows stay where they are, or the next click would meet another. */
async function refreshTabs({ query, place }) {
  const mine = ++latestTabs
  const tabs = place.querySelector('.tabs')
  const response = await fetch(`/products${query}`, { headers: { 'X-Fragment': 'results' } }).catch(() => null)
  if (!response?.ok) return
  const page = await answeredPage(response)
  // Meanwhile another change was made, or a newer list is shown: both know better.
  if (mine !== latestTabs || !tabs?.isConnected) return
  for (const fresh of page.querySelectorAll('.tabs .tally')) {
    const tally = place.querySelector(`#${fresh.closest('a').id} .tally`)
    if (tally) tally.textContent = fresh.textContent
  }
}
