import { describe, expect, it } from 'vitest'
import { RECIPES, SAM_DEFAULTS, withGeometry } from '../../core/goodsam/config.ts'
import { layoutWindows } from '../../core/goodsam/windows.ts'
import { predictionKeys, stageKeys, type PredictionInputs, type StageInputs } from './stage-keys.ts'

const base: StageInputs = {
  image: 'a'.repeat(64),
  cyclic: true, projection: { hfovDeg: 360, vfovDeg: 180, horizonOffsetPx: 0 },
  sam: { sha256: 'b'.repeat(64), settings: SAM_DEFAULTS },
  ta: { sha256: 'c'.repeat(64) },
  config: RECIPES.goodsam,
  windows: [{ index: 0, family: 'sliding', x: 0, y: 0, width: 64, height: 64 }],
}

/** names of the stages whose key differs between two sets of inputs */
function changed(other: StageInputs): string[] {
  const before = stageKeys(base)
  const after = stageKeys(other)
  return (Object.keys(before) as (keyof typeof before)[]).filter((stage) => JSON.stringify(before[stage]) !== JSON.stringify(after[stage]))
}

describe('stage keys', () => {
  it('theta re-runs fusion alone', () => {
    const config = { ...base.config, fusion: { ...base.config.fusion, theta: 0.9 } }
    expect(changed({ ...base, config })).toEqual(['fusion'])
  })

  it('a mask filter re-runs masks and what is made of them, never the embeddings', () => {
    const sam = { sha256: 'b'.repeat(64), settings: { ...SAM_DEFAULTS, predIou: 0.5 } }
    expect(changed({ ...base, sam })).toEqual(['masks', 'boundary', 'fusion'])
  })

  it('the decoder batch size invalidates nothing', () => {
    const sam = { sha256: 'b'.repeat(64), settings: { ...SAM_DEFAULTS, pointsPerBatch: 7 } }
    expect(changed({ ...base, sam })).toEqual([])
  })

  it('another TA keeps embeddings and masks', () => {
    expect(changed({ ...base, ta: { sha256: 'd'.repeat(64) } })).toEqual(['semantics', 'boundary', 'fusion'])
  })

  it('how the rows lie on the sphere re-runs a fusion that counts by solid angle, and no other', () => {
    const projection = { hfovDeg: 360, vfovDeg: 70, horizonOffsetPx: 0 }
    expect(changed({ ...base, projection })).toEqual(['fusion'])
    const windows = { ...base, config: { ...base.config, fusion: { ...base.config.fusion, shares: 'window' as const } } }
    expect(stageKeys({ ...windows, projection })).toEqual(stageKeys(windows))
  })

  it('leaving out what no mask covers re-runs the fusion', () => {
    expect(changed({ ...base, config: { ...base.config, fusion: { ...base.config.fusion, uncovered: 'ignore' } } })).toEqual(['fusion'])
  })

  it('another image re-runs everything', () => {
    expect(changed({ ...base, image: 'e'.repeat(64) })).toEqual(['embeddings', 'masks', 'semantics', 'boundary', 'fusion'])
  })
})

describe('stage keys of gnomonic windows', () => {
  const frame = { widthPx: 64, heightPx: 32, cyclic: true }
  const gnomonic = withGeometry(RECIPES.goodsam, 'gnomonic')
  const of = (vfovDeg: number): StageInputs =>
    ({ ...base, config: gnomonic, windows: layoutWindows({ ...frame, projection: { hfovDeg: 360, vfovDeg, horizonOffsetPx: 0 } }, gnomonic.windows) })

  it('differ from those of the same rectangles, and by how the panorama lies on the sphere', () => {
    const rectangles = { ...of(90), windows: of(90).windows.map((window) => ({ ...window, view: undefined })) }
    const keys = [of(90), of(91), rectangles].map(stageKeys)
    // two rows of eight, whose rectangles are the same: all of the height
    expect(new Set(keys[2].embeddings).size).toBe(8)
    expect(new Set(keys.flatMap(({ embeddings }) => embeddings)).size).toBe(16 + 16 + 8)
    for (const stage of ['masks', 'semantics', 'boundary', 'fusion'] as const) expect(new Set(keys.map((key) => key[stage])).size).toBe(3)
  })

  it('are of no concern to what was labelled before there were any', () => {
    // written down from the program as it was then, its weight of context views and its shares too, but for the number of the semantics stage
    expect(stageKeys({ ...base, config: { ...base.config, contextWeight: 0.5, fusion: { ...base.config.fusion, shares: 'window' } } })).toEqual({
      embeddings: ['516233289983d0ce2ff17131dd49ff82ef4bf562ce9f1dacb857bfefeeb2723a'],
      masks: '158a4c40e5c835fc5260f6da9d940e6829c47affb7dbc9e178ed56b73628c140',
      semantics: '1e350030bfca3c5b2901e719e35ec03559ace34dc390802adedcff4cf985f4c3',
      boundary: 'c50449d684cfd993268c882e3a10c1b111b92057f1799f459729153881fa54cb',
      fusion: 'e1514f9c200de020088a4f6bf5c76d16533c67efb1d54ea1e39b789ae56e5087',
    })
  })
})

describe('predictionKeys', () => {
  const whole: PredictionInputs = { image: 'a'.repeat(64), cyclic: true, network: 'd'.repeat(64), mode: { kind: 'whole', height: 256, width: 512 } }
  const sliding: PredictionInputs = { ...whole, mode: { kind: 'sliding', config: RECIPES.goodsam } }

  it('differ by everything the network sees, and from those of the turned panorama', () => {
    const others: PredictionInputs[] = [
      whole, sliding, { ...whole, image: 'b'.repeat(64) }, { ...whole, cyclic: false }, { ...whole, network: 'e'.repeat(64) },
      { ...whole, mode: { kind: 'whole', height: 512, width: 512 } }, { ...whole, mode: { kind: 'whole', height: 256, width: 256 } },
      { ...sliding, mode: { kind: 'sliding', config: RECIPES['goodsam++'] } }, { ...sliding, mode: { kind: 'sliding', config: { ...RECIPES.goodsam, contextWeight: 0 } } },
    ]
    const keys = others.flatMap((inputs) => Object.values(predictionKeys(inputs)))
    expect(new Set(keys).size).toBe(2 * others.length)
  })

  it('do not differ by what no prediction reads: fusion, theta, boundary', () => {
    const fusion = { ...RECIPES.goodsam.fusion, theta: 0.9 }
    const other = predictionKeys({ ...sliding, mode: { kind: 'sliding', config: { ...RECIPES.goodsam, fusion, boundaryRadiusFraction: 0.1 } } })
    expect(other).toEqual(predictionKeys(sliding))
  })
})
