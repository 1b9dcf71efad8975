// How fast a number grows, over the last few seconds.

export class Rate {
  constructor(windowMs = 8000) {
    this.windowMs = windowMs
    this.samples = []
  }

  add(value, at = performance.now()) {
    this.samples.push({ value, at })
    while (this.samples.length > 2 && at - this.samples[1].at > this.windowMs) this.samples.shift()
  }

  /** Per second; undefined until there is enough to tell. */
  perSecond() {
    const first = this.samples[0]
    const last = this.samples.at(-1)
    if (!first || last.at - first.at < 400) return undefined
    return Math.max(0, (last.value - first.value) / ((last.at - first.at) / 1000))
  }

  reset() {
    this.samples = []
  }
}
