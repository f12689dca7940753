/** The bare training step of the distil benchmark, in a process of its own: what the compiler gives, on one batch again and again. */
import { availableParallelism } from 'node:os'
import { compileStudent } from '../../src/main/engine/training-compile.ts'
import { LESSONS } from '../../src/main/engine/training-lesson.ts'
import { openTraining } from '../../src/main/engine/training-session.ts'
import { openStudent } from '../../src/main/engine/training-student.ts'
import { seededRandom } from '../../src/core/goodsam/distillation/random.ts'
import { CLASSES, paintedTrainingData, QUICK } from '../support/training-panoramas.ts'

export const CONFIG = { ...QUICK, height: 256, width: 512, batch: 2, learningRate: 1e-4 }
export const STEPS = 24
export const WARM_UP = 4

if (process.argv[1] === import.meta.filename) {
  const { distil } = LESSONS
  const student = await openStudent({ architecture: { kind: 'segformer', size: 'mini' }, classes: CLASSES, network: null, weights: null, seed: CONFIG.seed })
  const step = compileStudent(student, { task: 'distil', config: CONFIG, batch: CONFIG.batch, accumulate: 1 })
  const session = await openTraining(step, { threads: availableParallelism() })
  const buffer = new SharedArrayBuffer(distil.bytes(CONFIG, CONFIG.batch))
  const data = paintedTrainingData(0, CONFIG)
  for (let index = 0; index < CONFIG.batch; index++) distil.draw(data, { config: CONFIG, random: seededRandom(index), weight: 1 }, { buffer, batch: CONFIG.batch, index })
  const tensors = distil.tensors(CONFIG, CONFIG.batch, buffer)
  const feeds = { ...tensors, [student.input]: tensors['pixel_values'] }
  let begun = 0
  for (let round = 0; round < STEPS; round++) {
    if (round === WARM_UP) begun = performance.now()
    const { finite } = await session.step(feeds, { learningRate: CONFIG.learningRate })
    if (!finite) throw new Error('the step came out as not finite')
  }
  process.send?.((performance.now() - begun) / (STEPS - WARM_UP))
  process.disconnect?.()
}
