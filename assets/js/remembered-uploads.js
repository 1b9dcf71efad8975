// Which uploads this browser began and did not end, so that a page can offer to go on with them.

const PREFIX = 'upload:'
const DAYS_KEPT = 7

export function remember({ id, file, received }) {
  const { name, size, lastModified } = file
  store(id, { id, name, size, lastModified, received, at: Date.now() })
}

export function forget(id) {
  try {
    localStorage.removeItem(PREFIX + id)
  } catch {
    // A browser that keeps nothing has nothing to forget.
  }
}

export function recall(id) {
  return all().find(upload => upload.id === String(id))
}

/** The newest first. */
export function all() {
  try {
    const oldest = Date.now() - DAYS_KEPT * 86_400_000
    return Object.keys(localStorage)
      .filter(key => key.startsWith(PREFIX))
      .map(key => JSON.parse(localStorage.getItem(key)))
      .filter(upload => upload.at > oldest || forget(upload.id))
      .sort((one, other) => other.at - one.at)
  } catch {
    return []
  }
}

/** Why this file cannot go on where `upload` stopped; nothing when it can. */
export function mismatch(upload, file) {
  if (file.name !== upload.name) return `That is ${file.name}. Please choose ${upload.name}.`
  if (upload.size && file.size !== upload.size) return `This ${file.name} has another size than the one that was being uploaded. Import it as a new file instead.`
  if (upload.lastModified && file.lastModified !== upload.lastModified) return `${file.name} was changed since the upload began. Import it as a new file instead, so that two versions do not get mixed.`
  return undefined
}

function store(id, upload) {
  try {
    localStorage.setItem(PREFIX + id, JSON.stringify(upload))
  } catch {
    // Full or forbidden: the upload itself goes on, only the offer to resume it is lost.
  }
}
