import { expect, it } from 'vitest'
import { placedCourses, SEGFORMER_PLANS } from './segformer-plans.ts'
import { LEVEL_STREETS, PITCHED_STREETS } from './street-images.ts'

const course = { learningRate: 1, warmupSteps: 0, phases: [] }
const courses = [
  { ...course, steps: 60, streets: LEVEL_STREETS }, { ...course, steps: 30, streets: PITCHED_STREETS }, { ...course, steps: 10, streets: PITCHED_STREETS },
]

it('courses follow one another; those in the same streets go on drawing the same images', () => {
  expect(placedCourses({ courses }).map(({ begin, end, steps, drawnFrom }) => [begin, end, steps, drawnFrom])).toEqual([[0, 60, 60, 0], [60, 90, 30, 60], [90, 100, 10, 60]])
})

it('with another number of steps each keeps its share, and none is lost', () => {
  expect(placedCourses({ courses }, 25).map(({ begin, end, steps }) => [begin, end, steps])).toEqual([[0, 15, 15], [15, 23, 8], [23, 25, 2]])
})

it('the phases of every course end with it', () => {
  for (const plan of Object.values(SEGFORMER_PLANS)) for (const { phases } of plan.courses) expect(phases[phases.length - 1].until).toBe(1)
})
