// A finished import: the tab tells how it ended, which the server has put into the title already.

import { forget } from './remembered-uploads.js'

export function importOver(page) {
  forget(page.dataset.import)
}
