/** A trained SegFormer as a folder that comes with the program: weights of 16 bits, configuration, measured scores, card. */
import { join } from 'node:path'
import { classNames, preprocessorConfig } from '../src/core/formats/hugging-face.ts'
import { writeSafetensors } from '../src/core/formats/safetensors.ts'
import { CITYSCAPES } from '../src/core/labels/cityscapes.ts'
import type { ConfusionScores } from '../src/core/metrics/confusion.ts'
import { parameterCount, type Parameters } from '../src/core/networks/parameters.ts'
import { toConfigJson } from '../src/core/networks/segformer/config.ts'
import { segformerParameters } from '../src/core/networks/segformer/parameters.ts'
import { float16ToFloat32, float32ToFloat16 } from '../src/core/onnx/half.ts'
import { float32, type Tensor } from '../src/core/onnx/tensor.ts'
import { replaceFile, type Stretch, thinned } from './checkpoint.ts'
import { machinesOf } from './machine.ts'
import { segformerCard } from './segformer-card.ts'
import { placedCourses, type SegformerPlan } from './segformer-plans.ts'
import { scoreSegformer, type Scoring } from './segformer-score.ts'
import { HELD_OUT_STREETS } from './street-images.ts'
import type { Trained } from './training-loop.ts'

/** Images of the held-out ones by which a test looks whether the score still holds */
export const CHECKED_IMAGES = 4

export interface SegformerRecord {
  readonly name: string
  readonly title: string
  readonly summary: string
  readonly parameters: number
  readonly seed: number
  readonly steps: number
  readonly wallSeconds: number
  readonly machine: string
  /** what it learnt from, one course and version of the street generator after the other */
  readonly worlds: readonly { readonly world: string; readonly course: number; readonly steps: number; readonly images: number }[]
  /** what the street generator drew when it was scored */
  readonly world: string
  readonly score: {
    readonly definition: string
    readonly images: number
    readonly miou: number | null
    readonly pixelAccuracy: number | null
    readonly iou: Readonly<Record<string, number | null>>
  }
  /** the first images alone */
  readonly check: { readonly images: number; readonly miou: number | null }
  readonly plan: Omit<SegformerPlan, 'config'>
  readonly progress: Trained['progress']
}

/** Scores the weights as they are written and writes the folder, the weights last. */
export async function writeSegformer(plan: SegformerPlan, { weights, progress }: Trained, { world, output, ...scoring }: Scoring & { readonly world: string; readonly output: string }): Promise<void> {
  const parameters = segformerParameters(plan.config)
  const halves = toHalves(parameters, weights)
  const rounded = new Map([...halves].map(([name, { dims, data }]) => [name, float32(dims, float16ToFloat32(data))]))
  const score = await scoreSegformer(plan.config, rounded, scoring)
  const check = await scoreSegformer(plan.config, rounded, { ...scoring, count: CHECKED_IMAGES })
  const record = recordOf(plan, { score, check: check.miou, images: scoring.count, progress, world, parameters })
  const file = writeSafetensors(Object.fromEntries([...halves].map(([name, { dims, data }]) => [name, { dtype: 'F16' as const, shape: dims, data }])), { format: 'pt' })
  const text = (name: string, contents: string): Promise<void> => replaceFile(join(output, name), new TextEncoder().encode(contents))
  await text('config.json', json(toConfigJson(plan.config, classNames(CITYSCAPES))))
  await text('preprocessor_config.json', json(preprocessorConfig(HELD_OUT_STREETS)))
  await text('training.json', json(record))
  await text('README.md', segformerCard(plan, record))
  await replaceFile(join(output, 'model.safetensors'), file)
  process.stderr.write(`${output}: mIoU ${percent(score.miou)} on ${scoring.count} held-out images, ${(file.length / 1e6).toFixed(2)} MB of weights\n`)
}

interface Half {
  readonly dims: readonly number[]
  readonly data: Uint16Array<ArrayBuffer>
}

/** Throws RangeError where a weight is beyond what 16 bits hold. */
function toHalves(parameters: Parameters, weights: ReadonlyMap<string, Tensor>): ReadonlyMap<string, Half> {
  return new Map([...parameters.keys()].map((name) => {
    const tensor = weights.get(name)
    if (!(tensor?.data instanceof Float32Array)) throw new RangeError(`The training has no parameter "${name}".`)
    const data = float32ToFloat16(tensor.data)
    if (!float16ToFloat32(data).every(Number.isFinite)) throw new RangeError(`"${name}" holds numbers that do not fit into 16 bits.`)
    return [name, { dims: tensor.dims, data }]
  }))
}

function recordOf(plan: SegformerPlan, measured: { readonly score: ConfusionScores; readonly check: number | null; readonly images: number; readonly progress: Trained['progress']; readonly world: string; readonly parameters: Parameters }): SegformerRecord {
  const { config: _, ...rest } = plan
  const { score, images, progress, world } = measured
  const { width, height, seed, fovsDeg } = HELD_OUT_STREETS
  return {
    name: plan.name, title: plan.title, summary: plan.summary, parameters: parameterCount(measured.parameters), seed: plan.seed, steps: progress.step,
    wallSeconds: progress.stretches.reduce((sum, { seconds }) => sum + seconds, 0),
    machine: machinesOf(progress.stretches),
    worlds: worldsOf(plan, progress.stretches), world,
    score: {
      definition: `mean IoU over the 19 Cityscapes classes from one confusion matrix over all pixels of ${images} generated street images of ${width}x${height} with a field of view of ${fovsDeg.join(', ')} degrees, seed ${seed}, which no training saw; weights of 16 bits`,
      images, miou: score.miou, pixelAccuracy: score.pixelAccuracy,
      iou: Object.fromEntries(classNames(CITYSCAPES).map((name, id) => [name, score.iou[id]])),
    },
    check: { images: CHECKED_IMAGES, miou: measured.check },
    plan: rest, progress: thinned(progress),
  }
}

/** Of each course in each world, how many images its last step chose from (train-segformer.ts). */
function worldsOf(plan: SegformerPlan, stretches: readonly Stretch[]): SegformerRecord['worlds'] {
  return placedCourses(plan).flatMap(({ begin, end, drawnFrom }, course) => {
    const worlds = new Map<string, { readonly first: number; readonly last: number; readonly drawnFrom: number; readonly images: SegformerPlan['images'] }>()
    for (const { fromStep, toStep, data } of stretches) {
      const [first, last] = [Math.max(fromStep, begin + 1), Math.min(toStep, end)]
      if (first > last) continue
      const world = String(data['world'])
      const seen = Math.min(...stretches.filter((each) => each.data['world'] === world).map((each) => each.fromStep))
      worlds.set(world, { first: worlds.get(world)?.first ?? first, last, drawnFrom: Math.max(seen, drawnFrom + 1), images: data['images'] as SegformerPlan['images'] })
    }
    return Array.from(worlds, ([world, { first, last, images, drawnFrom: from }]) => ({
      world, course, steps: last - first + 1, images: Math.min(plan.images.most, Math.floor(images.first + images.perStep * (last - from))),
    }))
  })
}

function json(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`
}

export function percent(share: number | null): string {
  return share === null ? 'not measured' : (100 * share).toFixed(1)
}
