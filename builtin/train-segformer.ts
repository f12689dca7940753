/** Trains one of the semantic networks that come with the program and writes its folder below resources/models. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { crossEntropy, upsample } from '../src/core/autodiff/losses.ts'
import { adamW } from '../src/core/autodiff/optimizers.ts'
import { compileTrainingStep, type TrainingStep } from '../src/core/autodiff/training-step.ts'
import { learningRateAt } from '../src/core/goodsam/distillation/schedule.ts'
import { isTrained } from '../src/core/networks/parameters.ts'
import { segformer } from '../src/core/networks/segformer/network.ts'
import { initialWeights, segformerParameters } from '../src/core/networks/segformer/parameters.ts'
import { loadWeights } from '../src/core/networks/segformer/weights.ts'
import type { Tensor } from '../src/core/onnx/tensor.ts'
import { readSafetensors } from '../src/core/formats/safetensors.ts'
import type { TrainingArguments } from './arguments.ts'
import { type BatchWorkers, startBatchWorkers } from './batch-workers.ts'
import { readCheckpoint } from './checkpoint.ts'
import { classShares, lossWeights, rarities } from './class-shares.ts'
import { refuseLesserModel } from './lesser-model.ts'
import { placedCourses, plannedSteps, type PlacedCourse, type PlannedPhase, SEGFORMER_PLANS, type SegformerName, type SegformerPlan } from './segformer-plans.ts'
import { writeSegformer } from './segformer-output.ts'
import { scoreSegformer } from './segformer-score.ts'
import type { StreetWorkerData, StreetWorkerRequest } from './street-batch-worker.ts'
import { HELD_OUT_STREETS, streetCache, type StreetSplit, worldName } from './street-images.ts'
import { LABEL_STRIDE } from './street-samples.ts'
import { type Phase, runTraining, type Trained } from './training-loop.ts'
import { widened } from './widen.ts'

const HELD_OUT_IMAGES = 150
/** of them, for the curve */
const CURVE_IMAGES = 30
const SCORE_EVERY = 500
/** images by which the classes' shares are known */
const COUNTED_IMAGES = 60
/** of a copied weight's own size */
const WIDENING_NOISE = 0.05
const MODELS = join(import.meta.dirname, '..', 'resources', 'models')
const WORKER = new URL('./street-batch-worker.ts', import.meta.url)

/** Resolves when the folder is written, or the training was interrupted by a signal. Throws Error where the folder is to be kept (lesser-model.ts). */
export async function trainSegformer(name: SegformerName, options: TrainingArguments): Promise<void> {
  const began = performance.now()
  const plan = SEGFORMER_PLANS[name]
  const world = worldName()
  const folder = join(options.work, '..', 'streets', world)
  const [workers, painters] = [startBatchWorkers(WORKER, { folder } satisfies StreetWorkerData), startBatchWorkers(WORKER, { folder } satisfies StreetWorkerData)]
  const drawn = { workers: [workers, painters], split: HELD_OUT_STREETS }
  try {
    const seenFrom = await firstStepIn(world, options.work)
    const courses = []
    for (const course of placedCourses(plan, options.steps)) {
      const shares = classShares(await draw({ ...drawn, split: course.streets }, 0, COUNTED_IMAGES))
      print(`${name}: world ${world}; classes' shares of the pixels in %: ${shares.map((share) => (100 * share).toFixed(2)).join(' ')}`)
      courses.push({ ...course, shares, firstStep: Math.max(course.drawnFrom + 1, seenFrom), paint: paintAhead(painters, plan, course.streets) })
    }
    await draw(drawn, 0, CURVE_IMAGES)
    const left = options.minutes === Infinity ? Infinity : Math.max(0, options.minutes - (performance.now() - began) / 60_000)
    const trained = await train(plan, { ...options, minutes: left }, { world, folder, workers, courses })
    if (trained.interrupted) return
    await refuseLesserModel({ name, step: trained.progress.step, planned: plannedSteps(plan) }, options)
    await draw(drawn, CURVE_IMAGES, HELD_OUT_IMAGES)
    await writeSegformer(plan, trained, { images: streetCache(folder, HELD_OUT_STREETS), count: HELD_OUT_IMAGES, threads: options.threads, world, output: options.output })
  } finally {
    await Promise.all([workers.close(), painters.close()])
  }
}

interface Surroundings {
  readonly world: string
  readonly folder: string
  readonly workers: BatchWorkers
  readonly courses: readonly PreparedCourse[]
}

interface PreparedCourse extends PlacedCourse {
  /** of the classes, of its pixels */
  readonly shares: readonly number[]
  /** the first step in its streets of this world */
  readonly firstStep: number
  /** sees to it that the images will be there for the step that is so many steps after the first, and for some more */
  readonly paint: (step: number) => void
}

