// One file on its way to the server, in pieces, through lost connections and restarting servers.
//
// The import is created here and tus-js-client only told its address: a client that knows where to create
// uploads answers a cancelled one by silently creating another.

import '../packages/tus.min.js'
import { FIRST_PIECE, nextPieceSize, SMALLEST_PIECE, smallerPieceSize } from './piece-size.js'
import { Rate } from './rate.js'
import { forget, remember } from './remembered-uploads.js'

const API = '/api/v1/imports'
const TUS = '1.0.0'
const STALLED_MS = 30_000
const TOO_LONG_SECONDS = 12
const CREATE_MS = 20_000
const CREATE_AGAIN_MS = 2000
const RETRY_DELAYS = [0, 500, 1000, 2000, 4000, 8000, ...Array(32).fill(18_000)]

/** States: sending, retrying, stopped (it can be tried again), ended (it cannot), sent. */
export class Upload extends EventTarget {
  constructor({ id, url, file, received = 0 }) {
    super()
    Object.assign(this, { id: String(id), url, file, sent: received, state: 'sending', problem: undefined })
    this.rate = new Rate()
    this.tus = new globalThis.tus.Upload(file, {
      uploadUrl: url,
      chunkSize: FIRST_PIECE,
      retryDelays: RETRY_DELAYS,
      storeFingerprintForResuming: false,
      removeFingerprintOnSuccess: false,
      onBeforeRequest: request => this.requestBegins(request),
      onShouldRetry: error => this.shouldRetry(error),
      onProgress: sent => this.progress(sent),
      onChunkComplete: (size, accepted) => this.pieceArrived(size, accepted),
      onSuccess: () => this.finish('sent'),
      onError: error => this.fail(error),
    })
    this.retryNow = this.retryNow.bind(this)
  }

  start() {
    this.state = 'sending'
    this.problem = undefined
    this.moved()
    remember({ id: this.id, file: this.file, received: this.sent })
    addEventListener('online', this.retryNow)
    this.watchdog ??= setInterval(() => this.watch(), 2000)
    this.tus.start()
    this.changed()
  }

  requestBegins(request) {
    this.pieceBegan = performance.now()
    this.pieceStart = request.getMethod() === 'PATCH' ? Number(request.getHeader('Upload-Offset')) : undefined
    this.pieceSent = 0
  }

  /**
   * A line can die without a word, or become so slow that a piece takes for ever: then the request is given up
   * and begun again from what arrived, in smaller pieces.
   */
  watch() {
    if (this.state !== 'sending') return
    const stalled = performance.now() - this.movedAt > STALLED_MS
    if (!stalled && !this.takesTooLong()) return
    const seconds = (performance.now() - this.pieceBegan) / 1000
    this.tus.options.chunkSize = nextPieceSize(this.pieceSent, seconds)
    this.retryNow()
  }

  takesTooLong() {
    const seconds = (performance.now() - this.pieceBegan) / 1000
    const size = this.tus.options.chunkSize
    if (this.pieceStart === undefined || seconds < TOO_LONG_SECONDS || size <= SMALLEST_PIECE) return false
    const end = Math.min(this.pieceStart + size, this.file.size)
    return end - this.pieceStart - this.pieceSent > size / 4
  }

  async retryNow() {
    if (this.state === 'sent' || this.state === 'ended') return
    await this.tus.abort()
    this.start()
  }

  shouldRetry(error) {
    const status = error.originalResponse?.getStatus() ?? 0
    this.tus.options.chunkSize = smallerPieceSize(this.tus.options.chunkSize)
    const again = status === 0 || status >= 500 || [409, 423, 429, 460].includes(status)
    if (again) this.setState('retrying')
    return again
  }

  progress(sent) {
    this.moved()
    if (this.pieceStart !== undefined) this.pieceSent = sent - this.pieceStart
    this.sent = Math.max(this.sent, sent)
    this.rate.add(this.sent)
    if (this.state === 'retrying') this.state = 'sending'
    this.changed()
  }

  pieceArrived(size, accepted) {
    const seconds = (performance.now() - this.pieceBegan) / 1000
    this.tus.options.chunkSize = nextPieceSize(size, seconds)
    this.moved()
    remember({ id: this.id, file: this.file, received: accepted })
  }

  fail(error) {
    const status = error.originalResponse?.getStatus() ?? 0
    if (status >= 400 && status < 500 && ![409, 423, 429, 460].includes(status)) return this.finish('ended')
    this.stopWatching()
    this.problem = isUnreadable(error)
      ? `${this.file.name} cannot be read any more. Was it moved, changed or unplugged? Choose it again to go on.`
      : 'The connection did not come back. What has arrived is kept.'
    this.setState('stopped')
  }

  finish(state) {
    this.stopWatching()
    forget(this.id)
    this.setState(state)
  }

  /** Stops sending: the import was cancelled, or has failed already. */
  async end() {
    if (this.state === 'sent' || this.state === 'ended') return
    this.finish('ended')
    await this.tus.abort()
  }

  moved() {
    this.movedAt = performance.now()
  }

  stopWatching() {
    removeEventListener('online', this.retryNow)
    clearInterval(this.watchdog)
    this.watchdog = undefined
  }

  setState(state) {
    this.state = state
    this.rate.reset()
    this.changed()
  }

  changed() {
    this.dispatchEvent(new Event('change'))
  }
}

/** The server will not take the file, however often it is asked. */
class Refused extends Error {}

/** The server cannot take it now, and says why. */
class Away extends Error {}

/** Creates the import of a file; answers its upload, not yet started. Tries again while the server is away. */
export async function createUpload(file, options, tries) {
  for (;;) {
    try {
      return await create(file, options)
    } catch (error) {
      tries -= 1
      if (error instanceof Refused) throw error
      if (tries <= 0 && error instanceof Away) throw error
      if (tries <= 0) throw new Error('The server could not be reached. Check your connection and choose the file again.')
      await new Promise(resolve => setTimeout(resolve, CREATE_AGAIN_MS))
    }
  }
}

async function create(file, options) {
  const metadata = { filename: file.name, ...options }
  const response = await fetch(API, {
    method: 'POST',
    signal: AbortSignal.timeout(CREATE_MS),
    headers: {
      'Tus-Resumable': TUS,
      'Upload-Length': String(file.size),
      'Upload-Metadata': Object.entries(metadata).map(([key, value]) => `${key} ${base64(value)}`).join(','),
    },
  })
  if (response.status >= 500) throw new Away(await problemOf(response))
  if (response.status !== 201) throw new Refused(await problemOf(response))
  const url = new URL(response.headers.get('Location'), location.href)
  return new Upload({ id: url.pathname.match(/imports\/([^/]+)\/file/)[1], url: url.pathname, file })
}

/** The upload of an import that was begun before. */
export function resumedUpload(id, file, received) {
  return new Upload({ id, url: `${API}/${id}/file`, file, received })
}

function base64(value) {
  return btoa(String.fromCharCode(...new TextEncoder().encode(value)))
}

async function problemOf(response) {
  const problem = await response.json().catch(() => ({}))
  return problem.errors?.[0]?.message ?? problem.detail ?? problem.title ?? `The server refused the file (${response.status}).`
}

function isUnreadable(error) {
  return error.name === 'NotReadableError' || error.name === 'NotFoundError' || /could not be read|NotReadable/i.test(error.message)
}
