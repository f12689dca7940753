import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { FlatView, HoverInfo, SphereView, View } from '../../src/renderer/src/viewer/types.ts'
import { openHarness } from './viewer/open-harness.ts'
import type { ViewerHarness, ViewerPage } from './viewer/open-harness.ts'
import { sphereLookup } from './viewer/sphere-reference.ts'
import { noiseImage, rgbAt, sourceOf, toPng, wavesImage } from './viewer/synthetic.ts'

const WAVES = wavesImage(512, 256)
const NOISE = noiseImage(512, 256)

let harness: ViewerHarness
let waves: string
let slow: string
beforeAll(async () => {
  harness = await openHarness()
  waves = harness.serve('waves.png', toPng(WAVES))
  slow = harness.serve('slow.png', toPng(NOISE), { delayMs: 1500 })
})
afterAll(() => harness.close())

async function start(page: ViewerPage, url: string, size = { width: 512, height: 256 }): Promise<void> {
  await page.page.evaluate((given) => window.harness.viewer.setPanorama(given), sourceOf(url, size))
}

async function look(page: ViewerPage, view: View): Promise<void> {
  await page.page.evaluate(async (given) => {
    window.harness.viewer.setView(given)
    await window.harness.viewer.settled()
  }, view)
}

const viewOf = (page: ViewerPage): Promise<View> => page.page.evaluate(() => window.harness.viewer.view())
const lastHover = (page: ViewerPage): Promise<HoverInfo | null> => page.page.evaluate(async () => {
  await window.harness.viewer.settled()
  return window.harness.hovers.at(-1) ?? null
})

async function topLeft(page: ViewerPage): Promise<number[]> {
  return rgbAt(await page.pixels(), 0, 0, 4)
}

describe('loading', () => {
  it('keeps the last picture until the next one is there, and tells the progress', async () => {
    const page = await harness.open()
    await start(page, waves)
    await page.settled()
    await look(page, { kind: 'flat', centerX: 256, centerY: 128, scale: 1 })
    const expected = rgbAt(WAVES, 56, 3, 3)
    expect(await topLeft(page)).toEqual(expected)
    await start(page, slow)
    await page.page.waitForTimeout(300)
    expect(await topLeft(page)).toEqual(expected)
    expect(await page.page.evaluate(() => window.harness.viewer.state().image)).toBe('loading')
    await page.settled()
    // same shape: what was looked at stays
    expect(await topLeft(page)).toEqual(rgbAt(NOISE, 56, 3, 3))
    const progress = await page.page.evaluate(() => window.harness.states.filter((s) => s.image === 'loading').map((s) => s.imageProgress))
    expect(progress.some((fraction) => fraction > 0 && fraction < 1)).toBe(true)
    await page.close()
  })

  it('aborts what is no longer wanted, and the last one wins', async () => {
    const page = await harness.open()
    const url = harness.serve('never-awaited.png', toPng(NOISE), { delayMs: 5000 })
    await start(page, url)
    await page.page.waitForTimeout(200)
    await start(page, waves)
    await page.settled()
    await look(page, { kind: 'flat', centerX: 256, centerY: 128, scale: 1 })
    expect(await topLeft(page)).toEqual(rgbAt(WAVES, 56, 3, 3))
    await expect.poll(() => harness.hungUp(url)).toBe(1)
    expect(await page.page.evaluate(() => window.harness.viewer.state().error)).toBeNull()
    await page.close()
  })

  it('a prefetched neighbour needs no second request; the cache is bounded', async () => {
    const page = await harness.open({ imageCacheBytes: 512 * 256 * 4 })
    const next = harness.serve('next.png', toPng(NOISE))
    await start(page, waves)
    await page.settled()
    await page.page.evaluate((given) => window.harness.viewer.prefetch(given), sourceOf(next, NOISE))
    await expect.poll(() => harness.requests(next)).toBe(1)
    await page.page.waitForTimeout(200)
    await start(page, next)
    await page.settled()
    expect(harness.requests(next)).toBe(1)
    // only one fits: going back asks again
    const before = harness.requests(waves)
    await start(page, waves)
    await page.settled()
    expect(harness.requests(waves)).toBe(before + 1)
    await page.close()
  })

  for (const [what, make, message] of [
    ['a missing file', () => '/files/gone.png', /HTTP 404.*run that step again/],
    ['a file that is no image', () => harness.serve('text.png', new TextEncoder().encode('no image')), /cannot be decoded.*Import it again/],
    ['an image of another size', () => harness.serve('small.png', toPng(noiseImage(64, 32))), /64 x 32 px.*512 x 256 px/],
  ] as const) {
    it(`says what is wrong with ${what}, and goes on with the next`, async () => {
      const page = await harness.open()
      await start(page, make())
      await page.settled()
      const state = await page.page.evaluate(() => window.harness.viewer.state())
      expect(state.image).toBe('failed')
      expect(state.error).toMatch(message)
      await start(page, waves)
      await page.settled()
      expect(await page.page.evaluate(() => window.harness.viewer.state())).toMatchObject({ image: 'ready', error: null })
      await page.close()
    })
  }

  it('an emptied viewer shows nothing', async () => {
    const page = await harness.open()
    await start(page, waves)
    await page.settled()
    await page.page.evaluate(() => window.harness.viewer.setPanorama(null))
    await page.settled()
    expect(await topLeft(page)).toEqual([18, 19, 22])
    expect(await page.layer('image')).toBeNull()
    await page.close()
  })
})

