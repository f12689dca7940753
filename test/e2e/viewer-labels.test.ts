import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { encodeFusion } from '../../src/core/formats/bundles.ts'
import type { Raster } from '../../src/core/raster/raster.ts'
import { PROVENANCE_COLORS, confidenceColor } from '../../src/renderer/src/viewer/palette.ts'
import { LAYERS } from '../../src/renderer/src/viewer/types.ts'
import type { LayerName, View } from '../../src/renderer/src/viewer/types.ts'
import { openHarness } from './viewer/open-harness.ts'
import type { ViewerHarness, ViewerPage } from './viewer/open-harness.ts'
import type { HarnessOptions } from './viewer/harness-page.ts'
import { sphereLookup } from './viewer/sphere-reference.ts'
import { serveStreet } from './viewer/street.ts'
import type { ServedStreet } from './viewer/street.ts'
import { classColor, labelCells, noiseImage, rgbAt, sourceOf, toPng } from './viewer/synthetic.ts'

/** Colours of the layers, pixel by pixel. The canvas is 400 x 250, the panorama larger. */
const SIZE = { width: 512, height: 256 }
const IMAGE = noiseImage(SIZE.width, SIZE.height)
const LABEL = labelCells(SIZE.width, SIZE.height, 9)
const MIDDLE = { kind: 'flat', centerX: 256, centerY: 128, scale: 1 } as const
const SEAM = { kind: 'flat', centerX: 2, centerY: 128, scale: 1 } as const
const ONLY = (layer: LayerName, opacity = 1): HarnessOptions => ({
  layers: { label: { visible: false }, [layer]: { visible: true, opacity } },
})

let harness: ViewerHarness
let street: ServedStreet
let cells: { source: ReturnType<typeof sourceOf>; fusion: string }
beforeAll(async () => {
  harness = await openHarness()
  street = serveStreet(harness, { ...SIZE, masks: 120 })
  const plain = (value: number): Raster => ({ ...SIZE, data: new Uint8Array(SIZE.width * SIZE.height).fill(value) })
  cells = {
    source: sourceOf(harness.serve('cells.png', toPng(IMAGE)), SIZE),
    fusion: harness.serve('cells-fusion', encodeFusion({
      label: LABEL, confidence: plain(200), provenance: plain(1), mask: { ...SIZE, data: new Uint32Array(SIZE.width * SIZE.height) },
    })),
  }
})
afterAll(() => harness.close())

async function showCells(page: ViewerPage): Promise<void> {
  await page.page.evaluate(([source, fusion]) => {
    window.harness.viewer.setPanorama(source)
    window.harness.viewer.setArtifacts({ masks: null, semantics: null, boundary: null, fusion, runFusion: null })
  }, [cells.source, cells.fusion] as const)
  await page.settled()
}

async function showStreet(page: ViewerPage): Promise<void> {
  await page.page.evaluate(([source, artifacts]) => {
    window.harness.viewer.setPanorama(source)
    window.harness.viewer.setArtifacts(artifacts)
  }, [street.source, street.artifacts] as const)
  await page.settled()
}

async function look(page: ViewerPage, view: View): Promise<{ width: number; height: number; data: Uint8Array }> {
  await page.page.evaluate((given) => window.harness.viewer.setView(given), view)
  return page.pixels()
}

type Rgb = readonly number[]

/** Every canvas pixel at scale 1 against a colour computed from the panorama pixel it shows. */
function expectPixels(
  seen: { width: number; height: number; data: Uint8Array }, view: { centerX: number; centerY: number },
  { expected, tolerance = 0 }: { expected: (x: number, y: number) => Rgb; tolerance?: number },
): void {
  let wrong = 0
  let first = ''
  for (let y = 0; y < seen.height; y++) {
    for (let x = 0; x < seen.width; x++) {
      const px = (((view.centerX - seen.width / 2 + x) % SIZE.width) + SIZE.width) % SIZE.width
      const color = expected(px, view.centerY - seen.height / 2 + y)
      const found = rgbAt(seen, x, y, 4)
      if (color.every((value, c) => Math.abs(value - found[c]) <= tolerance)) continue
      wrong++
      first ||= `at canvas ${x}, ${y}: ${found.join()} instead of ${color.join()}`
    }
  }
  expect(wrong, first).toBe(0)
}

const image = (x: number, y: number): Rgb => rgbAt(IMAGE, x, y, 3)
const valueAt = (raster: Raster, x: number, y: number): number => raster.data[y * raster.width + x]
const blend = (below: Rgb, above: Rgb | null, opacity: number): Rgb => (above ? below.map((value, c) => value * (1 - opacity) + above[c] * opacity) : below)

