import type { SynthRequest } from '../../core/synth/types.ts'

/** Work for the threads that draw generated streets. */

/** What a drawn image can be written as; depth in whole centimetres, 65535: sky, or too far to be said. */
export const SYNTH_FILE_KINDS = ['image', 'labelTrainIds', 'labelIds', 'instanceIds', 'color', 'depth'] as const
export type SynthFileKind = (typeof SYNTH_FILE_KINDS)[number]

/** PNG bytes of one image. */
export interface SynthFile {
  readonly kind: SynthFileKind
  readonly bytes: Uint8Array
}

export interface DrawTask {
  readonly request: SynthRequest
  readonly kinds: readonly SynthFileKind[]
}

export interface DrawnStreet {
  readonly files: readonly SynthFile[]
  /** of drawing, without writing PNG files */
  readonly milliseconds: number
}
