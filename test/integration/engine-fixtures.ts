import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import sharp from 'sharp'
import { RECIPES, SAM_DEFAULTS } from '../../src/core/goodsam/config.ts'
import type { SamSettings } from '../../src/core/goodsam/config.ts'
import { layoutWindows } from '../../src/core/goodsam/windows.ts'
import { CITYSCAPES } from '../../src/core/labels/cityscapes.ts'
import type { Raster } from '../../src/core/raster/raster.ts'
import { createEngine } from '../../src/main/engine/engine.ts'
import { forkEngine } from '../../src/main/engine/engine-transport.ts'
import type { Engine, EngineModel, LabelPanoramaRequest, LabelPanoramaResponse } from '../../src/main/engine/protocol.ts'

/** What the engine's tests share: the tiny models of test/fixtures/models, and panoramas painted in class colours. */

const MODELS = resolve(import.meta.dirname, '../fixtures/models')

export function modelPath(name: string): string {
  return join(MODELS, name)
}

export function taModel(file: string): EngineModel {
  return { name: file, sha256: file.padEnd(64, '0'), dialect: 'semantic', paths: { network: modelPath(file) } }
}

type SamModel = NonNullable<LabelPanoramaRequest['sam']>

/** Four prompts per side meet every region of the painted panoramas. */
export const QUICK: SamSettings = { ...SAM_DEFAULTS, pointsPerSide: 4 }

export function samModel(folder: string, settings: SamSettings = QUICK): SamModel {
  return {
    name: folder, sha256: folder.padEnd(64, '0'), dialect: 'sam-transformers-js', settings,
    paths: { encoder: modelPath(`${folder}/vision_encoder.onnx`), decoder: modelPath(`${folder}/prompt_encoder_mask_decoder.onnx`) },
  }
}

export function officialSam(encoder: 'encoder.onnx' | 'encoder-planes.onnx', settings: SamSettings = QUICK): SamModel {
  return {
    name: `official ${encoder}`, sha256: encoder.padEnd(64, '1'), dialect: 'sam-official', settings,
    paths: { encoder: modelPath(`wand-sam-official/${encoder}`), decoder: modelPath('wand-sam-official/decoder.onnx') },
  }
}

export function startEngine(options: { env?: NodeJS.ProcessEnv; log?: (line: string) => void } = {}): Engine {
  return createEngine({
    launch: () => forkEngine({ env: options.env }),
    settings: { provider: 'cpu', cpuThreads: 0, recycleBytes: 8 * 2 ** 30 },
    onLog: options.log ?? ((line) => console.info(`engine: ${line}`)),
  })
}

/** A rectangle of one class; columns modulo the width. */
export type Patch = readonly [trainId: number, x: number, y: number, width: number, height: number]

/** Sky above road, a building, a car across the seam, a person. Everything aligned to 16 px. */
export const STREET: readonly Patch[] = [
  [10, 0, 0, 256, 64], [0, 0, 64, 256, 64], [2, 64, 32, 64, 32], [13, 240, 64, 32, 32], [11, 160, 48, 16, 48],
]

/** The truth of a painted panorama. */
export function paint(width: number, height: number, patches: readonly Patch[]): Raster {
  const data = new Uint8Array(width * height)
  for (const [trainId, x, y, w, h] of patches) {
    for (let row = y; row < Math.min(height, y + h); row++) {
      for (let column = x; column < x + w; column++) data[row * width + (column % width)] = trainId
    }
  }
  return { width, height, data }
}

/** The same as pixels in Cityscapes colours. */
export function colours(truth: Raster): Uint8Array {
  const rgb = new Uint8Array(truth.data.length * 3)
  truth.data.forEach((trainId, pixel) => rgb.set(CITYSCAPES.classes[trainId].color, pixel * 3))
  return rgb
}

export async function writeImage(path: string, size: { width: number; height: number }, rgb: Uint8Array): Promise<string> {
  await sharp(rgb, { raw: { ...size, channels: 3 } }).png().toFile(path)
  return path
}

export function sha256Of(path: string): string {
  return createHash('sha256').update(readFileSync(path)).digest('hex')
}

export interface RequestOptions extends Partial<Omit<LabelPanoramaRequest, 'image'>> {
  readonly path: string
  readonly width: number
  readonly height: number
  readonly cyclic?: boolean
  readonly artifactsRoot: string
}

export const NOTHING_CACHED: LabelPanoramaRequest['cached'] = { masks: null, semantics: null, boundary: null, fusion: null, embeddings: [] }

export function labelRequest({ path, width, height, cyclic = true, ...rest }: RequestOptions): LabelPanoramaRequest {
  return {
    panoramaName: 'street', image: { path, sha256: sha256Of(path), width, height, cyclic }, sam: samModel('wand-sam'), ta: taModel('colour-ta.onnx'),
    config: RECIPES.goodsam, provider: 'cpu', cached: NOTHING_CACHED, keepEmbeddings: true, ...rest,
  }
}

export function windowCount(request: LabelPanoramaRequest): number {
  const { width, height, cyclic } = request.image
  return layoutWindows({ widthPx: width, heightPx: height, cyclic }, request.config.windows).length
}

export function run(engine: Engine, request: LabelPanoramaRequest, signal = new AbortController().signal): Promise<LabelPanoramaResponse> {
  return engine.labelPanorama(request, { signal, onProgress: () => {} })
}

/** Share of pixels on which two maps agree. */
export function agreement(a: Raster, b: Raster): number {
  let same = 0
  for (let p = 0; p < a.data.length; p++) if (a.data[p] === b.data[p]) same++
  return same / a.data.length
}

/** Files of an artifact folder by kind: whole ones, and leftovers of unfinished writes. */
export async function artifactFiles(root: string): Promise<{ whole: string[]; unfinished: string[] }> {
  const files = await readdir(root, { recursive: true, withFileTypes: true }).catch(() => [])
  const names = files.filter((file) => file.isFile()).map((file) => join(file.parentPath, file.name))
  const temporary = join(root, 'tmp')
  return { whole: names.filter((name) => !name.startsWith(temporary)), unfinished: names.filter((name) => name.startsWith(temporary)) }
}
