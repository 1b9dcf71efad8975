// What is done with selected products. Everything that matches is meant by its filter and number: when there are
// another number by now, nothing is done and one is asked again.

import { number } from '../format.js'
import { lead } from '../navigation.js'
import { toast } from '../toast.js'
import { filterOf } from './address.js'
import { download, fetchFile, NOT_EXPORTED } from './export.js'
import { answerOf, bodyOf, question, troubleOf } from './request.js'
import { countOf } from './total.js'

/** So many products are not changed by a slip of the hand. */
const ASKED_FROM = 200

const OTHERS = 'Nothing was done: other products are shown now.'

/** So long a file is kept for the browser to save it. */
const KEPT_MS = 60_000

export function bulkActions(list) {
  const { root, results, selection: { selected, draw, settled }, signal } = list
  const bar = root.querySelector('.selection')
  const dialog = root.querySelector('#confirm')
  let running

  async function run(action, address) {
    bar.classList.add('is-busy')
    try {
      if (await isMeant(action)) await act(action, address)
    } catch (trouble) {
      toast({ text: trouble.message, tone: 'bad' })
    }
    bar.classList.remove('is-busy')
  }

  /** Whether that is to be done with what is selected: whoever has just asked for everything does not mean the few before. */
  async function isMeant(action) {
    if (!await settled() || selected.count === 0) return false
    const isAsked = action === 'delete' || selected.everything !== null || selected.count >= ASKED_FROM
    return action === 'export' || !isAsked || isSure(question(action, selected.count))
  }

  /** Asks. A search that was on its way may have shown other products meanwhile. */
  async function isSure(asked) {
    if (document.querySelector('dialog[open]')) throw new Error('Nothing was done: something else was opened meanwhile.')
    const { filter } = selected
    const yes = await confirm(dialog, asked)
    if (yes && selected.filter !== filter) throw new Error(OTHERS)
    return yes
  }

  const act = (action, address) => action === 'export' ? save(address) : send(action, address)

  /** The ids of ticked ones make too long an address. */
  async function save(address) {
    if (selected.everything !== null) return saveEverything(address)
    const response = await post(address, bodyOf('', selected))
    if (!response.ok) throw troubleOf(await answerOf(response), NOT_EXPORTED)
    const file = URL.createObjectURL(await response.blob())
    download(file, response.headers.get('Content-Disposition').split('"')[1])
    setTimeout(() => URL.revokeObjectURL(file), KEPT_MS)
  }

  async function saveEverything(address) {
    const words = new URLSearchParams(filterOf(results.query))
    words.set('expected', selected.everything)
    const refusal = await fetchFile(`${address}?${words}`)
    if (refusal?.status === 409) return again('export', address, refusal)
    if (refusal) throw troubleOf(refusal, NOT_EXPORTED)
  }

  async function send(action, address) {
    const sent = selected.everything === null ? new Set(selected.ids) : null
    const response = await post(address, bodyOf(action, selected, results.query))
    const answer = await answerOf(response)
    if (response.status === 409 && selected.everything !== null) return again(action, address, answer)
    if (!response.ok) throw troubleOf(answer)
    selected.letGo(sent)
    draw()
    await told(answer)
  }

  /** What takes longer has a page of its own that tells how far it is. */
  async function told({ location: place, text, undo }) {
    if (place) return lead(place, { text, label: 'Show it' })
    await results.refresh()
    if (text) toast({ text, action: undo ? { label: 'Undo', run: () => takeBack(undo) } : undefined })
  }

  async function takeBack(address) {
    try {
      const response = await post(address)
      const answer = await answerOf(response)
      if (!response.ok) throw troubleOf(answer, 'This could not be undone. Please try again.')
      await told(answer)
    } catch (trouble) {
      toast({ text: trouble.message, tone: 'bad' })
    }
  }

  async function again(action, address, answer) {
    const { filter, count: before } = selected
    const { value } = await countOf(results.query, signal, true)
    if (selected.filter !== filter) throw new Error(OTHERS)
    // The number is right: something else stands in the way.
    if (Number(value) === before) throw troubleOf(answer)
    selected.setEverything(Number(value))
    draw()
    if (selected.count === 0) throw new Error('Nothing was done: no product matches any more.')
    const asked = question(action, selected.count)
    asked.words = `There were ${number(before)} when you selected them; the catalogue has changed meanwhile. ${asked.words}`
    if (await isSure(asked)) await act(action, address)
  }

  bar.addEventListener('submit', event => {
    event.preventDefault()
    // One at a time: keys press a button that the mouse cannot reach any more.
    const { submitter } = event
    const address = submitter.getAttribute('formaction') ?? bar.getAttribute('action')
    running ??= run(submitter.value, address).finally(() => { running = undefined })
  }, { signal })
}

function post(address, body) {
  return fetch(address, { method: 'POST', headers: { Accept: 'application/json' }, body }).catch(() => {
    throw new Error('Nothing was done: there is no connection.')
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
