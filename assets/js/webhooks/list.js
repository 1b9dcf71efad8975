// The list of webhooks, kept up to date.

import { replaceParts } from './parts.js'

const EVERY_MS = 3000

export function webhooks(frame) {
  let timer
  async function refresh() {
    if (!document.hidden) await replaceParts(frame).catch(() => {})
    if (timer) timer = setTimeout(refresh, EVERY_MS)
  }
  timer = setTimeout(refresh, EVERY_MS)
  return () => { clearTimeout(timer); timer = undefined }
}
