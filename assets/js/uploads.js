// All files this page has to upload: one after another, each of them an import of its own.

import { toast } from './toast.js'
import { createUpload } from './upload.js'

// A file somebody looks at fails soon; one that waits in the queue has time.
const TRIES_NOW = 2
const TRIES_LATER = 200

/** Where no form is there to tell it. */
export function tellRefused(file, error) {
  toast({ text: `“${file.name}” was not imported. ${error.message}`, tone: 'bad' })
}

class Uploads extends EventTarget {
  current = undefined
  waiting = []
  creating = false

  /** Whether leaving the page would break something off. */
  get busy() {
    return this.waiting.length > 0 || this.busyNow()
  }

  of(id) {
    return this.current?.id === String(id) ? this.current : undefined
  }

  /** Begins with the first file unless another is on its way; answers the upload that is going on. */
  async add(files, options) {
    this.waiting.push(...files.map(file => ({ file, options })))
    if (!this.busyNow()) this.starting = this.next(TRIES_NOW)
    if (this.creating) await this.starting
    this.changed()
    return this.current
  }

  /** Goes on with an upload that was begun before, as soon as no other is on its way. */
  resume(upload) {
    const same = this.of(upload.id)
    if (!same && this.busyNow()) {
      this.waiting.push({ file: upload.file, upload })
      return this.changed()
    }
    if (same) {
      same.counted = true
      same.end()
    }
    this.begin(upload)
  }

  /** Begins with the next file. One that is refused is told, unless somebody waits for it alone, and the next begins. */
  async next(tries) {
    const entry = this.waiting.shift()
    if (!entry) return
    this.creating = true
    try {
      this.begin(entry.upload ?? await createUpload(entry.file, entry.options, tries))
    } catch (error) {
      if (tries === TRIES_NOW && this.waiting.length === 0) throw error
      tellRefused(entry.file, error)
      await this.next(tries)
    } finally {
      this.creating = false
    }
  }

  begin(upload) {
    this.current = upload
    upload.addEventListener('change', () => this.uploadChanged(upload))
    upload.start()
  }

  uploadChanged(upload) {
    const over = upload.state === 'sent' || upload.state === 'ended'
    if (over && upload === this.current && !upload.counted) {
      upload.counted = true
      this.starting = this.next(TRIES_LATER)
      this.starting.finally(() => this.changed())
    }
    this.changed()
  }

  busyNow() {
    return this.creating || ['sending', 'retrying', 'stopped'].includes(this.current?.state)
  }

  changed() {
    this.dispatchEvent(new Event('change'))
  }
}

export const uploads = new Uploads()
