import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { RECIPES } from '../../src/core/goodsam/config.ts'
import type { FusionConfig } from '../../src/core/goodsam/config.ts'
import { explainPixel } from '../../src/core/goodsam/explain.ts'
import type { FusedPanorama } from '../../src/core/goodsam/types.ts'
import type { ArtifactUrls, HoverInfo, ViewerState } from '../../src/renderer/src/viewer/types.ts'
import { openHarness } from './viewer/open-harness.ts'
import type { ViewerHarness, ViewerPage } from './viewer/open-harness.ts'
import { serveStreet } from './viewer/street.ts'
import type { ServedStreet } from './viewer/street.ts'
import { classColor, rgbAt } from './viewer/synthetic.ts'

/** Live fusion against the core's own result, computed here from the same masks and semantics. */
const SIZE = { width: 512, height: 256, masks: 150 }
const RUN = RECIPES.goodsam.fusion

let harness: ViewerHarness
let street: ServedStreet
beforeAll(async () => {
  harness = await openHarness()
  street = serveStreet(harness, SIZE, RUN)
})
afterAll(() => harness.close())

async function show(page: ViewerPage, given: ServedStreet, artifacts: Partial<ArtifactUrls> = {}): Promise<void> {
  await page.page.evaluate(([source, urls]) => {
    window.harness.viewer.setPanorama(source)
    window.harness.viewer.setArtifacts(urls)
  }, [given.source, { ...given.artifacts, ...artifacts }] as const)
  await page.settled()
}

async function fuse(page: ViewerPage, fusion: FusionConfig | null): Promise<ViewerState> {
  return page.page.evaluate(async (config) => {
    window.harness.viewer.setFusion(config)
    return window.harness.viewer.settled()
  }, fusion)
}

/** layers whose values differ from `fused` */
async function differing(page: ViewerPage, fused: FusedPanorama): Promise<string[]> {
  const names: string[] = []
  for (const layer of ['label', 'confidence', 'provenance'] as const) {
    const read = (await page.layer(layer))!
    if (Buffer.compare(Buffer.from(read.data.buffer), Buffer.from(fused[layer].data)) !== 0) names.push(layer)
  }
  return names
}

