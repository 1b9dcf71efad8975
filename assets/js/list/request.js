// What is asked of the server for a selection, and of the viewer before; and what the server answers.

import { count as countWords } from '../format.js'
import { filterOf } from './address.js'

export function bodyOf(action, selected, query) {
  if (selected.everything === null) return new URLSearchParams({ action, ids: [...selected.ids] })
  return new URLSearchParams([['action', action], ['filter', '1'], ...new URLSearchParams(filterOf(query)), ['expected', selected.everything]])
}

export function question(action, count) {
  const products = countWords(count, 'product', 'products')
  const them = count === 1 ? 'it' : 'them'
  if (action === 'delete') {
    return { title: `Delete ${products}?`, words: `This removes ${them} from your catalogue. You can undo it right afterwards.`, yes: `Delete ${products}`, isBad: true }
  }
  if (action === 'export') return { title: `Export ${products}?`, words: '', yes: `Export ${products}` }
  const status = action === 'activate' ? 'active' : 'inactive'
  return { title: `Make ${products} ${status}?`, words: `Those that are ${status} already stay as they are.`, yes: `Make ${products} ${status}` }
}

/** What the server says; nothing where whoever stands between answers. */
export function answerOf(response) {
  return response.json().catch(() => ({}))
}

/** Why the server refuses, in its words or the usual ones. */
export function troubleOf({ errors, detail }, usual = 'Nothing was changed. Please try again.') {
  return new Error(errors?.[0]?.message ?? detail ?? usual)
}
