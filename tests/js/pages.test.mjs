// The sums behind the live pages, without a browser: node --test tests/js

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fault } from '../../assets/js/edit-fields.js'
import { arrived, count, number, rough, size, timeLeft } from '../../assets/js/format.js'
import { newer, paceOf, percentOf, rowsSettled, stepsOf } from '../../assets/js/import-progress.js'
import { FIRST_PIECE, nextPieceSize, smallerPieceSize } from '../../assets/js/piece-size.js'
import { Rate } from '../../assets/js/rate.js'
import { mismatch } from '../../assets/js/remembered-uploads.js'
import { coming, words } from '../../assets/js/times.js'
import { isWorkbook } from '../../assets/js/workbook.js'

const fresh = {
  state: 'uploading', phase: 'receiving', source: 'upload', bytes_total: 1000, bytes_received: 0, bytes_read: 0,
  rows_read: 0, created: 0, updated: 0, unchanged: 0, duplicates: 0, skipped: 0, rejected: 0,
}

test('numbers and sizes are written as the server writes them', () => {
  assert.deepEqual([0, 999, 1000, 1_234_567].map(number), ['0', '999', '1,000', '1,234,567'])
  assert.deepEqual([0, 1, 999, 1000, 90_200_000, 99_949_999, 999_600, 4_294_967_296].map(size),
    ['0 bytes', '1 byte', '999 bytes', '1.0 kB', '90.2 MB', '99.9 MB', '1.0 MB', '4.3 GB'])
  assert.equal(count(1, 'row', 'rows'), '1 row')
  assert.deepEqual([arrived(0, 10), arrived(2000, 5e6)], ['Nothing of it has arrived yet.', '2.0 kB of 5.0 MB are here already.'])
  assert.deepEqual([0, 7.4, 105_543.2].map(rough), ['0', '7', '106,000'])
})

test('time left does not pretend to know the second', () => {
  assert.deepEqual([1, 7.2, 31, 61, 4000, Infinity, NaN].map(timeLeft),
    ['a few seconds left', 'about 8 seconds left', 'about 35 seconds left', 'about 2 minutes left', 'about 1 h 7 min left', '', ''])
})

test('a late event turns nothing back', () => {
  const known = newer(fresh, { rows_read: 500, bytes_received: 800, rejected: 3 })
  const late = newer(known, { rows_read: 400, bytes_received: 700, rejected: 2 })
  assert.deepEqual([late.rows_read, late.bytes_received, late.rejected], [500, 800, 3])
})

test('per cent grows to 99 and no further before the end', () => {
  const seen = [
    fresh,
    { ...fresh, bytes_received: 1000, bytes_read: 900, rows_read: 9 },
    { ...fresh, state: 'running', phase: 'waiting', bytes_received: 1000, bytes_read: 1000, rows_read: 10 },
    { ...fresh, state: 'running', phase: 'merging', bytes_received: 1000, bytes_read: 1000, rows_read: 10, created: 10 },
  ].map(percentOf)
  assert.deepEqual(seen, [0, 49, 50, 99])
  assert.equal(percentOf({ ...fresh, bytes_total: null }), undefined)
})

test('steps and pace follow the phase', () => {
  const merging = { ...fresh, state: 'running', phase: 'merging', rows_read: 1000, created: 300, rejected: 100 }
  assert.equal(rowsSettled(merging), 400)
  assert.deepEqual(Object.values(stepsOf(merging)).map(step => step.state), ['done', 'done', 'current'])
  assert.equal(paceOf(merging, { rowsPerSecond: 100 }), '100 rows per second, about 6 seconds left')
  assert.equal(paceOf(fresh, { bytesPerSecond: 0 }), 'Waiting for the rest of the file')
  assert.equal(paceOf(fresh, { bytesPerSecond: 50 }), '50 bytes per second, about 20 seconds left')
})

test('pieces grow with the line, shrink with it, and stay within bounds', () => {
  let piece = FIRST_PIECE
  for (let sent = 0; sent < 10; sent += 1) piece = nextPieceSize(piece, piece / 50e6)
  assert.equal(piece, 8_000_000)
  for (const bytesPerSecond of [1_000_000, 300_000, 100_000]) {
    piece = nextPieceSize(piece, piece / bytesPerSecond)
    assert.ok(piece / bytesPerSecond <= 10, `${piece} bytes at ${bytesPerSecond} a second`)
  }
  for (let lost = 0; lost < 10; lost += 1) piece = smallerPieceSize(piece)
  assert.equal(piece, 256_000)
})

test('speed is that of the last seconds', () => {
  const rate = new Rate(4000)
  assert.equal(rate.perSecond(), undefined)
  for (let at = 0; at <= 10_000; at += 250) rate.add(at < 5000 ? 0 : (at - 5000) / 10, at)
  assert.equal(Math.round(rate.perSecond()), 100)
})

test('only the same file goes on where an upload stopped', () => {
  const upload = { name: 'a.csv', size: 10, lastModified: 5 }
  assert.equal(mismatch(upload, { ...upload }), undefined)
  assert.match(mismatch(upload, { ...upload, name: 'b.csv' }), /That is b\.csv/)
  assert.match(mismatch(upload, { ...upload, size: 11 }), /another size/)
  assert.match(mismatch(upload, { ...upload, lastModified: 6 }), /was changed/)
})

test('a workbook is known by its name and by its first bytes', async () => {
  const file = (name, ...bytes) => new File([new Uint8Array(bytes)], name)
  assert.equal(await isWorkbook(file('a.XLSX')), true)
  assert.equal(await isWorkbook(file('a.csv', ...bytes('PK\x03\x04 [Content_Types].xml'))), true)
  assert.equal(await isWorkbook(file('a.csv', ...bytes('PK\x03\x04 products.csv'))), false)
  assert.equal(await isWorkbook(file('a.csv', 0x73, 0x6b, 0x75)), false)
})

function bytes(text) {
  return [...text].map(letter => letter.charCodeAt(0))
}

test('times are told from now', () => {
  const now = new Date('2026-11-22T12:00:00Z')
  const ago = seconds => words(new Date(now - seconds * 1000), now)
  assert.deepEqual([5, 60, 600, 7200, 90_000].map(ago), ['just now', '1 minute ago', '10 minutes ago', '2 hours ago', 'yesterday'])
})

test('times to come are told from now', () => {
  const now = new Date('2026-11-22T12:00:00Z')
  const ahead = seconds => coming(new Date(now.getTime() + seconds * 1000), now)
  assert.deepEqual([-5, 5, 60, 1620, 7200, 90_000].map(ahead), ['in a moment', 'in a moment', 'in 1 minute', 'in 27 minutes', 'in 2 hours', 'tomorrow'])
})

test('a field is wrong by the limits of the server', () => {
  const name = { label: 'name', limit: 1000, missing: 'Give it a name.' }
  assert.equal(fault(' \t', name), 'Give it a name.')
  assert.equal(fault(`  ${'😀'.repeat(1000)}  `, name), '')
  assert.equal(fault('é'.repeat(1001), name), 'The name has 1,001 characters; it may have 1,000.')
  assert.equal(fault('', { label: 'description', limit: 5 }), '')
  assert.equal(fault('  1234', { label: 'description', limit: 5 }), 'The description has 6 characters; it may have 5.')
})
