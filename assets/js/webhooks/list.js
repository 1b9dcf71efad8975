// The list of webhooks, kept up to date.

import { keepFresh } from '../keep-fresh.js'
import { replaceParts } from './parts.js'

const EVERY_MS = 3000

export function webhooks(frame) {
  return keepFresh(() => replaceParts(frame), () => EVERY_MS)
}
