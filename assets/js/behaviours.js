// Which module brings which element to life. A behaviour is a function of its element; it may answer a
// function that puts everything away again when the page's content is replaced.

import { cancel } from './cancel.js'
import { history } from './history.js'
import { importLive } from './import-live.js'
import { importOver } from './import-over.js'
import { resumeOffers } from './resume-offers.js'
import { runningNotice } from './running-notice.js'
import { localise } from './times.js'
import { uploadForm } from './upload-form.js'

const behaviours = {
  cancel,
  history,
  'import-live': importLive,
  'import-over': importOver,
  'resume-offers': resumeOffers,
  'running-notice': runningNotice,
  'upload-form': uploadForm,
}

let stops = []

export function start(root = document) {
  localise(root)
  for (const element of root.querySelectorAll('[data-behaviour]')) {
    const stop = behaviours[element.dataset.behaviour]?.(element)
    if (stop) stops.push(stop)
  }
}

export function stopAll() {
  for (const stop of stops) stop()
  stops = []
}
