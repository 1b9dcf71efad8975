// What is done with selected products. Everything that matches is meant by its filter and number: when there are
// another number by now, nothing is done and one is asked again.

import { number } from '../format.js'
import { visit } from '../navigation.js'
import { toast } from '../toast.js'
import { bodyOf, exportQuery, question } from './request.js'
import { countOf } from './total.js'

/** So many products are not changed by a slip of the hand. */
const ASKED_FROM = 200

export function bulkActions(list) {
  const { root, results, selection: { selected, draw }, signal } = list
  const bar = root.querySelector('.selection')
  const dialog = root.querySelector('#confirm')
  let running

  async function run(action) {
    const many = selected.everything !== null
    if ((action === 'delete' || many || selected.count >= ASKED_FROM) && !await confirm(dialog, question(action, selected.count))) return
    bar.classList.add('is-busy')
    await send(action).catch(trouble => toast({ text: trouble.message, tone: 'bad' }))
    bar.classList.remove('is-busy')
  }

  async function send(action) {
    const response = await post(bar.getAttribute('action'), bodyOf(action, selected, results.query))
    const answer = await response.json().catch(() => ({}))
    if (response.status === 409 && selected.everything !== null) return again(action, answer)
    if (!response.ok) throw new Error(answer.errors?.[0]?.message ?? answer.detail ?? 'Nothing was changed. Please try again.')
    selected.clear()
    draw()
    await told(answer)
  }

  /** What takes longer has a page of its own that tells how far it is. */
  async function told({ location: place, text, undo }) {
    if (place) return visit(place)
    await results.refresh()
    if (text) toast({ text, action: undo ? { label: 'Undo', run: () => takeBack(undo) } : undefined })
  }

  async function takeBack(address) {
    try {
      const response = await post(address)
      const answer = await response.json().catch(() => ({}))
      if (!response.ok) throw new Error(answer.detail ?? 'This could not be undone. Please try again.')
      await told(answer)
    } catch (trouble) {
      toast({ text: trouble.message, tone: 'bad' })
    }
  }

  async function again(action, { detail }) {
    const before = selected.count
    const { value } = await countOf(results.query, signal, true)
    // The number is right: something else stands in the way.
    if (Number(value) === before) throw new Error(detail ?? 'Nothing was changed. Please try again.')
    selected.setEverything(Number(value))
    draw()
    if (selected.count === 0) throw new Error('Nothing was changed: no product matches any more.')
    const asked = question(action, selected.count)
    asked.words = `There were ${number(before)} when you selected them; the catalogue has changed meanwhile. ${asked.words}`
    if (await confirm(dialog, asked)) await send(action)
  }

  bar.addEventListener('submit', event => {
    event.preventDefault()
    // One at a time: keys press a button that the mouse cannot reach any more.
    running ??= run(event.submitter.value).finally(() => { running = undefined })
  }, { signal })
  bar.querySelector('[data-export]').addEventListener('click', event => {
    event.currentTarget.href = `/products/export.csv${exportQuery(selected, results.query)}`
  }, { signal })
}

function post(address, body) {
  return fetch(address, { method: 'POST', headers: { Accept: 'application/json' }, body }).catch(() => {
    throw new Error('Nothing was changed: there is no connection.')
  })
}

function confirm(dialog, { title, words, yes, isBad }) {
  dialog.querySelector('h2').textContent = title
  dialog.querySelector('[data-words]').textContent = words
  const button = dialog.querySelector('[data-yes]')
  button.textContent = yes
  button.className = `button ${isBad ? 'button--danger' : 'button--primary'}`
  dialog.returnValue = 'no'
  dialog.showModal()
  return new Promise(resolve => dialog.addEventListener('close', () => resolve(dialog.returnValue === 'yes'), { once: true }))
}
