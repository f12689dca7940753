import { expect, it } from 'vitest'
import type { PreparedFusion } from '../../../../core/goodsam/fusion.ts'
import { paintMaskLayer } from './mask-layer.ts'

/** Two windows of 4 x 2 on a turn of 6 columns: columns 0..3 and (across the seam) 3, 4, 5, 0. */
function prepared(first: number[], second: number[]): PreparedFusion {
  const window = (index: number, x: number, ensemble: number[]): unknown => ({
    window: { index, family: 'sliding', x, y: 0, width: 4, height: 2 }, ensemble: Uint16Array.from(ensemble), firstMask: index * 10,
  })
  return { widthPx: 6, heightPx: 2, windows: [window(0, 0, first), window(1, 3, second)] } as unknown as PreparedFusion
}

it('shows each pixel the mask of the window that has it most in its middle, across the seam too', () => {
  const layer = paintMaskLayer(prepared([1, 1, 1, 1, 0, 2, 0, 2], [1, 1, 1, 1, 0, 3, 3, 3]))
  // column 0 is the first of window 0 and the last of window 1, column 3 the other way round: equal, the first window stays
  expect([...layer.data]).toEqual([
    1, 1, 1, 1, 11, 11,
    // window 0 has no mask in column 0 of the second row, window 1 has none in column 3
    13, 2, 0, 2, 13, 13,
  ])
})