function cellsWithout(...hidden: number[]): (x: number, y: number) => Rgb {
  return (x, y) => {
    const value = valueAt(LABEL, x, y)
    return (hidden.includes(value) ? null : classColor(value)) ?? image(x, y)
  }
}

describe('fused label', () => {
  it('at opacity 1 has the exact colours of the dataset, and ignore is the image', async () => {
    const page = await harness.open(ONLY('label'))
    await showCells(page)
    for (const view of [MIDDLE, SEAM]) {
      expectPixels(await look(page, view), view, { expected: (x, y) => classColor(valueAt(LABEL, x, y)) ?? image(x, y) })
    }
    await page.close()
  })

  it('blends with the image by its opacity', async () => {
    const page = await harness.open()
    await showCells(page)
    for (const opacity of [0.25, 0.5, 0.9]) {
      await page.page.evaluate((value) => window.harness.viewer.setLayer('label', { opacity: value }), opacity)
      expectPixels(await look(page, MIDDLE), MIDDLE, {
        expected: (x, y) => blend(image(x, y), classColor(valueAt(LABEL, x, y)), opacity), tolerance: 1,
      })
    }
    await page.page.evaluate(() => {
      window.harness.viewer.setLayer('label', { visible: false })
      window.harness.viewer.setLayer('image', { opacity: 0.5 })
    })
    expectPixels(await look(page, MIDDLE), MIDDLE, { expected: (x, y) => blend([18, 19, 22], image(x, y), 0.5), tolerance: 1 })
    await page.close()
  })

  it('classes are switched off and on through the palette', async () => {
    const page = await harness.open(ONLY('label'))
    await showCells(page)
    await page.page.evaluate(() => [3, 10].forEach((trainId) => window.harness.viewer.setClassVisible(trainId, false)))
    expectPixels(await look(page, MIDDLE), MIDDLE, { expected: cellsWithout(3, 10) })
    await page.page.evaluate(() => window.harness.viewer.setClassVisible(3, true))
    expectPixels(await look(page, MIDDLE), MIDDLE, { expected: cellsWithout(10) })
    await page.close()
  })

  it('lies on the sphere where core/geometry says', async () => {
    const page = await harness.open(ONLY('label'))
    await showCells(page)
    for (const view of [
      { kind: 'sphere', yawDeg: 0, pitchDeg: 0, fovDeg: 75 } as const,
      { kind: 'sphere', yawDeg: 179, pitchDeg: -25, fovDeg: 50 } as const,
      { kind: 'sphere', yawDeg: -60, pitchDeg: 70, fovDeg: 90 } as const,
    ]) {
      const seen = await look(page, view)
      let wrong = 0
      for (let y = 0; y < seen.height; y++) {
        for (let x = 0; x < seen.width; x++) {
          const at = sphereLookup(SIZE, cells.source.projection, { view, canvas: seen, x, y })!
          const expected = classColor(valueAt(LABEL, Math.floor(at.x), Math.floor(at.y)))
          if (expected && expected.some((value, c) => value !== rgbAt(seen, x, y, 4)[c])) wrong++
        }
      }
      // single precision may fall to the other side of a texel's edge
      expect(wrong / (seen.width * seen.height)).toBeLessThan(0.001)
    }
    await page.close()
  })

  it('keeps exact colours at 8 device pixels per panorama pixel, in tiles', async () => {
    const page = await harness.open({ ...ONLY('label'), maxTextureSize: 100 })
    await showCells(page)
    const seen = await look(page, { kind: 'flat', centerX: 200, centerY: 100, scale: 8 })
    let wrong = 0
    for (let y = 0; y < seen.height; y++) {
      for (let x = 0; x < seen.width; x++) {
        const expected = classColor(valueAt(LABEL, Math.floor(175 + (x + 0.5) / 8), Math.floor(84.375 + (y + 0.5) / 8)))
        if (expected && expected.some((value, c) => value !== rgbAt(seen, x, y, 4)[c])) wrong++
      }
    }
    expect(wrong).toBe(0)
    await page.close()
  })
})

