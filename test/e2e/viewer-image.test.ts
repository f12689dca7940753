import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { decode } from 'fast-png'
import { rollRgbColumns } from '../../src/core/geometry/roll.ts'
import type { RgbImage } from '../../src/core/raster/raster.ts'
import type { FlatView, SphereView, View } from '../../src/renderer/src/viewer/types.ts'
import { openHarness } from './viewer/open-harness.ts'
import type { ViewerHarness, ViewerPage } from './viewer/open-harness.ts'
import { sphereReference } from './viewer/sphere-reference.ts'
import { noiseImage, rgbAt, sourceOf, toPng, wavesImage } from './viewer/synthetic.ts'

let harness: ViewerHarness
beforeAll(async () => {
  harness = await openHarness()
})
afterAll(() => harness.close())

const BACKGROUND = [18, 19, 22]
const served = new Map<RgbImage, string>()

function urlOf(image: RgbImage): string {
  const known = served.get(image)
  if (known) return known
  const url = harness.serve(`image-${served.size}.png`, toPng(image))
  served.set(image, url)
  return url
}

async function show(page: ViewerPage, image: RgbImage, projection = {}): Promise<void> {
  const source = sourceOf(urlOf(image), image, projection)
  await page.page.evaluate((given) => window.harness.viewer.setPanorama(given), source)
  await page.settled()
}

async function look(page: ViewerPage, view: View): Promise<{ width: number; height: number; data: Uint8Array }> {
  await page.page.evaluate((given) => window.harness.viewer.setView(given), view)
  return page.pixels()
}

const flat = (centerX: number, centerY: number, scale: number): FlatView => ({ kind: 'flat', centerX, centerY, scale })
const sphere = (yawDeg: number, pitchDeg: number, fovDeg: number): SphereView => ({ kind: 'sphere', yawDeg, pitchDeg, fovDeg })

/** largest difference of any channel of any pixel */
function worst(a: Uint8Array, b: Uint8Array): number {
  expect(a.length).toBe(b.length)
  let difference = 0
  for (let i = 0; i < a.length; i++) difference = Math.max(difference, Math.abs(a[i] - b[i]))
  return difference
}

describe('flat view', () => {
  const noise = noiseImage(512, 256)

  it('at scale 1 shows the exact bytes of every pixel, around the turn too', async () => {
    const page = await harness.open()
    await show(page, noise)
    for (const [centerX, centerY] of [[256, 128], [0, 130], [511, 126]]) {
      const { width, height, data } = await look(page, flat(centerX, centerY, 1))
      expect([width, height]).toEqual([400, 250])
      let wrong = 0
      for (let y = 0; y < height; y++) {
        for (let x = 0; x < width; x++) {
          const px = (((centerX - 200 + x) % 512) + 512) % 512
          const expected = rgbAt(noise, px, centerY - 125 + y, 3)
          const found = rgbAt({ width, data }, x, y, 4)
          if (expected.some((value, c) => value !== found[c])) wrong++
        }
      }
      expect(wrong).toBe(0)
    }
    await page.close()
  })

  it('shows exact bytes at a devicePixelRatio of 1.5 and after a resize', async () => {
    const page = await harness.open({}, { deviceScaleFactor: 1.5 })
    await show(page, noise)
    await page.page.evaluate(() => window.harness.resize(267, 131))
    const { width, height, data } = await look(page, flat(256, 128, 1))
    // 267 * 1.5 = 400.5, 131 * 1.5 = 196.5: whole device pixels, either way of rounding
    expect(Math.abs(width - 400.5)).toBe(0.5)
    expect(Math.abs(height - 196.5)).toBe(0.5)
    const [left, top] = [Math.round(256 - width / 2), Math.round(128 - height / 2)]
    expect(rgbAt({ width, data }, 0, 0, 4)).toEqual(rgbAt(noise, left, top, 3))
    expect(rgbAt({ width, data }, 300, 150, 4)).toEqual(rgbAt(noise, left + 300, top + 150, 3))
    await page.close()
  })

  it('shows the dark outside of a panorama, and a partial one does not wrap', async () => {
    const page = await harness.open()
    await show(page, noise, { hfovDeg: 180, cyclic: false })
    const { width, data } = await look(page, flat(0, 0, 0.1))
    // 512 x 256 in 400 x 250: width fits, 25 rows stay free above and below
    expect(rgbAt({ width, data }, 200, 5, 4)).toEqual(BACKGROUND)
    expect(rgbAt({ width, data }, 200, 245, 4)).toEqual(BACKGROUND)
    expect(rgbAt({ width, data }, 200, 125, 4)).not.toEqual(BACKGROUND)
    const view = await page.page.evaluate(() => window.harness.viewer.view())
    expect(view).toEqual(flat(256, 128, 400 / 512))
    const left = await look(page, flat(0, 128, 2))
    expect(await page.page.evaluate(() => window.harness.viewer.view())).toEqual(flat(100, 128, 2))
    expect(rgbAt(left, 0, 125, 4).every((value, c) => Math.abs(value - rgbAt(noise, 0, 128, 3)[c]) < 128)).toBe(true)
    await page.close()
  })
})

