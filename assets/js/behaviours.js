// Brings elements to life: one says by data-behaviour which behaviour it has. A behaviour is a function of its
// element; it may answer a function that puts everything away again when the page's content is replaced.

import { localise } from './times.js'

const known = {}
let stops = []

export function register(behaviours) {
  Object.assign(known, behaviours)
}

/** Answers a function that stops what was started here, for parts that come and go by themselves. */
export function start(root = document) {
  localise(root)
  const started = []
  for (const element of root.querySelectorAll('[data-behaviour]')) {
    const stop = known[element.dataset.behaviour]?.(element)
    if (stop) started.push(stop)
  }
  stops.push(...started)
  return () => {
    stops = stops.filter(stop => !started.includes(stop))
    for (const stop of started) stop()
  }
}

/** A behaviour whose scripts are fetched by the pages that need them. Until they are there, the element is-loading. */
export function later(load) {
  return element => {
    let stop
    let isStopped = false
    element.classList.add('is-loading')
    load().then(behave => {
      if (!isStopped) stop = behave(element)
      element.classList.remove('is-loading')
    })
    return () => { isStopped = true; stop?.() }
  }
}

export function stopAll() {
  for (const stop of stops) stop()
  stops = []
}
