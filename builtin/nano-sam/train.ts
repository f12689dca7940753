/** Trains nano-sam, the promptable segmenter that comes with the program. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { adamW } from '../../src/core/autodiff/optimizers.ts'
import { compileTrainingStep, type TrainingStep } from '../../src/core/autodiff/training-step.ts'
import { readSafetensors } from '../../src/core/formats/safetensors.ts'
import { affinityLoss } from '../../src/core/networks/nano-sam/affinity-loss.ts'
import { embeddingSize } from '../../src/core/networks/nano-sam/config.ts'
import { maskLoss } from '../../src/core/networks/nano-sam/loss.ts'
import { nanoSamGroups } from '../../src/core/networks/nano-sam/network.ts'
import { nanoSamParameters } from '../../src/core/networks/nano-sam/parameters.ts'
import { isTrained, parameterCount } from '../../src/core/networks/parameters.ts'
import type { TrainingArguments } from '../arguments.ts'
import { type BatchWorkers, startBatchWorkers } from '../batch-workers.ts'
import { refuseLesserModel } from '../lesser-model.ts'
import { worldName } from '../street-images.ts'
import { runTraining } from '../training-loop.ts'
import type { NanoSamWorkerData, NanoSamWorkerRequest } from './batch-worker.ts'
import { ANCHORS } from './batches.ts'
import { collageImage } from './images.ts'
import { initialWeights, withEncoderOf } from './initial.ts'
import { COLLAGE_SEED, HELD_OUT_STREET_SEED, NANO_SAM, type NanoSamPhase, PLAN, plannedLearningRate, STREET_SEED, WINDOW } from './plan.ts'
import { writeNanoSam } from './output.ts'
import { MASK_STRIDE, TRUTHS } from './prompts.ts'
import { scoreRegions } from './score.ts'
import { openNanoSam } from './segmenter.ts'
import { heldOutRequest, REGIONS, slidingWindows, streetRegionsCache } from './street-regions.ts'

const WORKER = new URL('./batch-worker.ts', import.meta.url)
const SCORE_EVERY = 1000
/** street-ta is trained first */
const STREET_TA = new URL('../../resources/models/street-ta/model.safetensors', import.meta.url)
const INITIAL = withEncoderOf(initialWeights(NANO_SAM, PLAN.seed), readSafetensors(readFileSync(STREET_TA)))
/** Held-out collages, and held-out panoramas of which the windows at the horizon make the curve */
const [COLLAGES, PANORAMAS] = [6, 2]

