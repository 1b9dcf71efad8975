// The list of products without a browser: its addresses, and what is selected.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { carriedOver, changed, dayOf, daysAgo, filterOf, momentOf, queryOf } from '../../assets/js/list/address.js'
import { bodyOf, question } from '../../assets/js/list/request.js'
import { Results } from '../../assets/js/list/results.js'
import { Selected } from '../../assets/js/list/selected.js'

const query = words => queryOf(new URLSearchParams(words))

test('an address has one form, without what goes without saying', () => {
  assert.equal(query('limit=50&sort=sku&status=all&q=+'), '')
  assert.equal(query('sort=relevance&q=lamp&limit=25'), '?q=lamp&limit=25')
  assert.equal(query('sort=sku&q=lamp'), '?q=lamp&sort=sku')
  assert.equal(query('sort=relevance&q=+'), '')
  assert.equal(query('sort=-relevance&q=lamp'), '?q=lamp&sort=-relevance')
  assert.equal(query('other=1&import=7&q=50%25+off'), '?q=50%25+off&import=7')
})

test('the same products are meant in any order and on any page', () => {
  assert.equal(filterOf('?q=lamp&sort=-name&limit=25&cursor=x'), filterOf('?cursor=y&q=lamp'))
  assert.notEqual(filterOf('?q=lamp'), filterOf('?q=lamp&status=active'))
  assert.equal(changed('?q=lamp&cursor=x', { status: 'active' }), '?q=lamp&status=active')
})

test('a link of a list that is about to be replaced changes only what it would have changed', () => {
  assert.equal(carriedOver('?q=lamp&cursor=x', '?q=lamp', '?q=lamp'), '?q=lamp&cursor=x')
  assert.equal(carriedOver('?status=inactive', '', '?q=lamp'), '?q=lamp&status=inactive')
  assert.equal(carriedOver('', '?status=inactive', '?q=lamp&status=inactive'), '?q=lamp')
  assert.equal(carriedOver('?cursor=x', '', '?q=lamp'), '?q=lamp')
})

test('days are those of the viewer', () => {
  const midnight = momentOf('2026-11-22')
  assert.equal(new Date(midnight).getHours(), 0)
  assert.equal(dayOf(midnight), '2026-11-22')
  assert.deepEqual([momentOf(''), dayOf(''), dayOf('yesterday')], ['', '', ''])
  const now = new Date(2026, 2, 1, 15, 30)
  assert.deepEqual([1, 7, 30].map(days => dayOf(daysAgo(days, now))), ['2026-03-01', '2026-02-23', '2026-01-31'])
})

class Storage {
  kept = new Map()
  getItem(key) { return this.kept.get(key) ?? null }
  setItem(key, value) { this.kept.set(key, value) }
  removeItem(key) { this.kept.delete(key) }
}

const PAGE = ['1', '2', '3', '4', '5']

function selectedOf(filter, storage = new Storage(), most = 1000) {
  const selected = new Selected(storage, most)
  selected.shown(filter)
  return selected
}

test('a range goes from the last one, in either direction', () => {
  const selected = selectedOf('')
  selected.set('4', true, PAGE)
  selected.setTo('2', true, PAGE)
  assert.deepEqual([...selected.ids].sort(), ['2', '3', '4'])
  selected.setTo('3', false, PAGE)
  assert.deepEqual([...selected.ids], ['4'])
  const fresh = selectedOf('')
  fresh.setTo('5', true, PAGE)
  assert.deepEqual([...fresh.ids], ['5'])
})

test('a selection survives paging and the page being loaded again, but never another filter', () => {
  const storage = new Storage()
  const selected = selectedOf('?q=lamp', storage)
  selected.setPage(PAGE, true)
  assert.equal(selected.shown('?q=lamp'), false)
  assert.equal(selected.count, 5)
  assert.equal(selectedOf('?q=lamp', storage).count, 5)
  assert.equal(selected.shown('?q=chair'), true)
  assert.equal(selected.count, 0)
  assert.equal(selectedOf('?q=lamp', storage).count, 0)
})

