// How numbers, sizes and stretches of time are written: the same words as src/http/format.rs.

const grouped = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 })

export function number(value) {
  return grouped.format(value)
}

/** A number that wavers, such as a speed: as much of it as anyone can read, `105,543` as `106,000`. */
export function rough(value) {
  return number(Number(value.toPrecision(3)))
}

export function count(value, one, many) {
  return `${number(value)} ${value === 1 ? one : many}`
}

export function size(bytes) {
  if (bytes < 1000) return count(bytes, 'byte', 'bytes')
  const units = ['kB', 'MB', 'GB', 'TB']
  let value = bytes / 1000
  let unit = 0
  while (value >= 999.5 && unit + 1 < units.length) {
    value /= 1000
    unit += 1
  }
  return `${value.toFixed(value < 99.95 ? 1 : 0)} ${units[unit]}`
}

/** How much of a file is there, as a sentence. */
export function arrived(bytes, total) {
  if (bytes === 0) return 'Nothing of it has arrived yet.'
  return `${size(bytes)}${total ? ` of ${size(total)}` : ''} are here already.`
}

/** How long something will still take, without pretending to know it to the second. */
export function timeLeft(seconds) {
  if (!Number.isFinite(seconds)) return ''
  if (seconds < 3) return 'a few seconds left'
  if (seconds < 55) return `about ${seconds < 10 ? Math.ceil(seconds) : Math.ceil(seconds / 5) * 5} seconds left`
  const minutes = Math.ceil(seconds / 60)
  if (minutes < 60) return `about ${count(minutes, 'minute', 'minutes')} left`
  const hours = Math.floor(minutes / 60)
  return `about ${hours} h ${minutes % 60} min left`
}