/** Resolves when the folder is written, or the training was interrupted by a signal. Throws Error where the folder is to be kept (../lesser-model.ts). */
export async function trainNanoSam(options: TrainingArguments): Promise<void> {
  const planned = PLAN.phases[PLAN.phases.length - 1].until
  const steps = options.steps ?? planned
  const streets = join(options.work, 'streets')
  const world = worldName()
  const data: NanoSamWorkerData = { seed: PLAN.seed, folder: join(streets, `training-${STREET_SEED}-${world}`) }
  const [workers, painters] = [startBatchWorkers(WORKER, data), startBatchWorkers(WORKER, data)]
  const panorama = streetRegionsCache(join(streets, `held-out-${HELD_OUT_STREET_SEED}-${world}`), (index) => heldOutRequest(HELD_OUT_STREET_SEED, index))
  const collages = Array.from({ length: COLLAGES }, (_, index) => collageImage(COLLAGE_SEED, index, WINDOW))
  const windows = Array.from({ length: PANORAMAS }, (_, index) => slidingWindows(panorama(index), WINDOW)).flat().filter((_, index) => index % 3 === 1)
  const painting = paintAhead(painters)
  try {
    const trained = await runTraining({
      name: 'nano-sam',
      phases: PLAN.phases.map((phase) => ({
        until: Math.round((phase.until * steps) / planned), compile: () => compileNanoSamStep(phase),
        batch: (step) => workers.make({ kind: 'batch', step, phase, images: streetsAt(step) } satisfies NanoSamWorkerRequest),
      })),
      learningRate: (step) => plannedLearningRate((step * planned) / steps),
      evaluate: {
        every: SCORE_EVERY,
        run: async (weights) => {
          const segmenter = await openNanoSam(NANO_SAM, new Map([...INITIAL, ...weights]), options.threads)
          try {
            const { oracle, chosen, small, medium, large, iouError } = await scoreRegions(segmenter, windows)
            const { oracle: onCollages } = await scoreRegions(segmenter, collages, [0, 1, 2])
            return { oracle, chosen, small, medium, large, iouError, onCollages }
          } finally {
            await segmenter.close()
          }
        },
      },
      data: { collages: PLAN.seed, streets: STREET_SEED, world, parameters: parameterCount(nanoSamParameters(NANO_SAM)), regions: REGIONS },
    }, options)
    if (trained.interrupted) return
    await refuseLesserModel({ name: 'nano-sam', step: trained.progress.step, planned }, options)
    const { panoramas, automatic } = await writeNanoSam({ ...trained, weights: new Map([...INITIAL, ...trained.weights]) }, { panorama, world, output: options.output, threads: options.threads })
    process.stderr.write(`${options.output}: oracle IoU ${panoramas.oracle.toFixed(4)} of ${panoramas.regions} regions; ${automatic.kept.toFixed(1)} masks per window cover ${(100 * automatic.coverage).toFixed(1)} % of it, ${(100 * automatic.purity).toFixed(1)} % pure\n`)
  } finally {
    painting.stop()
    await Promise.all([workers.close(), painters.close()])
  }
}

/** How many street images a step chooses from: they are drawn while the training goes on. */
function streetsAt(step: number): number {
  const { first, every, most } = PLAN.streets
  return Math.min(most, first + Math.floor(step / every))
}

/** Draws the street images that later steps choose from, one after the other, in a thread of its own. */
function paintAhead(painters: BatchWorkers): { readonly stop: () => void } {
  const stopping = new AbortController()
  const paint = async (): Promise<void> => {
    for (let index = 0; index < PLAN.streets.most && !stopping.signal.aborted; index++) await painters.make({ kind: 'draw', index } satisfies NanoSamWorkerRequest)
  }
  // what cannot be drawn fails where a batch needs it
  paint().catch(() => {})
  return { stop: () => stopping.abort() }
}

/** Image, prompts and what these may mean -> new weights. */
export function compileNanoSamStep({ side, images: batch, groups }: NanoSamPhase): TrainingStep {
  const prompts = groups.reduce((sum, group) => sum + group.prompts, 0)
  const network = nanoSamGroups({ ...NANO_SAM, imageSize: side }, INITIAL, groups)
  return compileTrainingStep(network, ({ builder, outputs, target }) => {
    const { total, terms } = maskLoss(builder, {
      masks: outputs['pred_masks'], scores: outputs['iou_scores'],
      truths: target('truths', 'float32', [batch, prompts, TRUTHS, side / MASK_STRIDE, side / MASK_STRIDE]),
      weights: target('truth_weights', 'float32', [batch, prompts, TRUTHS]),
    }, { focal: PLAN.focal, dice: PLAN.dice })
    const embeddings = outputs['cell_embeddings']
    const affinity = affinityLoss(builder, {
      embeddings, anchors: target('anchors', 'int64', [ANCHORS]), regions: target('cell_regions', 'int32', [batch, embeddingSize({ ...NANO_SAM, imageSize: side }) ** 2]),
      weights: target('anchor_weights', 'float32', [batch, ANCHORS]),
    })
    return { total: builder.emit('Add', [total, builder.emit('Mul', [affinity, PLAN.affinity])]), terms: { ...terms, affinity } }
  }, adamW({ weightDecay: PLAN.weightDecay }), {
    bindings: { batch }, clipNorm: PLAN.clipNorm, averageDecay: PLAN.averageDecay, trainable: isTrained(nanoSamParameters(NANO_SAM)),
  })
}
