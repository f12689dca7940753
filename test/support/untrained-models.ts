/** Built-in models that were never trained: whole files, so that everything runs, and answers that mean nothing. */
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { classNames } from '../../src/core/formats/hugging-face.ts'
import { writeSafetensors } from '../../src/core/formats/safetensors.ts'
import { CITYSCAPES } from '../../src/core/labels/cityscapes.ts'
import { nanoSamConfig } from '../../src/core/networks/nano-sam/config.ts'
import { initialNanoSamWeights } from '../../src/core/networks/nano-sam/parameters.ts'
import { studentConfig, toConfigJson } from '../../src/core/networks/segformer/config.ts'
import { initialWeights } from '../../src/core/networks/segformer/parameters.ts'
import { float32ToFloat16 } from '../../src/core/onnx/half.ts'
import type { Tensor } from '../../src/core/onnx/tensor.ts'

/** Masks of any quality, from few prompts. */
const SETTINGS = { pointsPerSide: 2, predIou: 0, stability: 0, minAreaFraction: 0.001 }

/** Writes nano-sam, street-ta and mit-b0 below the folder (what GOODSAM_MODELS names). */
export async function writeUntrainedModels(root: string): Promise<string> {
  const sam = nanoSamConfig({ imageSize: 128, pixelFeatures: 2 })
  await write(join(root, 'nano-sam'), { model_type: 'nano-sam', ...sam }, initialNanoSamWeights(sam, 1))
  await writeFile(join(root, 'nano-sam', 'settings.json'), JSON.stringify(SETTINGS))
  const semantic = studentConfig('mini', 19)
  for (const [index, name] of ['street-ta', 'mit-b0'].entries()) {
    await write(join(root, name), toConfigJson(semantic, classNames(CITYSCAPES)), initialWeights(semantic, index + 1))
  }
  return root
}

async function write(folder: string, config: object, weights: ReadonlyMap<string, Tensor>): Promise<void> {
  await mkdir(folder, { recursive: true })
  await writeFile(join(folder, 'config.json'), JSON.stringify(config))
  const halves = [...weights].map(([name, { dims, data }]) => [name, { dtype: 'F16' as const, shape: dims, data: float32ToFloat16(data as Float32Array) }] as const)
  await writeFile(join(folder, 'model.safetensors'), writeSafetensors(Object.fromEntries(halves), { format: 'pt' }))
}
