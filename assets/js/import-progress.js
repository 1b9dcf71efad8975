// What an import's numbers mean: how far it is, in which step, how fast. The sums are those of
// src/imports/view.rs; nothing here touches the page.

import { count, number, rough, size, timeLeft } from './format.js'

const NEVER_DOWN = ['bytes_received', 'bytes_read', 'rows_read', 'created', 'updated', 'unchanged', 'duplicates', 'skipped', 'rejected']

/** The newer state, with no number smaller than it was: a late event must not turn the clock back. */
export function newer(known, event) {
  const next = { ...known, ...event }
  for (const field of NEVER_DOWN) next[field] = Math.max(known[field] ?? 0, event[field] ?? 0)
  return next
}

export function isOver(view) {
  return ['done', 'failed', 'cancelled'].includes(view.state)
}

/** While a file is uploaded and read at once, it is being uploaded. */
export function shownPhase(view) {
  if (view.state === 'uploading') return 'receiving'
  return view.phase === 'receiving' ? 'reading' : view.phase
}

export function rowsSettled(view) {
  return view.created + view.updated + view.unchanged + view.duplicates + view.skipped + view.rejected
}

/** 0 to 99, and undefined while the file's size is unknown. */
export function percentOf(view) {
  if (!view.bytes_total) return undefined
  const uploaded = view.source === 'terminal' ? 1 : share(view.bytes_received, view.bytes_total)
  const added = view.phase === 'merging' ? share(rowsSettled(view), view.rows_read) : 0
  return Math.min(99, Math.floor(uploaded * 40 + share(view.bytes_read, view.bytes_total) * 10 + added * 50))
}

export function stepsOf(view) {
  const phase = shownPhase(view)
  const receiving = phase === 'receiving'
  const reading = phase === 'reading'
  return {
    upload: { state: receiving ? 'current' : 'done', detail: uploadDetail(view) },
    read: { state: receiving && !view.rows_read ? 'todo' : receiving || reading ? 'current' : 'done', detail: view.rows_read ? count(view.rows_read, 'row', 'rows') : '' },
    add: { state: receiving || reading ? 'todo' : 'current', detail: view.phase === 'merging' ? `${number(rowsSettled(view))} of ${number(view.rows_read)}` : '' },
  }
}

function uploadDetail(view) {
  const whole = view.bytes_total
  if (whole && view.bytes_received < whole && view.source !== 'terminal') return `${size(view.bytes_received)} of ${size(whole)}`
  return size(whole ?? view.bytes_received)
}

/** Rows that the chart counts: those read, then those added. */
export function rowsOf(view) {
  return view.phase === 'merging' ? rowsSettled(view) : view.rows_read
}

/** Speed and time left in one line. `bytesPerSecond` is of the upload, `rowsPerSecond` of reading or adding. */
export function paceOf(view, { bytesPerSecond, rowsPerSecond, interrupted }) {
  if (interrupted) return 'Waiting for the connection'
  const phase = shownPhase(view)
  if (phase === 'waiting') return 'It goes on by itself, and nothing is lost if you close this page.'
  const rows = rowsPerSecond ? `${rough(rowsPerSecond)} rows per second` : ''
  if (phase === 'receiving') {
    if (bytesPerSecond === 0) return 'Waiting for the rest of the file'
    const left = view.bytes_total ? timeLeft((view.bytes_total - view.bytes_received) / (bytesPerSecond ?? 0)) : ''
    return join(bytesPerSecond ? `${size(Math.round(bytesPerSecond))} per second` : '', left)
  }
  if (phase === 'merging') return join(rows, timeLeft((view.rows_read - rowsSettled(view)) / (rowsPerSecond ?? 0)))
  return rows
}

function join(...parts) {
  return parts.filter(Boolean).join(', ')
}

function share(part, whole) {
  return whole > 0 ? Math.min(1, part / whole) : 0
}
