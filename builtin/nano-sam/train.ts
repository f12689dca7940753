/** Trains nano-sam, the promptable segmenter that comes with the program. */
import { adamW } from '../../src/core/autodiff/optimizers.ts'
import { compileTrainingStep, type TrainingStep } from '../../src/core/autodiff/training-step.ts'
import { learningRateAt } from '../../src/core/goodsam/distillation/schedule.ts'
import { maskLoss } from '../../src/core/networks/nano-sam/loss.ts'
import { nanoSamGroups } from '../../src/core/networks/nano-sam/network.ts'
import { initialNanoSamWeights, nanoSamParameters } from '../../src/core/networks/nano-sam/parameters.ts'
import { isTrained } from '../../src/core/networks/parameters.ts'
import type { TrainingArguments } from '../arguments.ts'
import { startBatchWorkers } from '../batch-workers.ts'
import { runTraining } from '../training-loop.ts'
import type { NanoSamWorkerData, NanoSamWorkerRequest } from './batch-worker.ts'
import { collageImage } from './images.ts'
import { NANO_SAM, PLAN, PROMPT_GROUPS, SIDE } from './plan.ts'
import { MASK_STRIDE, TRUTHS } from './prompts.ts'
import { scoreRegions } from './score.ts'
import { openNanoSam } from './segmenter.ts'

const WORKER = new URL('./batch-worker.ts', import.meta.url)
const SCORE_EVERY = 500
const [HELD_OUT_SEED, HELD_OUT_COLLAGES] = [21, 24]

/** Resolves when the folder is written. */
export async function trainNanoSam(options: TrainingArguments): Promise<void> {
  const steps = options.steps ?? PLAN.steps
  const workers = startBatchWorkers(WORKER, { seed: PLAN.seed } satisfies NanoSamWorkerData)
  const held = Array.from({ length: HELD_OUT_COLLAGES }, (_, index) => collageImage(HELD_OUT_SEED, index))
  try {
    await runTraining({
      name: 'nano-sam',
      phases: [{
        until: steps, compile: compileNanoSamStep,
        batch: (step) => workers.make({ step, batch: PLAN.batch } satisfies NanoSamWorkerRequest),
      }],
      learningRate: (step) => learningRateAt(step, { learningRate: PLAN.learningRate, warmupSteps: PLAN.warmupSteps, steps, schedule: 'cosine' }),
      evaluate: {
        every: SCORE_EVERY,
        run: async (weights) => {
          const segmenter = await openNanoSam(NANO_SAM, weights, options.threads)
          try {
            return { ...await scoreRegions(segmenter, held, [0, 1, 2]) }
          } finally {
            await segmenter.close()
          }
        },
      },
      data: { seed: PLAN.seed },
    }, options)
  } finally {
    await workers.close()
  }
}

/** Image, prompts and what these may mean -> new weights. */
export function compileNanoSamStep(): TrainingStep {
  const network = nanoSamGroups(NANO_SAM, initialNanoSamWeights(NANO_SAM, PLAN.seed), PROMPT_GROUPS)
  const prompts = PROMPT_GROUPS.reduce((sum, group) => sum + group.prompts, 0)
  return compileTrainingStep(network, ({ builder, outputs, target }) => maskLoss(builder, {
    masks: outputs['pred_masks'], scores: outputs['iou_scores'],
    truths: target('truths', 'float32', [PLAN.batch, prompts, TRUTHS, SIDE / MASK_STRIDE, SIDE / MASK_STRIDE]),
    weights: target('truth_weights', 'float32', [PLAN.batch, prompts, TRUTHS]),
  }, { focal: PLAN.focal, dice: PLAN.dice }), adamW({ weightDecay: PLAN.weightDecay }), {
    bindings: { batch: PLAN.batch }, clipNorm: PLAN.clipNorm, averageDecay: PLAN.averageDecay, trainable: isTrained(nanoSamParameters(NANO_SAM)),
  })
}