describe('the seam', () => {
  it('leaves no line at +-180 degrees: a rolled panorama seen rolled is the same picture', async () => {
    // noise: a neighbour from the wrong place, or a mip level from a jump in yaw, shows at once
    const image = noiseImage(1024, 512)
    const page = await harness.open()
    const views: View[] = [
      // scales at which half a turn is a whole number of device pixels
      flat(0, 256, 0.5), flat(0, 256, 0.6875), flat(0, 256, 0.75), flat(3.3, 256, 1), flat(0, 200, 2.75), flat(1, 300, 23),
      sphere(180, 0, 20), sphere(180, 10, 75), sphere(-179, -40, 115), sphere(180, 85, 60),
    ]
    await show(page, image)
    const atSeam: Uint8Array[] = []
    for (const view of views) atSeam.push((await look(page, view)).data)
    await show(page, rollRgbColumns(image, 512))
    for (const [i, view] of views.entries()) {
      const turned = view.kind === 'flat' ? { ...view, centerX: view.centerX + 512 } : { ...view, yawDeg: view.yawDeg - 180 }
      expect(worst((await look(page, turned)).data, atSeam[i]), JSON.stringify(view)).toBeLessThanOrEqual(view.kind === 'flat' ? 1 : 8)
    }
    await page.close()
  })
})

describe('sphere view', () => {
  const waves = wavesImage(1024, 512)
  const views = [sphere(0, 0, 75), sphere(175, 20, 60), sphere(-179, -35, 90), sphere(40, 88, 70), sphere(100, -90, 40)]

  it('is the projection that core/geometry computes, poles and seam included', async () => {
    const page = await harness.open()
    await show(page, waves)
    for (const view of views) {
      const seen = await look(page, view)
      const expected = sphereReference(waves, sourceOf('', waves).projection, { view, canvas: seen, background: BACKGROUND })
      expect(worst(seen.data, expected)).toBeLessThanOrEqual(3)
    }
    await page.close()
  })

  it('shows partial fields of view with the dark around them', async () => {
    const strip: RgbImage = { width: 600, height: 128, data: wavesImage(600, 128).data }
    const projection = { hfovDeg: 200, vfovDeg: 50, horizonOffsetPx: 10, cyclic: false }
    const page = await harness.open()
    await show(page, strip, projection)
    for (const view of [sphere(0, 0, 80), sphere(95, 5, 60), sphere(180, 0, 60)]) {
      const seen = await look(page, view)
      const expected = sphereReference(strip, { ...sourceOf('', strip).projection, ...projection }, { view, canvas: seen, background: BACKGROUND })
      let differing = 0
      for (let i = 0; i < expected.length; i += 4) {
        if ([0, 1, 2].some((c) => Math.abs(expected[i + c] - seen.data[i + c]) > 3)) differing++
      }
      // only pixels whose centre lies on the edge itself may fall to either side
      expect(differing / (expected.length / 4)).toBeLessThan(0.002)
    }
    await page.close()
  })
})

