// On the upload page: offers to go on with uploads that this browser began and did not end.

import { element } from './element.js'
import { arrived } from './format.js'
import { visitPatiently } from './navigation.js'
import { all, forget, mismatch } from './remembered-uploads.js'
import { resumedUpload } from './upload.js'
import { uploads } from './uploads.js'

export function resumeOffers(place) {
  for (const upload of all().slice(0, 3)) {
    if (!uploads.of(upload.id)) offer(place, upload)
  }
}

async function offer(place, upload) {
  const response = await fetch(`/api/v1/imports/${upload.id}`).catch(() => undefined)
  if (!response || response.status >= 500) return
  const view = response.ok ? await response.json() : undefined
  if (view?.state !== 'uploading') return forget(upload.id)
  place.append(drawOffer(upload, Math.max(view.bytes_received, 0)))
  place.hidden = false
}

function drawOffer(upload, received) {
  const box = element('div', 'notice offer')
  const text = element('div')
  text.append(element('b', '', upload.name), ` was not uploaded to its end. ${arrived(received, upload.size)} Choose the same file to go on.`)
  const problem = element('p', 'resume__problem')
  problem.setAttribute('role', 'alert')
  text.append(problem)
  const actions = element('div', 'offer__actions')
  actions.append(chooser(upload, received, problem), dropper(upload, box))
  box.append(text, actions)
  return box
}

function chooser(upload, received, problem) {
  const label = element('label', 'button')
  const input = element('input', 'visually-hidden')
  input.type = 'file'
  input.addEventListener('change', async () => {
    const file = input.files[0]
    problem.textContent = (file && mismatch(upload, file)) ?? ''
    input.value = ''
    if (!file || problem.textContent) return
    uploads.resume(resumedUpload(upload.id, file, received))
    await visitPatiently(`/imports/${upload.id}`)
  })
  label.append(element('span', '', 'Choose the file'), input)
  return label
}

function dropper(upload, box) {
  const button = element('button', 'button button--plain', 'Cancel it')
  button.type = 'button'
  button.addEventListener('click', async () => {
    const response = await fetch(`/api/v1/imports/${upload.id}/cancellation`, { method: 'PUT' }).catch(() => undefined)
    if (!response || response.status >= 500) return
    forget(upload.id)
    box.remove()
  })
  return button
}
