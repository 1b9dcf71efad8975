// The server's events about one import. The browser reconnects by itself after a broken line, but gives up
// when a restarting server or a router in front of it answers with an error: then it is begun anew.

import { tieToPage } from './stream-life.js'

const AGAIN_MS = 2000
const PATIENCE_MS = 1500

export class ImportEvents {
  constructor(id, listeners) {
    this.url = `/api/v1/imports/${id}/events`
    this.listeners = listeners
    // Its tab's title tells how far it is, so it goes on while another tab is looked at.
    this.untie = tieToPage({ open: () => this.open(), close: () => this.pause() })
  }

  open() {
    this.closed = false
    this.source?.close()
    this.source = new EventSource(this.url)
    for (const kind of ['progress', 'end', 'row']) {
      this.source.addEventListener(kind, event => {
        this.connected()
        this.listeners[kind](JSON.parse(event.data))
      })
    }
    this.source.onopen = () => this.connected()
    this.source.onerror = () => this.broken()
  }

  connected() {
    clearTimeout(this.telling)
    this.telling = undefined
    this.listeners.connected(true)
  }

  broken() {
    this.telling ??= setTimeout(() => this.listeners.connected(false), PATIENCE_MS)
    if (this.source.readyState !== EventSource.CLOSED || this.closed) return
    clearTimeout(this.reopening)
    this.reopening = setTimeout(() => this.reopen(), AGAIN_MS)
  }

  /** A stream does not tell why it was refused. A plain request does, and leads to the sign-in where that is due. */
  async reopen() {
    await fetch(this.url.replace(/\/events$/, ''), { method: 'HEAD' }).catch(() => undefined)
    if (!this.closed) this.open()
  }

  pause() {
    this.closed = true
    this.source?.close()
    clearTimeout(this.telling)
    clearTimeout(this.reopening)
  }

  close() {
    this.untie()
  }
}
