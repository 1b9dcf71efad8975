// Which products are selected: some of them by id, or everything that matches. Kept for as long as the tab shows the
// same products, and dropped as soon as it shows others: a selection never outlives its filter.

export class Selected {
  /** At most so many can be ticked; of everything that matches there may be more. */
  constructor(storage, most, key = 'selected-products') {
    Object.assign(this, { storage, most, key })
    this.filter = ''
    this.ids = new Set()
    this.everything = null
    this.last = null
  }

  /** Tells which products are shown now; answers whether a selection had to be dropped for it. */
  shown(filter) {
    if (this.filter === filter && this.isRead) return false
    const kept = this.isRead ? null : this.read()
    this.isRead = true
    const hadSome = this.count > 0
    this.filter = filter
    this.ids = new Set(kept?.filter === filter ? kept.ids : [])
    this.everything = kept?.filter === filter ? kept.everything : null
    this.last = null
    this.keep()
    return hadSome
  }

  get count() {
    return this.everything ?? this.ids.size
  }

  /** Whether no more can be ticked. */
  get isFull() {
    return this.everything === null && this.ids.size >= this.most
  }

  has(id) {
    return this.everything !== null || this.ids.has(id)
  }

  /** One product. Letting go of one of everything leaves the others of its page. */
  set(id, isSelected, page) {
    if (this.everything !== null && !isSelected) {
      this.everything = null
      this.ids = new Set(page)
    }
    if (!isSelected) this.ids.delete(id)
    else if (!this.isFull) this.ids.add(id)
    this.last = id
    this.keep()
  }

  /** Everything from the last one to this one, as they stand on the page. */
  setTo(id, isSelected, page) {
    const from = page.indexOf(this.last)
    const to = page.indexOf(id)
    const range = from < 0 ? [id] : page.slice(Math.min(from, to), Math.max(from, to) + 1)
    for (const one of range) this.set(one, isSelected, page)
    this.last = id
  }

  setPage(page, isSelected) {
    for (const id of page) this.set(id, isSelected, page)
    this.last = null
  }

  /** Everything that matches, which are so many. */
  setEverything(count) {
    this.everything = count
    this.ids = new Set()
    this.keep()
  }

  /** Lets go of those that something was done with, a set of ids, and of no others that were ticked meanwhile; or of all. */
  letGo(done) {
    if (done === null) {
      if (this.everything !== null) this.clear()
      return
    }
    for (const id of done) this.ids.delete(id)
    this.keep()
  }

  clear() {
    this.everything = null
    this.ids = new Set()
    this.last = null
    this.keep()
  }

  read() {
    try {
      return JSON.parse(this.storage.getItem(this.key))
    } catch {
      return null
    }
  }

  keep() {
    try {
      if (this.count === 0) this.storage.removeItem(this.key)
      else this.storage.setItem(this.key, JSON.stringify({ filter: this.filter, ids: [...this.ids], everything: this.everything }))
    } catch {
      // A full or forbidden storage only means that the selection ends with the page.
    }
  }
}
