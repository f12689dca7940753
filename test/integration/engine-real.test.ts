import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { decodeFusion, decodeMasks, decodeSemantics } from '../../src/core/formats/bundles.ts'
import { PROVENANCE } from '../../src/core/goodsam/config.ts'
import { openArtifactStore } from '../../src/main/artifacts/artifact-store.ts'
import type { ArtifactStore } from '../../src/main/artifacts/artifact-store.ts'
import type { Engine, LabelPanoramaRequest, LabelPanoramaResponse } from '../../src/main/engine/protocol.ts'
import { recogniseDialect } from '../../src/main/models/dialects.ts'
import { REAL, warnWithoutRealData } from '../support/real-data.ts'
import { realLabelRequest } from '../support/real-labelling.ts'
import { run, startEngine } from './engine-fixtures.ts'

/** The engine with the real TA and promptable segmenter on a real street panorama: facts that hold whatever the masks are worth. */
warnWithoutRealData('the engine on a real panorama')

const SIZE = { width: 2048, height: 692 }

describe.skipIf(!REAL.present)('a real panorama', () => {
  let folder = ''
  let engine: Engine
  let store: ArtifactStore
  let first: LabelPanoramaResponse

  function request(rest: Partial<LabelPanoramaRequest> = {}): LabelPanoramaRequest {
    const { sam, ...asked } = realLabelRequest('pass_1210U_1.png', SIZE, folder)
    // a quarter of the prompts that the model asks for: what is asserted holds for fewer masks, too
    return { ...asked, sam: sam && { ...sam, settings: { ...sam.settings, pointsPerSide: 8 } }, ...rest }
  }

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'goodsam-real-'))
    engine = startEngine()
    store = openArtifactStore(folder)
    first = await run(engine, request({ keepEmbeddings: false }))
    const { seconds, ortSeconds } = first.stats
    console.info(`labelled in ${seconds.toFixed(1)} s, ${((100 * ortSeconds) / seconds).toFixed(0)} % of it inside onnxruntime`)
  })
  afterAll(async () => {
    await engine?.stop()
    await rm(folder, { recursive: true, force: true })
  })

  test('the models speak the dialects they were made for', async () => {
    const [encoder, decoder, ta] = await Promise.all(
      [REAL.samEncoder, REAL.samDecoder, REAL.ta].map(async (path) => ({ name: path, ...(await engine.inspectModel(path)) })),
    )
    expect(recogniseDialect([encoder, decoder], 'sam')).toMatchObject({ dialect: 'sam-transformers-js', roles: ['encoder', 'decoder'] })
    expect(recogniseDialect([ta], 'ta')).toMatchObject({ dialect: 'semantic', classes: 19 })
  })

  test('sizes and ids', async () => {
    const fused = decodeFusion(await store.read(first.artifacts.fusion))
    for (const raster of [fused.label, fused.confidence, fused.provenance, fused.mask]) expect([raster.width, raster.height]).toEqual([2048, 692])
    expect(fused.label.data.every((id) => id < 19)).toBe(true)
    expect(fused.provenance.data.every((value) => value >= PROVENANCE.none && value <= PROVENANCE.taOnly)).toBe(true)
    const masks = decodeMasks(await store.read(first.artifacts.masks!))
    const total = masks.windows.reduce((sum, window) => sum + window.masks.count, 0)
    expect(total).toBe(first.stats.masks)
    expect(fused.mask.data.every((mask) => mask <= total)).toBe(true)
    expect(masks.windows.map(({ window }) => [window.x, window.y, window.width, window.height])).toEqual(
      [0, 180].flatMap((y) => Array.from({ length: 8 }, (_, k) => [256 * k, y, 512, 512])))
    for (const { window, masks: table } of masks.windows) {
      expect(table.boxes.every((value) => value <= Math.max(window.width, window.height))).toBe(true)
    }
  })

  test('the fused label differs from the TA only where a mask says so', async () => {
    const fused = decodeFusion(await store.read(first.artifacts.fusion))
    const semantics = decodeSemantics(await store.read(first.artifacts.semantics))
    let unexplained = 0
    fused.label.data.forEach((id, pixel) => {
      if (id !== semantics.label.data[pixel] && fused.provenance.data[pixel] === PROVENANCE.taOnly) unexplained++
    })
    // where no mask lies, votes of several windows may still turn a tie
    expect(unexplained / fused.label.data.length).toBeLessThan(0.02)
  })

  test('killed in the middle it fails as engine, and then labels the same panorama to the same bits', async () => {
    let killed = false
    const failure: unknown = await engine.labelPanorama(request(), {
      signal: new AbortController().signal,
      onProgress: ({ fraction }) => {
        if (killed || fraction < 0.2) return
        killed = true
        process.kill(engine.status().pid!, 'SIGKILL')
      },
    }).catch((error: unknown) => error)
    expect(failure).toMatchObject({ code: 'engine' })
    const again = await run(engine, request({ keepEmbeddings: false }))
    expect(again.artifacts).toEqual(first.artifacts)
  })
})