describe('live fusion', () => {
  it('at the run\'s own theta is the stored result to the bit', async () => {
    const page = await harness.open()
    await show(page, street)
    expect(await differing(page, street.fused)).toEqual([])
    const state = await fuse(page, RUN)
    expect(state).toMatchObject({ artifacts: 'ready', fusion: 'ready', error: null })
    // computed, not looked up
    expect(state.timings.fuseMs).toBeGreaterThan(0)
    expect(await differing(page, street.fused)).toEqual([])
    await page.close()
  })

  const others: [string, FusionConfig][] = [
    ['theta 0.8', { ...RUN, theta: 0.8 }],
    ['theta 0.8, majority all the same', { ...RUN, theta: 0.8, belowTheta: 'majority' }],
    ['theta 0.8, left out below', { ...RUN, theta: 0.8, belowTheta: 'ignore' }],
    ['theta 0.5, what no mask covers left out', { ...RUN, uncovered: 'ignore' }],
    ['other shares and area levels', { ...RECIPES['goodsam++'].fusion, areaLevels: [0.02, 0.2] }],
  ]
  for (const [name, fusion] of others) {
    it(`at ${name} is what the core computes, and null brings the stored result back`, async () => {
      const expected = street.fuse(fusion)
      expect(Buffer.compare(Buffer.from(expected.confidence.data), Buffer.from(street.fused.confidence.data))).not.toBe(0)
      const page = await harness.open()
      await show(page, street)
      await fuse(page, fusion)
      expect(await differing(page, expected)).toEqual([])
      await fuse(page, null)
      expect(await differing(page, street.fused)).toEqual([])
      await page.close()
    })
  }

  it('a strip of the sphere is fused by its own solid angles, at other shares too', async () => {
    const size = { width: 512, height: 256, masks: 120 }
    const strip = serveStreet(harness, { ...size, projection: { hfovDeg: 360, vfovDeg: 60, horizonOffsetPx: 100 } })
    expect(Buffer.compare(Buffer.from(strip.fused.confidence.data), Buffer.from(serveStreet(harness, size).fused.confidence.data))).not.toBe(0)
    const page = await harness.open()
    await show(page, strip)
    await fuse(page, strip.runFusion)
    expect(await differing(page, strip.fused)).toEqual([])
    const weighted: FusionConfig = { ...strip.runFusion, confidenceWeightedShares: true }
    await fuse(page, weighted)
    expect(await differing(page, strip.fuse(weighted))).toEqual([])
    await page.close()
  })

  it('shows what it computed: the canvas has the new labels\' colours', async () => {
    const fusion: FusionConfig = { ...RUN, theta: 0.9, belowTheta: 'ignore' }
    const { label } = street.fuse(fusion)
    const page = await harness.open({ layers: { label: { opacity: 1 } } })
    await show(page, street)
    await page.page.evaluate(() => window.harness.viewer.setView({ kind: 'flat', centerX: 256, centerY: 128, scale: 1 }))
    await fuse(page, fusion)
    const seen = await page.pixels()
    let wrong = 0
    for (let y = 0; y < seen.height; y++) {
      for (let x = 0; x < seen.width; x++) {
        const expected = classColor(label.data[(y + 3) * SIZE.width + x + 56])
        if (expected && expected.some((value, c) => value !== rgbAt(seen, x, y, 4)[c])) wrong++
      }
    }
    expect(wrong).toBe(0)
    await page.close()
  })

  it('a dragged slider skips what it has left already and ends at the last value', async () => {
    const page = await harness.open()
    await show(page, street)
    const result = await page.page.evaluate(async (run) => {
      const { viewer } = window.harness
      const seen = new Set<string>()
      for (let theta = 0; theta < 200; theta++) {
        viewer.setFusion({ ...run, theta: theta / 250 })
        if (theta % 20 === 0) await new Promise(requestAnimationFrame)
        seen.add(String(viewer.state().timings.fuseMs))
      }
      viewer.setFusion({ ...run, theta: 0.8 })
      const state = await viewer.settled()
      return { state, computed: seen.size }
    }, RUN)
    expect(result.state.fusion).toBe('ready')
    expect(result.computed).toBeLessThan(100)
    expect(await differing(page, street.fuse({ ...RUN, theta: 0.8 }))).toEqual([])
    await page.close()
  })

  it('asked for before anything is loaded, it comes as soon as it can', async () => {
    const page = await harness.open()
    const fusion = { ...RUN, theta: 0.8 }
    await page.page.evaluate(([source, artifacts, config]) => {
      window.harness.viewer.setPanorama(source)
      window.harness.viewer.setFusion(config)
      window.harness.viewer.setArtifacts(artifacts)
    }, [street.source, street.artifacts, fusion] as const)
    await page.settled()
    expect(await differing(page, street.fuse(fusion))).toEqual([])
    await page.close()
  })

  it('survives a lost GPU context', async () => {
    const page = await harness.open({ layers: { label: { opacity: 1 } } })
    await show(page, street)
    await fuse(page, { ...RUN, theta: 0.8 })
    const before = await page.pixels()
    await page.page.evaluate(() => window.harness.loseContext())
    await page.page.evaluate(() => window.harness.restoreContext())
    await page.settled()
    expect(Buffer.compare(Buffer.from((await page.pixels()).data), Buffer.from(before.data))).toBe(0)
    await page.close()
  })
})

