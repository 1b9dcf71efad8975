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

  async function run(action) {
    const many = selected.everything !== null
    if ((action === 'delete' || many || selected.count >= ASKED_FROM) && !await confirm(dialog, question(action, selected.count))) return
    bar.classList.add('is-busy')
    await send(action).catch(trouble => toast({ text: trouble.message, tone: 'bad' }))
    bar.classList.remove('is-busy')
  }

  async function send(action) {
    const response = await fetch(bar.action, {
      method: 'POST',
      headers: { Accept: 'application/json' },
      body: bodyOf(action, selected, results.query),
    }).catch(() => { throw new Error('Nothing was changed: there is no connection.') })
    if (response.status === 409 && selected.everything !== null) return again(action)
    const answer = await response.json().catch(() => ({}))
    if (!response.ok) throw new Error(answer.detail ?? 'Nothing was changed. Please try again.')
    selected.clear()
    draw()
    if (answer.location) await visit(answer.location)
  }

  async function again(action) {
    const { value } = await countOf(results.query, signal, true)
    const before = selected.count
    selected.setEverything(Number(value))
    draw()
    const asked = question(action, selected.count)
    asked.words = `It was ${number(before)} when you selected them; the catalogue has changed meanwhile. ${asked.words}`
    if (await confirm(dialog, asked)) await send(action)
  }

  bar.addEventListener('submit', event => {
    event.preventDefault()
    run(event.submitter.value)
  }, { signal })
  bar.querySelector('[data-export]').addEventListener('click', event => {
    event.currentTarget.href = `/products/export.csv${exportQuery(selected, results.query)}`
  }, { signal })
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
