// A word in the top bar while files are uploaded and another page is looked at.

import { size } from './format.js'
import { uploads } from './uploads.js'

export function showUploadStatus() {
  const place = document.querySelector('[data-upload-status]')
  const show = () => {
    const upload = uploads.current
    place.hidden = !uploads.busy || location.pathname === `/imports/${upload?.id}`
    if (place.hidden || !upload) return
    const link = place.querySelector('a') ?? place.appendChild(document.createElement('a'))
    link.href = `/imports/${upload.id}`
    const more = uploads.waiting.length ? `, ${uploads.waiting.length} more waiting` : ''
    link.textContent = `Uploading ${upload.file.name}: ${size(upload.sent)} of ${size(upload.file.size)}${more}`
  }
  uploads.addEventListener('change', show)
  addEventListener('page-shown', show)
}
