import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'

/** Real panoramas and models, where this machine has them: GOODSAM_REAL, or the folder beside the project. */
const folder = process.env['GOODSAM_REAL'] ?? resolve(import.meta.dirname, '../../../shared/real')

export const REAL = {
  present: existsSync(join(folder, 'panoramas')) && existsSync(join(folder, 'models')),
  panoramas: join(folder, 'panoramas'),
  ta: join(folder, 'models', 'espnetv2-2.0-cityscapes-512x512.onnx'),
  samEncoder: join(folder, 'models', 'nano-sam', 'vision_encoder.onnx'),
  samDecoder: join(folder, 'models', 'nano-sam', 'prompt_encoder_mask_decoder.onnx'),
} as const

/** Says loudly that tests with real data do not run. */
export function warnWithoutRealData(suite: string): void {
  if (!REAL.present) {
    console.warn(`SKIPPED ${suite}: no real panoramas and models. Name their folder in GOODSAM_REAL (panoramas/, models/).`)
  }
}
