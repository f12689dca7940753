import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { PanoramaResult } from '../../src/contract/schemas.ts'
import { decodeFusion, decodeSemantics } from '../../src/core/formats/bundles.ts'
import { PROVENANCE } from '../../src/core/goodsam/config.ts'
import type { FusedPanorama } from '../../src/core/goodsam/types.ts'
import { composeStudio, type Studio } from '../../src/main/compose.ts'
import { REAL, warnWithoutRealData } from '../support/real-data.ts'
import { finished } from '../support/jobs.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

/**
 * The real TA and promptable segmenter on real panoramas: facts that hold whatever the masks are worth.
 */
warnWithoutRealData('labelling of real panoramas')

const WIDTH = 2048
const QUARTER_TURN = WIDTH / 4
/** a quarter of the prompts that the model asks for: what is asserted holds for fewer masks, too */
const SETTINGS = { pointsPerSide: 8 }

describe.skipIf(!REAL.present)('labelling real panoramas', () => {
  let studio: Studio
  let folder: Awaited<ReturnType<typeof temporaryFolder>>
  let results: Map<string, PanoramaResult>

  async function label(theta: number | null): Promise<Map<string, PanoramaResult>> {
    const { runId, jobId } = await studio.client.call('runs.start', {
      dataset: 'real', sam: 'nano-sam', ta: 'espnet', recipe: 'goodsam', name: null, theta, samSettings: SETTINGS, provider: 'cpu',
    })
    await finished(studio.client, jobId)
    const page = await studio.client.call('runs.results', { run: runId, sort: 'name', offset: 0, limit: 10 })
    return new Map(page.results.map((result) => [result.name, result]))
  }

  async function fusionOf(result: PanoramaResult | undefined): Promise<FusedPanorama> {
    return decodeFusion(await bytesOf(result?.artifacts?.fusion))
  }

  async function bytesOf(hash: string | null | undefined): Promise<Uint8Array> {
    const found = await studio.artifacts.open(hash ?? '')
    if (found === null) throw new Error(`no artifact ${hash}`)
    return buffer(await found.read())
  }

  beforeAll(async () => {
    folder = await temporaryFolder()
    const images = join(folder.path, 'images')
    mkdirSync(images)
    await writePanoramas(images)
    studio = await composeStudio({ workspace: join(folder.path, 'workspace'), create: true, queue: 'all' })
    await studio.client.call('models.add', { kind: 'sam', files: [REAL.samEncoder, REAL.samDecoder], name: null })
    await studio.client.call('models.add', { kind: 'ta', files: [REAL.ta], name: 'espnet' })
    const { jobId } = await studio.client.call('datasets.import', { folder: images, name: 'real', labelsFolder: null, hfovDeg: null, vfovDeg: null })
    await finished(studio.client, jobId)
    results = await label(null)
  })
  afterAll(async () => {
    await studio?.close()
    await folder?.remove()
  })

  it('reads the mask filters from settings.json beside the model', async () => {
    const sam = (await studio.client.call('models.list', {})).find(({ kind }) => kind === 'sam')
    expect(sam).toMatchObject({ name: 'nano-sam', dialect: 'sam-transformers-js' })
    expect(sam?.samSettings).toMatchObject({ pointsPerSide: 16, predIou: 0.35, stability: 0.5, minAreaFraction: 0.001 })
  })

  it('labels every pixel with a trainId, at the size of the panorama', async () => {
    for (const [name, height] of [['cambridge', 1024], ['pass', 692]] as const) {
      const fused = await fusionOf(results.get(name))
      expect([fused.label.width, fused.label.height]).toEqual([WIDTH, height])
      expect(fused.label.data.every((id) => id < 19)).toBe(true)
      expect(new Set(fused.label.data).size).toBeGreaterThan(3)
    }
    expect(results.get('cambridge')?.stats?.masks).toBeGreaterThan(24)
  })

  it('finds road below and sky above on a street panorama', async () => {
    const { label: map } = await fusionOf(results.get('cambridge'))
    const share = (trainIds: number[], fromRow: number, toRow: number): number => {
      const rows = map.data.subarray(fromRow * WIDTH, toRow * WIDTH)
      return rows.filter((id) => trainIds.includes(id)).length / rows.length
    }
    expect(share([10], 0, 256)).toBeGreaterThan(0.5)
    expect(share([0, 1, 9], 768, 1024)).toBeGreaterThan(0.5)
  })

  it('rolling the input by 90 degrees rolls the output', async () => {
    const straight = (await fusionOf(results.get('cambridge'))).label
    const rolled = (await fusionOf(results.get('cambridge-rolled'))).label
    let same = 0
    for (let y = 0; y < straight.height; y++) {
      for (let x = 0; x < WIDTH; x++) {
        const from = y * WIDTH + ((x + QUARTER_TURN) % WIDTH)
        if (rolled.data[y * WIDTH + x] === straight.data[from]) same++
      }
    }
    expect(same / straight.data.length).toBeGreaterThan(0.97)
  })

  it('differs from the TA only where a trusted mask says so', async () => {
    const result = results.get('cambridge')
    const fused = await fusionOf(result)
    const semantics = decodeSemantics(await bytesOf(result?.artifacts?.semantics))
    let differing = 0
    for (let p = 0; p < fused.label.data.length; p++) {
      if (fused.label.data[p] === semantics.label.data[p]) continue
      differing++
      if (fused.provenance.data[p] !== PROVENANCE.samMajority) {
        expect.fail(`pixel ${p} has label ${fused.label.data[p]} instead of the TA's ${semantics.label.data[p]} without a trusted mask`)
      }
    }
    expect(differing).toBeGreaterThan(0)
    expect(result?.stats?.disagreement).toBeCloseTo(differing / fused.label.data.length, 6)
  })

  it('another theta re-runs fusion alone, and a higher one trusts fewer masks', async () => {
    const again = await label(0.9)
    for (const result of again.values()) {
      expect(result.stats).toMatchObject({ ortSeconds: 0, cached: { masks: true, semantics: true } })
    }
    const before = await fusionOf(results.get('cambridge'))
    const after = await fusionOf(again.get('cambridge'))
    expect(trusted(after)).toBeLessThan(trusted(before))
    expect(again.get('cambridge')?.artifacts?.masks).toBe(results.get('cambridge')?.artifacts?.masks)
  })

  it('is deterministic: a workspace that never saw the panorama makes the same artifacts', async () => {
    const other = await composeStudio({ workspace: join(folder.path, 'other'), create: true, queue: 'all' })
    try {
      await other.client.call('models.add', { kind: 'sam', files: [REAL.samEncoder, REAL.samDecoder], name: null })
      await other.client.call('models.add', { kind: 'ta', files: [REAL.ta], name: 'espnet' })
      const one = join(folder.path, 'one')
      mkdirSync(one)
      await sharp(join(REAL.panoramas, 'pass_1027U_0.png')).png().toFile(join(one, 'pass.png'))
      const imported = await other.client.call('datasets.import', { folder: one, name: 'real', labelsFolder: null, hfovDeg: null, vfovDeg: null })
      await finished(other.client, imported.jobId)
      const { runId, jobId } = await other.client.call('runs.start', {
        dataset: 'real', sam: 'nano-sam', ta: 'espnet', recipe: 'goodsam', name: null, theta: null, samSettings: SETTINGS, provider: 'cpu',
      })
      await finished(other.client, jobId)
      const { results: [result] } = await other.client.call('runs.results', { run: runId, sort: 'name', offset: 0, limit: 1 })
      expect(result.artifacts).toEqual(results.get('pass')?.artifacts)
    } finally {
      await other.close()
    }
  })
})

