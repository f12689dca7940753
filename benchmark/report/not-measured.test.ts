import { expect, it } from 'vitest'
import { chooseRows, ROWS } from '../rows.ts'
import { SIZES } from '../sizes.ts'
import { notMeasured } from './not-measured.ts'

const without = (...names: readonly string[]) => ROWS.filter(({ name }) => !names.includes(name))

it('names rows, values of a parameter together', () => {
  expect(notMeasured(SIZES.medium, without('goodsam-gnomonic', 'theta=0.4', 'labels-gnomonic', 'theta=0.6', 'weight-window=0', 'below=ignore')))
    .toBe('Not measured at this size: labels-gnomonic, goodsam-gnomonic; theta 0.4, 0.6; below ignore; weight-window 0.')
})

it('a group of which nothing is measured is counted, and hides nothing of the others', () => {
  const rest = ROWS.filter(({ group, name }) => group !== 'sizes' && group !== 'loss-ablations' && name !== 'supervised')
  const [sizes, losses] = (['sizes', 'loss-ablations'] as const).map((group) => ROWS.filter((row) => row.group === group).length)
  expect(notMeasured(SIZES.large, rest)).toBe(`Not measured at this size: supervised; all ${losses} rows of loss-ablations; all ${sizes} rows of sizes.`)
})

it('of the quick size its own rows alone', () => {
  const own = chooseRows(SIZES.quick.rows)
  expect(notMeasured(SIZES.quick, own)).toBeNull()
  expect(notMeasured(SIZES.quick, own.filter(({ name }) => name !== 'truth' && name !== 'supervised'))).toBe('Not measured at this size: truth, supervised.')
})

it('says nothing where all is measured', () => {
  expect(notMeasured(SIZES.full, ROWS)).toBeNull()
})
