// Brings elements to life: one says by data-behaviour which behaviour it has. A behaviour is a function of its
// element; it may answer a function that puts everything away again when the page's content is replaced.

import { localise } from './times.js'

const known = {}
let stops = []

export function register(behaviours) {
  Object.assign(known, behaviours)
}

export function start(root = document) {
  localise(root)
  for (const element of root.querySelectorAll('[data-behaviour]')) {
    const stop = known[element.dataset.behaviour]?.(element)
    if (stop) stops.push(stop)
  }
}

export function stopAll() {
  for (const stop of stops) stop()
  stops = []
}
