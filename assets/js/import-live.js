// An import that is going on: listens to the server's events, and to the upload when this page sends the file.

import { announce } from './announce.js'
import { drawColumns, drawProgress, drawWarnings, readPage } from './import-page.js'
import { newer, rowsOf, shownPhase } from './import-progress.js'
import { visitPatiently } from './navigation.js'
import { Rate } from './rate.js'
import { RejectedRows } from './rejected-rows.js'
import { SpeedChart } from './speed-chart.js'
import { uploadPanel } from './upload-panel.js'
import { uploads } from './uploads.js'
import { ImportEvents } from './import-events.js'

export function importLive(page) {
  const live = new LiveImport(page)
  return () => live.stop()
}

class LiveImport {
  constructor(page) {
    this.page = page
    this.id = page.dataset.import
    this.view = readPage(page)
    this.bytes = new Rate()
    this.rows = new Rate(4000)
    this.chart = new SpeedChart(page.querySelector('[data-speed]'))
    this.rejected = new RejectedRows(page.querySelector('[data-rejections]'))
    this.panel = uploadPanel(page, this.id)
    this.onUpload = () => this.uploadChanged()
    uploads.addEventListener('change', this.onUpload)
    this.events = new ImportEvents(this.id, {
      progress: event => this.update(event),
      end: event => this.over(event),
      row: row => this.rejected.add(row),
      connected: connected => { page.querySelector('[data-connection]').hidden = connected },
    })
    this.ticking = setInterval(() => this.tick(), 250)
    this.uploadChanged()
  }

  update(event) {
    const phaseBefore = shownPhase(this.view)
    this.view = newer(this.view, event)
    this.panel.received(this.view)
    if (shownPhase(this.view) !== phaseBefore) this.phaseChanged()
    if (event.columns) drawColumns(this.page, event.columns)
    if (event.warnings) drawWarnings(this.page, event.warnings)
    this.due = true
  }

  uploadChanged() {
    const upload = uploads.of(this.id)
    if (upload && this.view.state === 'uploading') this.view = newer(this.view, { bytes_received: upload.sent })
    this.panel.uploadChanged(upload)
    this.due = true
  }

  phaseChanged() {
    this.rows.reset()
    this.drawNow()
    announce(this.page.querySelector('.progress__phase > :not([hidden])')?.textContent ?? '')
  }

  /** Drawing four times a second is all an eye wants, however fast events come. */
  tick() {
    this.rows.add(rowsOf(this.view))
    this.bytes.add(this.view.bytes_received)
    const speed = this.rows.perSecond()
    if (rowsOf(this.view) > 0 && speed !== undefined && shownPhase(this.view) !== 'waiting') this.chart.add(speed)
    this.rejected.draw(this.view.rejected)
    this.drawNow()
  }

  drawNow() {
    const upload = uploads.of(this.id)
    drawProgress(this.page, this.view, {
      interrupted: ['retrying', 'stopped'].includes(upload?.state),
      bytesPerSecond: upload?.rate.perSecond() ?? this.bytes.perSecond(),
      rowsPerSecond: this.rows.perSecond(),
    })
  }

  /** The server's own page has the summary: it takes this one's place. */
  async over(event) {
    if (this.ended) return
    this.ended = true
    this.stop()
    this.view = newer(this.view, event)
    await uploads.of(this.id)?.end()
    await visitPatiently(location.href, { push: false, keepPlace: scrollY < 200 })
    announce(document.querySelector('[data-outcome]')?.textContent ?? '')
  }

  stop() {
    clearInterval(this.ticking)
    uploads.removeEventListener('change', this.onUpload)
    this.events.close()
    this.panel.stop()
  }
}
