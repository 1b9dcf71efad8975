// The list of rejected rows as they come: at most 200 of them on the page, however many there are.

import { isolated } from './bidi.js'
import { element } from './element.js'
import { number } from './format.js'

const SHOWN = 200
const SHOWN_LETTERS = 300

export class RejectedRows {
  constructor(section) {
    this.section = section
    this.body = section.querySelector('[data-rejected-rows]')
    this.lines = new Set([...this.body.children].map(row => row.dataset.line))
    this.coming = []
  }

  add(row) {
    const line = String(row.line)
    if (this.lines.has(line)) return
    this.lines.add(line)
    this.coming.push(row)
    if (this.coming.length > SHOWN) this.lines.delete(String(this.coming.shift().line))
  }

  draw(total) {
    this.section.hidden = total === 0 && this.lines.size === 0
    const text = number(Math.max(total, this.lines.size))
    const place = this.section.querySelector('[data-rejected-total]')
    if (place.textContent !== text) place.textContent = text
    this.section.querySelector('[data-rejected-shown]').hidden = total <= SHOWN
    if (this.coming.length === 0) return
    const frame = this.body.closest('.rejections__frame')
    const atEnd = frame.scrollHeight - frame.scrollTop - frame.clientHeight < 40
    this.body.append(...this.coming.map(drawRow))
    this.coming = []
    while (this.body.children.length > SHOWN) {
      this.lines.delete(this.body.firstElementChild.dataset.line)
      this.body.firstElementChild.remove()
    }
    if (atEnd) frame.scrollTop = frame.scrollHeight
  }
}

function drawRow({ line, reason, values }) {
  const row = element('tr')
  row.dataset.line = line
  const code = element('code')
  code.dataset.whole = ''
  for (const value of values) {
    if (code.textContent.length > SHOWN_LETTERS) break
    if (code.hasChildNodes()) code.append(' │ ')
    code.append(isolated(value.trim() ? value : '(empty)'))
  }
  const whole = element('td', 'rejections__row')
  whole.append(code)
  row.append(element('td', 'numeric', number(line)), element('td', 'rejections__why', reason), whole)
  return row
}
