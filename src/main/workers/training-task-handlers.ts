import { gunzipSync } from 'node:zlib'
import { encode } from 'fast-png'
import { StudioError } from '../../contract/errors.ts'
import { writeIndexedPng } from '../../core/formats/indexed-png.ts'
import { decodeTrainingData } from '../../core/formats/training-data.ts'
import { randomFrom } from '../../core/goodsam/distillation/random.ts'
import { IGNORE_ID } from '../../core/labels/label-set.ts'
import { addToConfusion, emptyConfusion } from '../../core/metrics/confusion.ts'
import { pixelValues } from '../../core/raster/pixel-values.ts'
import type { Raster } from '../../core/raster/raster.ts'
import { upsampledArgmax } from '../../core/raster/upsampled-argmax.ts'
import { openArtifactStore } from '../artifacts/artifact-store.ts'
import { estimateStep } from '../engine/training-compile.ts'
import { LESSONS, type PreparedData } from '../engine/training-lesson.ts'
import { isFiniteData } from './finite.ts'
import type { TrainingTaskHandlers } from './training-tasks.ts'

export const TRAINING_TASKS: TrainingTaskHandlers = {
  async load({ root, hash, task, config }) {
    const bytes = await openArtifactStore(root).read(hash)
    try {
      return shared(LESSONS[task].prepare(decodeTrainingData(bytes[0] === 0x1f && bytes[1] === 0x8b ? new Uint8Array(gunzipSync(bytes)) : bytes), config))
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause)
      throw new StudioError('workspace-damaged', `The training data ${hash} cannot be read (${reason}). Start the run again: they are made anew.`, { cause })
    }
  },

  sample: ({ task, data, random, weight, config, place }) => LESSONS[task].draw(data, { config, random: randomFrom(random), weight }, place),

  pixels({ data: { image }, out }) {
    pixelValues(image, image, out)
    return null
  },

  score({ data, logits, against }) {
    if (!isFiniteData(logits.data)) return null
    const confusion = emptyConfusion(logits.classes)
    const labels = data[against]
    if (labels !== null) addToConfusion(confusion, labels, upsampledArgmax(logits, data))
    return confusion.counts
  },

  async picture({ root, data, logits, palette }) {
    if (!isFiniteData(logits.data)) return null
    const { width, height, image, fused } = data
    const student = upsampledArgmax(logits, data)
    const { map, agreement } = differenceOf(fused, student)
    const colours = Array.from({ length: 256 }, (_, id) => palette[id] ?? NO_COLOUR)
    const store = openArtifactStore(root)
    const put = async (png: Uint8Array): Promise<string> => (await store.put(png)).hash
    return {
      image: await put(encode({ width, height, data: image.data, channels: 3, depth: 8 })),
      pseudoLabel: await put(writeIndexedPng(fused, colours)),
      student: await put(writeIndexedPng(student, colours)),
      difference: await put(writeIndexedPng(map, DIFFERENCE_COLOURS)),
      agreement,
    }
  },

  estimate: ({ source, plan }) => estimateStep(source, plan),
}

type Colour = readonly [red: number, green: number, blue: number]

const NO_COLOUR: Colour = [0, 0, 0]
/** By pixel: the same, another class, no pseudo-label */
const DIFFERENCE_COLOURS: readonly Colour[] = [[24, 24, 27], [250, 82, 82], [73, 80, 87]]
const [SAME, OTHER, UNLABELLED] = [0, 1, 2]

function differenceOf(pseudoLabel: Raster, student: Raster): { readonly map: Raster; readonly agreement: number } {
  const data = new Uint8Array(student.data.length)
  let labelled = 0
  let same = 0
  for (let pixel = 0; pixel < data.length; pixel++) {
    const label = pseudoLabel.data[pixel]
    const agrees = label === student.data[pixel]
    data[pixel] = label === IGNORE_ID ? UNLABELLED : agrees ? SAME : OTHER
    if (label === IGNORE_ID) continue
    labelled++
    if (agrees) same++
  }
  return { map: { width: student.width, height: student.height, data }, agreement: labelled === 0 ? 1 : same / labelled }
}

/** The arrays in shared memory: every thread draws samples from one copy. */
function shared(data: PreparedData): PreparedData {
  return {
    ...data,
    image: withShared(data.image),
    ta: withShared(data.ta),
    fused: withShared(data.fused),
    boundary: data.boundary && withShared(data.boundary),
    truth: data.truth && withShared(data.truth),
    windows: data.windows.map(({ window, label, trusted }) => ({ window, label: inShared(label), trusted: inShared(trusted) })),
    ...(data.votes === undefined ? {} : { votes: { ...data.votes, first: inShared(data.votes.first), second: inShared(data.votes.second) } }),
  }
}

function withShared<Map extends { readonly data: Uint8Array }>(map: Map): Map {
  return { ...map, data: inShared(map.data) }
}

function inShared<Values extends Uint8Array | Int32Array>(values: Values): Values {
  const place = new (values.constructor as { new (buffer: SharedArrayBuffer): Values })(new SharedArrayBuffer(values.byteLength))
  place.set(values)
  return place
}