test('letting go of a page leaves what is ticked on others, and nothing of everything', () => {
  const selected = selectedOf('')
  selected.set('9', true, ['8', '9'])
  selected.setPage(PAGE, true)
  selected.setPage(PAGE, false)
  assert.deepEqual([...selected.ids], ['9'])
  selected.setEverything(12_345)
  selected.setPage(PAGE, false)
  assert.equal(selected.count, 0)
})

test('no more are ticked than can be named, and everything that matches is selected all the same', () => {
  const selected = selectedOf('', new Storage(), 3)
  selected.setPage(PAGE, true)
  assert.deepEqual([...selected.ids], ['1', '2', '3'])
  assert.equal(selected.isFull, true)
  selected.setPage(PAGE, true)
  selected.set('1', false, PAGE)
  assert.equal(selected.isFull, false)
  selected.setTo('5', true, PAGE)
  assert.deepEqual([...selected.ids].sort(), ['1', '2', '3'])
  selected.setEverything(5)
  assert.equal(selected.isFull, false)
  assert.equal(selected.has('5'), true)
})

test('everything carries its filter and number', () => {
  const selected = selectedOf('?q=lamp')
  selected.setEverything(12_345)
  assert.equal(selected.has('anything'), true)
  assert.equal(bodyOf('delete', selected, '?q=lamp&sort=name&cursor=x').toString(), 'action=delete&filter=1&q=lamp&expected=12345')
  selected.set('2', false, PAGE)
  assert.deepEqual([...selected.ids], ['1', '3', '4', '5'])
  assert.equal(bodyOf('activate', selected, '?q=lamp').toString(), 'action=activate&ids=1%2C3%2C4%2C5')
})

test('nothing is done before its number is named', () => {
  assert.equal(question('delete', 12_345).title, 'Delete 12,345 products?')
  assert.match(question('delete', 1).words, /removes it from your catalogue\. You can undo it/)
  assert.equal(question('deactivate', 1).yes, 'Make 1 product inactive')
})

test('a forbidden storage does no harm', () => {
  const forbidden = { getItem() { throw new Error('no') }, setItem() { throw new Error('no') }, removeItem() { throw new Error('no') } }
  const selected = selectedOf('', forbidden)
  selected.set('1', true, PAGE)
  assert.equal(selected.count, 1)
})

/** A list without a page: it notes what it showed, and its answers come when a test lets them. */
function awaitedList(context) {
  const asked = []
  context.mock.method(globalThis, 'fetch', (address, { signal }) => new Promise((resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason))
    asked.push({ query: new URL(address, 'http://shop').search, answer: () => resolve(new Response('')) })
  }))
  globalThis.location = { search: '' }
  const results = new Results({ hasAttribute: () => false, addEventListener() {} })
  results.replace = (_, query) => { results.query = query }
  return { results, asked }
}

test('a list that is refreshed is the one that was asked for last', async context => {
  const { results, asked } = awaitedList(context)
  const search = results.show('?q=lamp', { isQuiet: true })
  const refreshed = results.refresh()
  assert.deepEqual(asked.map(({ query }) => query), ['?q=lamp', '?q=lamp'])
  asked[1].answer()
  assert.deepEqual(await Promise.all([search, refreshed]), [false, true])
  assert.equal(results.query, '?q=lamp')
})

test('what was asked for before is not shown when it comes late', async context => {
  const { results, asked } = awaitedList(context)
  const search = results.show('?q=lamp', { isQuiet: true })
  const back = results.show('', { isQuiet: true })
  assert.equal(results.wanted, '')
  asked[0].answer()
  asked[1].answer()
  assert.deepEqual(await Promise.all([search, back]), [false, true])
  assert.equal(results.query, '')
})

test('what something was done with is let go, and what was ticked meanwhile stays', () => {
  const selected = selectedOf('')
  selected.setPage(['1', '2'], true)
  const sent = new Set(selected.ids)
  selected.set('3', true, PAGE)
  selected.letGo(sent)
  assert.deepEqual([...selected.ids], ['3'])
  selected.setEverything(12_345)
  selected.letGo(null)
  assert.equal(selected.count, 0)
  selected.set('4', true, PAGE)
  selected.letGo(null)
  assert.deepEqual([...selected.ids], ['4'])
})
