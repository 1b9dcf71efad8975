// What the page of an import says about its upload: trouble on the line, how to go on after a reload, and the
// files that wait behind it.

import { element } from './element.js'
import { arrived, size } from './format.js'
import { mismatch, recall } from './remembered-uploads.js'
import { resumedUpload } from './upload.js'
import { uploads } from './uploads.js'

const SILENT_MS = 6000

export function uploadPanel(page, id) {
  const panel = page.querySelector('[data-upload-panel]')
  if (!panel) return { uploadChanged() {}, received() {}, stop() {} }
  return new UploadPanel(panel, id)
}

class UploadPanel {
  constructor(panel, id) {
    Object.assign(this, { panel, id, bytes: Number(panel.dataset.received), state: 'uploading' })
    this.resumeBox = panel.querySelector('[data-resume]')
    this.note = panel.querySelector('[data-upload-note]')
    panel.querySelector('[data-resume-file]').addEventListener('change', event => this.resume(event.target))
    this.wait(recall(id) ? 0 : SILENT_MS)
  }

  /** Somebody sends the file as long as it grows: then there is nothing to offer. */
  received({ state, bytes_received: bytes }) {
    if (state !== 'uploading') return this.leave()
    if (bytes <= this.bytes) return
    this.bytes = bytes
    this.wait(SILENT_MS)
  }

  wait(silenceMs) {
    clearTimeout(this.timer)
    this.resumeBox.hidden = true
    this.timer = setTimeout(() => this.offer(), silenceMs)
  }

  offer() {
    if (uploads.of(this.id) && uploads.of(this.id).state !== 'ended') return
    const total = Number(this.panel.dataset.size)
    this.panel.querySelector('[data-resume-text]').textContent = arrived(this.bytes, total)
    this.resumeBox.hidden = false
  }

  resume(input) {
    const file = input.files[0]
    if (!file) return
    const known = recall(this.id) ?? { name: this.panel.dataset.filename, size: Number(this.panel.dataset.size) }
    const problem = mismatch(known, file)
    const place = this.panel.querySelector('[data-resume-problem]')
    place.textContent = problem ?? ''
    place.hidden = !problem
    input.value = ''
    if (problem) return
    this.resumeBox.hidden = true
    uploads.resume(resumedUpload(this.id, file, this.bytes))
  }

  uploadChanged(upload) {
    this.drawQueue()
    if (!upload) return
    this.resumeBox.hidden = true
    if (upload.state === 'retrying') this.tell('The connection is interrupted. The upload goes on by itself as soon as it is back.')
    else if (upload.state === 'stopped') this.tell(upload.problem, upload)
    else this.tell('')
  }

  tell(text, retried) {
    if (this.note.dataset.text === text) return
    this.note.dataset.text = text
    this.note.hidden = !text
    this.note.className = retried ? 'notice notice--warn notice--hold' : 'notice notice--warn'
    this.note.replaceChildren(text)
    if (!retried) return
    const button = element('button', 'button', 'Try again')
    button.addEventListener('click', () => retried.retryNow())
    this.note.append(button)
  }

  drawQueue() {
    const queue = this.panel.querySelector('[data-queue]')
    queue.hidden = uploads.waiting.length === 0
    if (queue.hidden || queue.dataset.drawn === String(uploads.waiting.length)) return
    queue.dataset.drawn = uploads.waiting.length
    const list = element('ul')
    list.append(...uploads.waiting.map(({ file }) => queueLine(file)))
    queue.replaceChildren(element('p', '', 'Uploaded after this one'), list)
  }

  leave() {
    clearTimeout(this.timer)
    this.resumeBox.hidden = true
    this.tell('')
  }

  stop() {
    clearTimeout(this.timer)
  }
}

function queueLine(file) {
  const line = element('li')
  line.append(element('span', '', file.name), element('span', '', size(file.size)))
  return line
}
