// Who asks for less motion gets none. That the same steps move something for everybody else shows that it would be seen.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { csv } from './support/server.mjs'
import { openShop } from './support/shop.mjs'

const shop = openShop(csv(30, 'MOVE'))

/** Notes from now on what begins to move: the names of animations, and of properties that change little by little. */
function watchMotion(page) {
  return page.evaluate(() => {
    window.begun = []
    for (const type of ['animationstart', 'transitionrun']) {
      addEventListener(type, event => window.begun.push(event.animationName ?? event.propertyName), true)
    }
  })
}

/** What has begun to move since, and what moves now. */
function moved(page) {
  return page.evaluate(async () => {
    for (let frame = 0; frame < 2; frame += 1) await new Promise(requestAnimationFrame)
    const lasting = document.getAnimations().filter(({ effect }) => effect.getComputedTiming().activeDuration > 1)
    return [...window.begun, ...lasting.map(({ animationName, transitionProperty }) => animationName ?? transitionProperty ?? 'a script')]
  })
}

/** An import whose file does not arrive. */
async function openUpload() {
  const answer = await fetch(`${shop.server.address}/api/v1/imports`, {
    method: 'POST',
    headers: { 'Tus-Resumable': '1.0.0', 'Upload-Length': '100000000' },
  })
  return answer.headers.get('location').split('/').at(-2)
}

async function useList(options) {
  const page = await shop.visit('/products', options)
  await watchMotion(page)
  await page.getByRole('link', { name: 'New product' }).hover()
  await page.locator('tbody [name=ids]').first().check()
  await page.locator('tbody .switch').nth(1).click()
  await page.locator('.toast', { hasText: 'active now' }).waitFor()
  await page.route(/\/products\?q=/, () => {})
  await page.locator('#search').fill('move')
  await page.locator('.results.is-waiting').waitFor()
  return moved(page)
}

async function lookAt(path, options) {
  const page = await shop.visit(path, options)
  await watchMotion(page)
  await page.locator('main .button').first().hover()
  return moved(page)
}

test('nothing moves for whoever asks for that, in the list and on the pages of imports', async () => {
  const id = await openUpload()
  for (const [steps, expected] of [
    [useList, ['background-color', 'transform', 'toast-in', 'skeleton']],
    [options => lookAt('/imports', options), ['badge-pulse']],
    [options => lookAt(`/imports/${id}`, options), ['background-color']],
  ]) {
    const usual = await steps({ reducedMotion: 'no-preference' })
    for (const name of expected) assert.ok(usual.includes(name), `${name} in ${usual}`)
    await shop.page.context().close()
    assert.deepEqual(await steps({ reducedMotion: 'reduce' }), [])
    await shop.page.context().close()
  }
  await fetch(`${shop.server.address}/api/v1/imports/${id}/cancellation`, { method: 'PUT' })
  await shop.visit('/imports')
})