describe('runs without everything', () => {
  it('a TA-only run has no masks, and its label is the TA\'s', async () => {
    const page = await harness.open()
    await show(page, street, { masks: null, boundary: null, fusion: null, runFusion: null })
    await fuse(page, RUN)
    const { data } = (await page.layer('label'))!
    expect(Buffer.compare(Buffer.from(data.buffer), Buffer.from(street.scene.semantics.label.data))).toBe(0)
    expect(await page.layer('masks')).toBeNull()
    expect(await page.layer('boundary')).toBeNull()
    await page.close()
  })

  it('a missing artifact is named, the rest stays', async () => {
    const page = await harness.open()
    await show(page, street, { masks: '/files/gone' })
    const state = await page.page.evaluate(() => window.harness.viewer.state())
    expect(state).toMatchObject({ image: 'ready', artifacts: 'failed' })
    expect(state.error).toMatch(/SAM masks.*HTTP 404/)
    expect(await differing(page, street.fused)).toEqual([])
    expect(await fuse(page, RUN)).toMatchObject({ fusion: 'failed' })
    await page.close()
  })

  it('a damaged artifact is named too', async () => {
    const page = await harness.open()
    const damaged = harness.serve('damaged', Uint8Array.from([0x1f, 0x8b, 8, 0, 1, 2, 3, 4, 5, 6]))
    await show(page, street, { fusion: damaged })
    const state = await page.page.evaluate(() => window.harness.viewer.state())
    expect(state.artifacts).toBe('failed')
    expect(state.error).toMatch(/fused label arrived damaged/)
    await page.close()
  })

  it('a browser without WebGL 2 is told so, and the labels can still be read', async () => {
    const page = await harness.open()
    await page.page.evaluate(() => {
      HTMLCanvasElement.prototype.getContext = () => null
      window.harness.make()
    })
    await show(page, street)
    const state = await page.page.evaluate(() => window.harness.viewer.state())
    expect(state).toMatchObject({ gpu: 'unsupported', image: 'failed', artifacts: 'ready' })
    expect(state.error).toMatch(/no WebGL 2.*hardware acceleration/)
    expect(await differing(page, street.fused)).toEqual([])
    await page.close()
  })

  it('another panorama forgets labels and fusion', async () => {
    const page = await harness.open()
    await show(page, street)
    await fuse(page, { ...RUN, theta: 0.8 })
    await page.page.evaluate((source) => window.harness.viewer.setPanorama(source), street.source)
    await page.settled()
    expect(await page.layer('label')).toBeNull()
    expect(await page.page.evaluate(() => window.harness.viewer.state())).toMatchObject({ artifacts: 'empty', fusion: 'empty' })
    await page.close()
  })
})

describe('hover', () => {
  it('explains the pixel under the fusion that is shown, in plain data', async () => {
    const page = await harness.open({ withReadout: true })
    await show(page, street)
    await page.page.evaluate(() => window.harness.viewer.setView({ kind: 'flat', centerX: 256, centerY: 128, scale: 1 }))
    const last = async (): Promise<HoverInfo> => {
      await expect.poll(() => page.page.evaluate(() => window.harness.hovers.at(-1)?.explanation ?? null)).not.toBeNull()
      return (await page.page.evaluate(() => window.harness.hovers.at(-1)))!
    }
    for (const [x, y] of [[30, 20], [200, 125], [399, 249]]) {
      await page.page.mouse.move(x, y)
      const hover = await last()
      expect(hover).toMatchObject({ x: 56 + x, y: 3 + y, semantics: street.scene.semantics.label.data[(3 + y) * 512 + 56 + x] })
      expect(hover.explanation).toEqual(explainPixel(street.prepared, RUN, hover.x, hover.y))
      expect(hover).toMatchObject({ label: hover.explanation!.label, confidence: hover.explanation!.confidence, provenance: hover.explanation!.provenance })
    }
    // the cursor rests, theta moves
    const strict: FusionConfig = { ...RUN, theta: 0.95, belowTheta: 'ignore' }
    await fuse(page, strict)
    const after = await last()
    expect(after.explanation).toEqual(explainPixel(street.prepared, strict, after.x, after.y))
    expect(await page.page.locator('#readout').textContent()).toMatch(/^x 455, y 252 · yaw /)
    await page.close()
  })
})
