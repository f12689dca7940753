import { describe, expect, it } from 'vitest'
import { RECIPES, SAM_DEFAULTS } from '../../core/goodsam/config.ts'
import { stageKeys, type StageInputs } from './stage-keys.ts'

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
