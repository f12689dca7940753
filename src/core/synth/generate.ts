/** The procedural world's front door: a request in, an image with its truth out. */
import type { SynthRequest, SyntheticImage } from './types.ts'

/** Builds the street that `seed`, `style` and `index` name, and draws it as asked. */
export function generateView(_request: SynthRequest): SyntheticImage {
  throw new Error('being built')
}