describe('tiles', () => {
  const views: View[] = [
    flat(250, 125, 1), flat(0, 125, 0.8), flat(250, 125, 0.5), flat(128, 60, 3.3), flat(499, 200, 17),
    sphere(0, 0, 75), sphere(180, 30, 90), sphere(30, -85, 60),
  ]
  // a size that neither tiles nor mip texels divide
  for (const [width, height] of [[500, 250], [1031, 517]]) {
    it(`make the same picture as one texture (${width} x ${height})`, async () => {
      const image = noiseImage(width, height)
      const whole = await harness.open()
      const tiled = await harness.open({ maxTextureSize: 128 })
      await show(whole, image)
      await show(tiled, image)
      for (const view of views) {
        expect(worst((await look(tiled, view)).data, (await look(whole, view)).data)).toBeLessThanOrEqual(1)
      }
      const read = await tiled.layer('image')
      const expected = new Uint8Array(width * height * 4).fill(255)
      for (let i = 0; i < width * height; i++) expected.set(image.data.subarray(i * 3, i * 3 + 3), i * 4)
      expect(Buffer.compare(Buffer.from(read!.data.buffer), expected)).toBe(0)
      await whole.close()
      await tiled.close()
    })
  }

  it('hold panoramas beyond the usual texture limit', async () => {
    const long = noiseImage(20_000, 40)
    const page = await harness.open()
    await show(page, long)
    for (const centerX of [0, 8192, 16_384, 19_990]) {
      const { width, data } = await look(page, flat(centerX, 20, 1))
      for (const x of [0, 100, 199, 200, 399]) {
        const px = (((centerX - 200 + x) % 20_000) + 20_000) % 20_000
        expect(rgbAt({ width, data }, x, 125, 4)).toEqual(rgbAt(long, px, 20, 3))
      }
    }
    await page.close()
  })
})

describe('picture', () => {
  it('a snapshot is what the canvas shows', async () => {
    const page = await harness.open()
    await show(page, wavesImage(512, 256))
    const { width, height, data } = await look(page, sphere(20, 10, 70))
    const png = decode(await page.snapshot())
    expect([png.width, png.height]).toEqual([width, height])
    const channels = png.channels
    let wrong = 0
    for (let i = 0; i < width * height; i++) {
      for (let c = 0; c < 3; c++) if (png.data[i * channels + c] !== data[i * 4 + c]) wrong++
    }
    expect(wrong).toBe(0)
    await page.close()
  })

  it('is drawn only when something changed', async () => {
    const page = await harness.open()
    await show(page, wavesImage(512, 256))
    await page.page.waitForTimeout(200)
    const before = await page.page.evaluate(() => window.harness.draws())
    await page.page.waitForTimeout(500)
    expect(await page.page.evaluate(() => window.harness.draws())).toBe(before)
    await page.page.evaluate(async () => {
      for (let i = 0; i < 20; i++) window.harness.viewer.setView({ kind: 'flat', centerX: i })
      await window.harness.viewer.settled()
    })
    expect(await page.page.evaluate(() => window.harness.draws())).toBe(before + 1)
    await page.close()
  })

  it('comes back after the GPU context was lost', async () => {
    const page = await harness.open({ maxTextureSize: 256 })
    await show(page, wavesImage(512, 256))
    const before = await look(page, flat(10, 128, 1.3))
    await page.page.evaluate(() => window.harness.loseContext())
    expect(await page.page.evaluate(() => window.harness.viewer.state().gpu)).toBe('lost')
    await page.page.evaluate(() => window.harness.restoreContext())
    await page.settled()
    const after = await page.pixels()
    expect(worst(after.data, before.data)).toBe(0)
    await page.close()
  })
})