describe('every layer', () => {
  const colors: Partial<Record<LayerName, (x: number, y: number) => Rgb | null>> = {
    semantics: (x, y) => classColor(valueAt(street.scene.semantics.label, x, y)),
    label: (x, y) => classColor(valueAt(street.fused.label, x, y)),
    confidence: (x, y) => confidenceColor(valueAt(street.fused.confidence, x, y)),
    provenance: (x, y) => PROVENANCE_COLORS[valueAt(street.fused.provenance, x, y) as 0],
    boundary: (x, y) => (valueAt(street.boundary, x, y) ? [255, 236, 61] : null),
  }
  for (const layer of Object.keys(colors) as (keyof typeof colors)[]) {
    it(`${layer}: the right colour at every pixel, around the turn too`, async () => {
      const page = await harness.open(ONLY(layer))
      await showStreet(page)
      for (const view of [MIDDLE, SEAM]) {
        expectPixels(await look(page, view), view, { expected: (x, y) => colors[layer]!(x, y) ?? image(x, y) })
      }
      await page.close()
    })
  }

  it('can be read back exactly', async () => {
    const page = await harness.open()
    await showStreet(page)
    const rasters: Partial<Record<LayerName, Raster>> = {
      semantics: street.scene.semantics.label, label: street.fused.label, confidence: street.fused.confidence,
      provenance: street.fused.provenance, boundary: street.boundary,
    }
    for (const layer of Object.keys(rasters) as (keyof typeof rasters)[]) {
      const read = (await page.layer(layer))!
      expect([read.width, read.height]).toEqual([SIZE.width, SIZE.height])
      expect(Buffer.compare(Buffer.from(read.data.buffer), Buffer.from(rasters[layer]!.data)), layer).toBe(0)
    }
    await page.close()
  })

  it('tiled and whole make the same picture, all layers together', async () => {
    const all: HarnessOptions = { layers: Object.fromEntries(LAYERS.map((layer) => [layer, { visible: true, opacity: 0.5 }])) }
    const whole = await harness.open(all)
    const tiled = await harness.open({ ...all, maxTextureSize: 100 })
    await showStreet(whole)
    await showStreet(tiled)
    for (const view of [
      MIDDLE, SEAM, { kind: 'flat', centerX: 100, centerY: 128, scale: 0.8 } as const,
      { kind: 'sphere', yawDeg: 170, pitchDeg: 30, fovDeg: 90 } as const,
    ]) {
      const [a, b] = [await look(tiled, view), await look(whole, view)]
      let worst = 0
      for (let i = 0; i < a.data.length; i++) worst = Math.max(worst, Math.abs(a.data[i] - b.data[i]))
      expect(worst).toBeLessThanOrEqual(1)
    }
    await whole.close()
    await tiled.close()
  })
})

describe('SAM masks', () => {
  it('have one colour each, a dark outline where two meet, and nothing where there is none', async () => {
    const page = await harness.open({ ...ONLY('masks'), highlightMask: false })
    await showStreet(page)
    const masks = (await page.layer('masks'))!
    const id = (x: number, y: number): number => masks.data[y * SIZE.width + ((x + SIZE.width) % SIZE.width)]
    const inside = new Map<number, string>()
    let outlined = 0
    for (const view of [MIDDLE, SEAM]) {
      const seen = await look(page, view)
      for (let y = 0; y < seen.height; y++) {
        for (let x = 0; x < seen.width; x++) {
          const [px, py] = [(view.centerX - 200 + x + SIZE.width) % SIZE.width, 3 + y]
          const here = id(px, py)
          const edge = [id(px - 1, py), id(px + 1, py), id(px, py - 1), id(px, py + 1)].some((other) => other !== here)
          const color = rgbAt(seen, x, y, 4)
          if (here === 0) {
            expect(color).toEqual([...image(px, py)])
          } else if (edge) {
            outlined++
            // the outline is opaque: the mask's colour, darkened
            expect(Math.max(...color)).toBeLessThanOrEqual(115)
          } else {
            // 0.7 of the mask's colour over 0.3 of the image
            const own = color.map((value, c) => Math.round((value - 0.3 * image(px, py)[c]) / 0.7 / 4))
            const known = inside.get(here)
            if (known === undefined) inside.set(here, own.join())
            else expect(known.split(',').every((value, c) => Math.abs(Number(value) - own[c]) <= 1)).toBe(true)
          }
        }
      }
    }
    expect(outlined).toBeGreaterThan(100)
    expect(inside.size).toBeGreaterThan(5)
    expect(new Set(inside.values()).size).toBe(inside.size)
    await page.close()
  })

  it('the one under the cursor is outlined in white, and the outline goes with the cursor', async () => {
    const page = await harness.open(ONLY('image'))
    await showStreet(page)
    await look(page, MIDDLE)
    const masks = (await page.layer('masks'))!
    const count = async (): Promise<number> => {
      await page.settled()
      const { data, width, height } = await page.pixels()
      let white = 0
      for (let i = 0; i < width * height; i++) if (data[i * 4] + data[i * 4 + 1] + data[i * 4 + 2] === 765) white++
      return white
    }
    const none = await count()
    const at = masks.data.findIndex((value, i) => value !== 0 && i % 512 > 100 && i % 512 < 400 && i > 512 * 60)
    await page.page.mouse.move((at % 512) - 56 + 0.5, Math.floor(at / 512) - 3 + 0.5)
    expect(await count()).toBeGreaterThan(none + 20)
    await page.page.mouse.move(700, 600)
    expect(await count()).toBe(none)
    await page.close()
  })
})
