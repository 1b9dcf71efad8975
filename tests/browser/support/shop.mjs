// A shop with products in it, and one page at a time that looks at its list, for a file of tests.

import assert from 'node:assert/strict'
import { after, afterEach, before } from 'node:test'
import { openBrowser, openPage, scripted } from './browser.mjs'
import { Server } from './server.mjs'

/** Opens before the first test and closes after the last; `shop.page` is the page of `shop.visit`. */
export function openShop(content) {
  const shop = {
    async visit(path, options = {}) {
      shop.page = await openPage(shop.browser, { baseURL: shop.server.address, ...options })
      await shop.page.goto(path)
      await scripted(shop.page)
      return shop.page
    },
  }
  before(async () => {
    shop.server = await new Server().start()
    shop.browser = await openBrowser()
    await shop.server.imported(content)
  })
  after(async () => {
    await shop.browser?.close()
    await shop.server?.stop()
  })
  afterEach(async () => {
    assert.deepEqual(shop.page.problems, [])
    await shop.page.context().close()
  })
  return shop
}