/** cambridge.jpg (full sphere), the same rolled by a quarter turn, and one strip of the PASS dataset. Lossless. */
async function writePanoramas(folder: string): Promise<void> {
  const source = join(REAL.panoramas, 'cambridge.jpg')
  const straight = await sharp(source).png().toBuffer()
  const { height } = await sharp(straight).metadata()
  const left = await sharp(straight).extract({ left: 0, top: 0, width: QUARTER_TURN, height }).png().toBuffer()
  const rest = await sharp(straight).extract({ left: QUARTER_TURN, top: 0, width: WIDTH - QUARTER_TURN, height }).png().toBuffer()
  const canvas = sharp({ create: { width: WIDTH, height, channels: 3, background: '#000' } })
  await sharp(straight).toFile(join(folder, 'cambridge.png'))
  await canvas.composite([{ input: rest, left: 0, top: 0 }, { input: left, left: WIDTH - QUARTER_TURN, top: 0 }])
    .png().toFile(join(folder, 'cambridge-rolled.png'))
  await sharp(join(REAL.panoramas, 'pass_1027U_0.png')).png().toFile(join(folder, 'pass.png'))
}

/** Pixels whose label comes from a mask at or above theta. */
function trusted(fused: FusedPanorama): number {
  return fused.provenance.data.filter((from) => from === PROVENANCE.samMajority).length
}