async function train(plan: SegformerPlan, options: TrainingArguments, { world, folder, workers, courses }: Surroundings): Promise<Trained> {
  const held = streetCache(folder, HELD_OUT_STREETS)
  const phases = courses.flatMap(({ begin, steps, streets, shares, firstStep, paint, ...course }) => {
    const rarity = rarities(shares)
    return course.phases.map((phase): Phase => ({
      until: begin + Math.round(phase.until * steps),
      compile: () => compile(plan, phase, shares),
      batch: (step) => {
        paint(step - firstStep)
        const { batch, size, augmentation, chosen } = phase
        const request = { seed: plan.seed, step, batch, size, augmentation, images: imagesAt(plan, step - firstStep), rarity, chosen }
        return workers.make({ kind: 'batch', split: streets, request } satisfies StreetWorkerRequest)
      },
    }))
  })
  return runTraining({
    name: plan.name, phases, initial: await initialOf(plan),
    learningRate: (step) => {
      const { begin, ...course } = courses.find(({ end }) => step <= end) ?? courses[courses.length - 1]
      return learningRateAt(step - begin, { ...course, schedule: 'polynomial' })
    },
    evaluate: {
      every: SCORE_EVERY,
      run: async (weights) => {
        const { miou, pixelAccuracy } = await scoreSegformer(plan.config, weights, { images: held, count: CURVE_IMAGES, threads: options.threads })
        return { miou: miou ?? 0, pixelAccuracy: pixelAccuracy ?? 0 }
      },
    },
    data: { world, images: plan.images, courses: courses.map(({ end, streets, shares }) => ({ end, streets, shares: shares.map((share) => Number(share.toPrecision(3))) })) },
    print,
  }, options)
}

/** The weights of a narrower model, made wider; undefined: random ones. Throws Error where that model has not been trained. */
async function initialOf({ widenedFrom, config, seed }: SegformerPlan): Promise<ReadonlyMap<string, Tensor> | undefined> {
  if (widenedFrom === null) return undefined
  const path = join(MODELS, widenedFrom, 'model.safetensors')
  const bytes = await readFile(path).catch((cause: unknown) => {
    throw new Error(`It begins with the weights of ${widenedFrom}, and ${path} cannot be read: train that one first.`, { cause })
  })
  const from = SEGFORMER_PLANS[widenedFrom].config
  return widened(loadWeights(from, readSafetensors(bytes)).weights, { from, to: config, noise: WIDENING_NOISE, seed })
}

/** The cross-entropy of the logits at the labels' resolution, each class by its weight. */
function compile(plan: SegformerPlan, { batch, size: { width, height }, classPower }: PlannedPhase, shares: readonly number[]): TrainingStep {
  const network = segformer(plan.config, initialWeights(plan.config, plan.seed))
  const labelSize = [height / LABEL_STRIDE, width / LABEL_STRIDE] as const
  return compileTrainingStep(network, ({ builder, outputs, target }) => ({
    total: crossEntropy(builder, {
      logits: upsample(builder, outputs['logits'], labelSize), labels: target('labels', 'int32', [batch, ...labelSize]), classWeights: lossWeights(shares, classPower),
    }),
  }), adamW({ weightDecay: plan.weightDecay }), {
    bindings: { batch, height, width }, clipNorm: plan.clipNorm, averageDecay: plan.averageDecay, trainable: isTrained(segformerParameters(plan.config)),
  })
}

/** How many images the step that is so many steps after the first one in these streets of this world chooses from: they are drawn while the training goes on. */
function imagesAt({ images: { first, perStep, most } }: SegformerPlan, step: number): number {
  return Math.min(most, Math.floor(first + perStep * step))
}

/** The first step of the training that sees this world: a training may go on in a newer one. */
async function firstStepIn(world: string, work: string): Promise<number> {
  const { progress } = (await readCheckpoint(work)) ?? {}
  const seen = progress?.stretches.filter(({ data }) => data['world'] === world) ?? []
  return Math.min(...seen.map(({ fromStep }) => fromStep), (progress?.step ?? 0) + 1)
}

/** Sees to it that images are there; returns how many pixels of each class they have. */
async function draw({ workers, split }: { readonly workers: readonly BatchWorkers[]; readonly split: StreetSplit }, from: number, to: number): Promise<readonly Int32Array[]> {
  const began = performance.now()
  const answers = await Promise.all(Array.from({ length: Math.max(0, to - from) }, (_, at) => workers[at % workers.length].make({ kind: 'draw', split, index: from + at } satisfies StreetWorkerRequest)))
  if (answers.length > 0) print(`${answers.length} street images ready after ${((performance.now() - began) / 1000).toFixed(0)} s`)
  return answers.map(({ counts }) => counts.data as Int32Array)
}

/** Draws the images that later steps choose from, in a thread of its own, some steps ahead. */
function paintAhead(painters: BatchWorkers, plan: SegformerPlan, split: StreetSplit): (step: number) => void {
  let asked = 0
  return (step) => {
    for (const wanted = imagesAt(plan, step + STEPS_AHEAD); asked < wanted; asked++) {
      // what cannot be drawn fails where a batch needs it
      painters.make({ kind: 'draw', split, index: asked } satisfies StreetWorkerRequest).catch(() => {})
    }
  }
}

const STEPS_AHEAD = 100

function print(line: string): void {
  process.stderr.write(`${line}\n`)
}
