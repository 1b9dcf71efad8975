// A small chart of rows per second since the page was opened. When it has many points, neighbours are
// taken together, so that the whole time stays in view.

import { rough } from './format.js'

const MOST_POINTS = 240
const WIDTH = 300
const HEIGHT = 84

export class SpeedChart {
  constructor(section) {
    this.section = section
    this.points = []
    this.pending = []
    this.each = 1
    this.begun = undefined
  }

  add(perSecond) {
    if (!this.section) return
    this.begun ??= performance.now()
    this.pending.push(perSecond)
    if (this.pending.length < this.each) return
    this.points.push(average(this.pending))
    this.pending = []
    if (this.points.length > MOST_POINTS) this.halve()
    this.draw(perSecond)
  }

  halve() {
    this.points = this.points.filter((_, place) => place % 2 === 0).map((point, place) => average([point, this.points[place * 2 + 1] ?? point]))
    this.each *= 2
  }

  draw(now) {
    const peak = Math.max(...this.points, 1)
    const step = WIDTH / Math.max(this.points.length - 1, 1)
    const curve = this.points.map((point, place) => `${(place * step).toFixed(1)} ${(HEIGHT - 1 - (point / peak) * (HEIGHT - 4)).toFixed(1)}`).join('L')
    this.section.querySelector('[data-speed-curve]').setAttribute('d', `M${curve}`)
    this.section.querySelector('[data-speed-area]').setAttribute('d', `M0 ${HEIGHT}L${curve}L${WIDTH} ${HEIGHT}Z`)
    this.section.querySelector('[data-speed-now]').textContent = rough(now)
    this.section.querySelector('[data-speed-peak]').textContent = peak > 1 ? `Most: ${rough(peak)}` : ''
    this.section.querySelector('[data-speed-span]').textContent = `The last ${spanWords((performance.now() - this.begun) / 1000)}`
  }
}

function average(values) {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}

function spanWords(seconds) {
  return seconds < 90 ? `${Math.max(1, Math.round(seconds))} s` : `${Math.round(seconds / 60)} min`
}