describe('mouse and keys', () => {
  it('dragging moves the picture with the cursor, plainly and with Space', async () => {
    const page = await harness.open()
    await start(page, waves)
    await page.settled()
    for (const space of [false, true]) {
      await look(page, { kind: 'flat', centerX: 100, centerY: 128, scale: 2 })
      await page.page.mouse.move(200, 100)
      if (space) await page.page.keyboard.down('Space')
      await page.page.mouse.down()
      await page.page.mouse.move(260, 90, { steps: 4 })
      await page.page.mouse.up()
      if (space) await page.page.keyboard.up('Space')
      expect(await viewOf(page)).toEqual({ kind: 'flat', centerX: 70, centerY: 133, scale: 2 })
    }
    // past the seam
    await page.page.mouse.move(100, 100)
    await page.page.mouse.down()
    await page.page.mouse.move(300, 100, { steps: 4 })
    await page.page.mouse.up()
    expect((await viewOf(page) as FlatView).centerX).toBe(512 - 30)
    await page.close()
  })

  it('the wheel zooms at the cursor, a double click shows everything again', async () => {
    const page = await harness.open()
    await start(page, waves)
    await page.settled()
    for (const view of [
      { kind: 'flat', centerX: 256, centerY: 128, scale: 2 } as const,
      { kind: 'sphere', yawDeg: 30, pitchDeg: 10, fovDeg: 60 } as const,
    ]) {
      await look(page, view)
      await page.page.mouse.move(320, 80)
      const before = await lastHover(page)
      for (let i = 0; i < 6; i++) await page.page.mouse.wheel(0, -100)
      await page.page.waitForTimeout(100)
      const after = await lastHover(page)
      const zoomed = await viewOf(page)
      if (zoomed.kind === 'flat') expect(zoomed.scale).toBeCloseTo(2 * 1.25 ** 6, 9)
      else expect(Math.tan((zoomed.fovDeg * Math.PI) / 360)).toBeCloseTo(Math.tan(Math.PI / 6) / 1.25 ** 6, 9)
      expect(after).toMatchObject({ x: before!.x, y: before!.y })
      await page.page.mouse.dblclick(320, 80)
    }
    expect(await viewOf(page)).toEqual({ kind: 'sphere', yawDeg: 0, pitchDeg: 0, fovDeg: 75 })
    await page.page.keyboard.press('s')
    expect(await viewOf(page)).toEqual({ kind: 'flat', centerX: 256, centerY: 128, scale: 400 / 512 })
    await page.close()
  })

  it('S changes between flat and sphere and keeps the middle; not while somebody types', async () => {
    const page = await harness.open()
    await start(page, waves)
    await page.settled()
    await look(page, { kind: 'flat', centerX: 384, centerY: 100, scale: 2 })
    await page.page.keyboard.press('s')
    const turned = await viewOf(page) as SphereView
    expect(turned.kind).toBe('sphere')
    expect(turned.yawDeg).toBeCloseTo(90, 9)
    expect(turned.pitchDeg).toBeCloseTo((28 / 256) * 180, 9)
    await page.page.evaluate(() => {
      const input = document.body.appendChild(document.createElement('input'))
      input.focus()
    })
    await page.page.keyboard.press('s')
    expect((await viewOf(page)).kind).toBe('sphere')
    await page.close()
  })
})

