// The upload page: a file dropped anywhere or chosen starts at once and leads to its import.

import { size } from './format.js'
import { visitPatiently } from './navigation.js'
import { tellRefused, uploads } from './uploads.js'
import { isWorkbook, workbookAdvice } from './workbook.js'

export function uploadForm(form) {
  const input = form.querySelector('input[type=file]')
  const zone = form.querySelector('[data-drop-zone]')
  const listening = new AbortController()
  const { signal } = listening
  const take = files => begin(form, [...files])
  input.multiple = true
  input.addEventListener('change', () => take(input.files), { signal })
  form.addEventListener('submit', event => { event.preventDefault(); input.click() }, { signal })
  form.addEventListener('change', () => tellOptions(form), { signal })
  listenForDrops(zone, take, signal)
  tellOptions(form)
  return () => listening.abort()
}

function listenForDrops(zone, take, signal) {
  let depth = 0
  const mark = change => {
    depth = Math.max(0, depth + change)
    zone.classList.toggle('is-over', depth > 0)
  }
  const holdsFiles = event => event.dataTransfer?.types.includes('Files')
  addEventListener('dragenter', event => { if (holdsFiles(event)) mark(1) }, { signal })
  addEventListener('dragleave', event => { if (holdsFiles(event)) mark(-1) }, { signal })
  addEventListener('dragover', event => { if (holdsFiles(event)) event.preventDefault() }, { signal })
  addEventListener('drop', event => {
    if (!holdsFiles(event)) return
    event.preventDefault()
    depth = 0
    mark(0)
    take(event.dataTransfer.files)
  }, { signal })
}

async function begin(form, files) {
  tellProblem(form, '')
  const problem = await problemWith(files, Number(form.dataset.sizeLimit))
  if (problem) return tellProblem(form, problem)
  if (files.length === 0) return
  setBusy(form, files[0])
  const { mode, new_status } = Object.fromEntries(new FormData(form))
  try {
    const upload = await uploads.add(files, { mode, new_status })
    // Whoever is at something else by now sees below how far it is.
    if (form.isConnected) await visitPatiently(`/imports/${upload.id}`)
  } catch (error) {
    if (!form.isConnected) return tellRefused(files.at(-1), error)
    setBusy(form, undefined)
    tellProblem(form, error.message)
  }
}

async function problemWith(files, limit) {
  for (const file of files) {
    if (await isWorkbook(file).catch(() => false)) return workbookAdvice(file)
    if (file.size === 0) return `${file.name} is empty, or it is a folder. Choose a CSV file with a first line of column names.`
    if (limit && file.size > limit) return `${file.name} has ${size(file.size)}; at most ${size(limit)} can be imported. Split it and import the parts one after another.`
  }
  return undefined
}

function setBusy(form, file) {
  const title = form.querySelector('[data-drop-title]')
  title.dataset.atRest ??= title.textContent
  title.textContent = file ? `Starting ${file.name}…` : title.dataset.atRest
  form.querySelector('[data-drop-zone]').classList.toggle('is-busy', Boolean(file))
  if (!file) form.querySelector('input[type=file]').value = ''
}

function tellProblem(form, text) {
  const place = form.querySelector('[data-upload-problem]')
  place.textContent = text
  place.hidden = !text
  if (text) place.scrollIntoView({ block: 'nearest' })
  if (text) setBusy(form, undefined)
}

function tellOptions(form) {
  const { mode, new_status } = Object.fromEntries(new FormData(form))
  const words = form.querySelector('.options__now')
  words.textContent = words.dataset[mode] + (new_status === 'inactive' ? '; new ones start inactive' : '')
}
