// Reads and draws the page of an import: the server's page is the first state, events move it on.

import { element } from './element.js'
import { number } from './format.js'
import { paceOf, percentOf, shownPhase, stepsOf } from './import-progress.js'

const COUNTS = ['created', 'updated', 'unchanged', 'duplicates', 'skipped', 'rejected', 'rows_read']

/** The state that the server wrote into the page. */
export function readPage(page) {
  const { state, phase, source, bytesTotal, bytesReceived, bytesRead } = page.dataset
  const view = { state, phase, source, bytes_total: Number(bytesTotal) || null, bytes_received: Number(bytesReceived), bytes_read: Number(bytesRead) }
  for (const field of COUNTS) view[field] = Number(page.querySelector(`[data-count="${field}"] [data-value]`)?.dataset.value ?? 0)
  return view
}

export function drawProgress(page, view, speeds) {
  page.dataset.state = view.state
  page.dataset.phase = view.phase
  drawPhase(page, shownPhase(view))
  drawBar(page, view)
  drawSteps(page, stepsOf(view))
  drawCounts(page, view)
  write(page.querySelector('[data-pace]'), paceOf(view, speeds))
}

function drawPhase(page, phase) {
  for (const words of page.querySelectorAll('.progress__phase [data-phases]')) {
    words.hidden = words.dataset.phases !== phase
  }
}

function drawBar(page, view) {
  const bar = page.querySelector('[data-bar]')
  const before = Number(bar.getAttribute('aria-valuenow') ?? 0)
  const percent = percentOf(view)
  if (percent === undefined) return
  const shown = Math.max(before, percent)
  bar.setAttribute('aria-valuenow', shown)
  bar.querySelector('rect').setAttribute('width', shown)
  write(page.querySelector('[data-percent]'), `${shown}%`)
  document.title = `${shown}% · ${page.querySelector('h1').textContent}`
}

function drawSteps(page, steps) {
  for (const [key, { state, detail }] of Object.entries(steps)) {
    const step = page.querySelector(`[data-step="${key}"]`)
    step.dataset.stepState = state
    if (state === 'current') step.setAttribute('aria-current', 'step')
    else step.removeAttribute('aria-current')
    write(step.querySelector('[data-step-detail]'), detail)
  }
}

function drawCounts(page, view) {
  for (const field of COUNTS) {
    const row = page.querySelector(`[data-count="${field}"]`)
    if (!row) continue
    row.classList.toggle('is-zero', view[field] === 0)
    write(row.querySelector('[data-value]'), number(view[field]))
  }
}

export function drawColumns(page, columns) {
  const section = page.querySelector('[data-columns]')
  if (!section.hidden) return
  section.hidden = false
  section.querySelector('[data-columns-used]').replaceChildren(...columns.used.map(({ field, header }) => {
    const line = element('li')
    const name = element('span', 'columns__header', header)
    name.dir = 'auto'
    line.append(name, element('span', 'columns__field', field))
    return line
  }))
  const ignored = section.querySelector('[data-columns-ignored]')
  ignored.hidden = columns.ignored.length === 0
  ignored.querySelector('span').textContent = columns.ignored.join(', ')
}

/** Warnings grow while the file is read: one box a kind, drawn after the page's own template. */
export function drawWarnings(page, warnings) {
  const place = page.querySelector('[data-warnings]')
  for (const warning of warnings) {
    const box = place.querySelector(`[data-warning="${CSS.escape(warning.kind)}"]`) ?? place.appendChild(newWarning(page, warning.kind))
    const [first, rest] = sentences(warning.text)
    write(box.querySelector('b'), first)
    write(box.querySelector('p span'), rest)
  }
}

function newWarning(page, kind) {
  const box = page.querySelector('[data-warning-template]').content.firstElementChild.cloneNode(true)
  box.dataset.warning = kind
  const advice = box.querySelector('details')
  if (kind !== 'mangled_sku') advice.remove()
  return box
}

/** The first sentence, which stands out, and the others. */
function sentences(text) {
  const end = text.indexOf('. ') + 1
  return end ? [text.slice(0, end), text.slice(end + 1)] : [text, '']
}

function write(element, text) {
  if (element && element.textContent !== text) element.textContent = text
}