describe('hover', () => {
  it('names the pixel under the cursor in both views, and null outside', async () => {
    const page = await harness.open({ withReadout: true })
    await start(page, waves)
    await page.settled()
    await look(page, { kind: 'flat', centerX: 0, centerY: 128, scale: 4 })
    await page.page.mouse.move(201, 126)
    // 1.x px right of and below the middle, which is column 0, row 128
    expect(await lastHover(page)).toMatchObject({ x: 0, y: 128, label: null, explanation: null })
    await page.page.mouse.move(197, 120)
    const left = await lastHover(page)
    expect(left).toMatchObject({ x: 511, y: 126 })
    expect(left!.yawDeg).toBeCloseTo((511.5 / 512 - 0.5) * 360, 9)
    expect(left!.pitchDeg).toBeCloseTo(((128 - 126.5) / 256) * 180, 9)
    expect(await page.page.locator('#readout').textContent()).toBe('x 511, y 126 · yaw 179.6°, pitch 1.1°')

    const view = { kind: 'sphere', yawDeg: 170, pitchDeg: -20, fovDeg: 80 } as const
    await look(page, view)
    for (const [x, y] of [[50, 40], [390, 200], [200, 125]]) {
      await page.page.mouse.move(x, y)
      const hover = (await lastHover(page))!
      const at = sphereLookup(WAVES, sourceOf('', WAVES).projection, { view, canvas: { width: 400, height: 250 }, x: x - 0.5, y: y - 0.5 })!
      expect(hover).toMatchObject({ x: Math.floor(at.x), y: Math.floor(at.y) })
    }
    await page.page.mouse.move(600, 400)
    expect(await lastHover(page)).toBeNull()
    expect(await page.page.locator('#readout').textContent()).toBe('')
    await page.close()
  })

  it('is told at most once per frame', async () => {
    const page = await harness.open()
    await start(page, waves)
    await page.settled()
    const told = await page.page.evaluate(async () => {
      const canvas = document.querySelector('canvas')!
      const before = window.harness.hovers.length
      for (let x = 10; x < 390; x++) canvas.dispatchEvent(new PointerEvent('pointermove', { clientX: x, clientY: 100 }))
      await window.harness.viewer.settled()
      return window.harness.hovers.length - before
    })
    expect(told).toBe(1)
    await page.close()
  })

  it('follows the picture that moves under a resting cursor', async () => {
    const page = await harness.open()
    await start(page, waves)
    await page.settled()
    await look(page, { kind: 'flat', centerX: 256, centerY: 128, scale: 2 })
    await page.page.mouse.move(200.5, 125.5)
    expect(await lastHover(page)).toMatchObject({ x: 256, y: 128 })
    await look(page, { kind: 'flat', centerX: 300, centerY: 128, scale: 2 })
    expect(await lastHover(page)).toMatchObject({ x: 300, y: 128 })
    await page.close()
  })
})
