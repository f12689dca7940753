import { describe, expect, it } from 'vitest'
import { RECIPES, SAM_DEFAULTS } from '../../core/goodsam/config.ts'
import { predictionKeys, stageKeys, type PredictionInputs, type StageInputs } from './stage-keys.ts'

const base: StageInputs = {
  image: 'a'.repeat(64),
  cyclic: true,
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

  it('another image re-runs everything', () => {
    expect(changed({ ...base, image: 'e'.repeat(64) })).toEqual(['embeddings', 'masks', 'semantics', 'boundary', 'fusion'])
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
