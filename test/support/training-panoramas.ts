import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { encodeTrainingData, type TrainingData } from '../../src/core/formats/training-data.ts'
import { DISTILLATION_DEFAULTS, type DistillationConfig } from '../../src/core/goodsam/distillation-config.ts'
import { CITYSCAPES } from '../../src/core/labels/cityscapes.ts'
import { type ArtifactStore, openArtifactStore } from '../../src/main/artifacts/artifact-store.ts'
import type { TrainControl, TrainEvent, TrainingPanorama, TrainRequest } from '../../src/main/engine/training-protocol.ts'

/** Panoramas painted in their classes' colours, as the training data that a labelling run makes. */

export const TINY = { height: 64, width: 128 } as const
export const CLASSES = 19

/** Sky above road, a building, a car, rolled by `roll` columns. */
function paintedLabel(x: number, y: number, { height, width }: { readonly height: number; readonly width: number }, roll: number): number {
  const column = ((x + roll) % width) / width
  const row = y / height
  if (row >= 0.7) return 0
  if (row >= 0.5 && column >= 0.4 && column < 0.55) return 13
  if (row >= 0.25 && column >= 0.6 && column < 0.9) return 2
  return 10
}

export function paintedTrainingData(roll: number, size: { readonly height: number; readonly width: number } = TINY): TrainingData {
  const { height, width } = size
  const labels = Uint8Array.from({ length: height * width }, (_, pixel) => paintedLabel(pixel % width, Math.floor(pixel / width), size, roll))
  const map = (data: Uint8Array) => ({ width, height, data })
  const image = Uint8Array.from(labels, (label) => label).reduce((rgb, label, pixel) => {
    rgb.set(CITYSCAPES.classes[label].color, 3 * pixel)
    return rgb
  }, new Uint8Array(3 * labels.length))
  const edges = labels.map((label, pixel) => (pixel % width > 0 && label !== labels[pixel - 1] ? 1 : 0))
  const side = width / 4
  const windows = Array.from({ length: 8 }, (_, index) => {
    const window = { index, family: 'sliding' as const, x: (index * side) / 2, y: 0, width: side, height }
    const label = Uint8Array.from({ length: side * height }, (_each, pixel) => labels[Math.floor(pixel / side) * width + ((window.x + (pixel % side)) % width)])
    return { window, label, trusted: label.map((_each, pixel) => (pixel % 7 === 0 ? 0 : 1)) }
  })
  return { width, height, cyclic: true, image: { width, height, data: image }, ta: map(labels), fused: map(labels), boundary: map(edges), truth: map(labels), windows }
}

export interface TrainingFolder {
  readonly root: string
  readonly store: ArtifactStore
  readonly panoramas: readonly TrainingPanorama[]
  /** what trains on these panoramas */
  request(config?: Partial<DistillationConfig>, rest?: Partial<TrainRequest>): TrainRequest
  remove(): Promise<void>
}

export const QUICK: DistillationConfig = {
  ...DISTILLATION_DEFAULTS, ...TINY, batch: 2, steps: 20, warmupSteps: 2, learningRate: 1e-3,
  validateEvery: 1000, checkpointEvery: 1000, sampleEvery: 1000, windowsPerSample: 5,
}

/** An artifact folder with four painted panoramas. */
export async function trainingFolder(size: { readonly height: number; readonly width: number } = TINY): Promise<TrainingFolder> {
  const root = await mkdtemp(join(tmpdir(), 'goodsam-training-'))
  const store = openArtifactStore(root)
  const panoramas: TrainingPanorama[] = []
  for (const [index, roll] of [0, 20, 50, 90].entries()) {
    const { hash } = await store.put(encodeTrainingData(paintedTrainingData(roll, size)))
    panoramas.push({ panoramaId: `panorama-${index}`, name: `painted-${index}`, cyclic: true, data: hash, weight: 1 })
  }
  return {
    root, store, panoramas,
    request(config = {}, rest = {}) {
      const full = { ...QUICK, ...size, ...config }
      return {
        name: 'painted', artifactsRoot: root, architecture: { kind: 'segformer', size: 'mini' }, classes: CLASSES,
        palette: CITYSCAPES.classes.map(({ color }) => color), network: null, weights: null, config: full,
        batch: full.batch, accumulate: full.accumulate, panoramas, heldOut: [], scoreKind: null, pictured: [],
        resume: null, learningRateFactor: 1, provider: 'cpu', threads: 1, ...rest,
      }
    },
    remove: () => rm(root, { recursive: true, force: true }),
  }
}

/** Control and ears of a test. */
export function listener(onEvent: (event: TrainEvent) => void = () => {}) {
  const stop = new AbortController()
  const pause = new AbortController()
  const events: TrainEvent[] = []
  let setFactor: ((factor: number) => void) | undefined
  const control: TrainControl = {
    pause: pause.signal,
    onLearningRateFactor(listen) {
      setFactor = listen
      return () => {}
    },
  }
  return {
    stop, pause, events,
    setFactor: (factor: number) => setFactor?.(factor),
    of: <Type extends TrainEvent['type']>(type: Type) => events.filter((event): event is Extract<TrainEvent, { type: Type }> => event.type === type),
    options: {
      signal: stop.signal, control,
      onEvent(event: TrainEvent) {
        events.push(event)
        onEvent(event)
      },
    },
  }
}
