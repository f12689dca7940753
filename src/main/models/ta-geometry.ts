import type { TensorInfo } from '../../contract/schemas.ts'
import { findTensor, fixedSize } from './signatures.ts'
import type { NamedSignature } from './signatures.ts'

/** What size of image a semantic network takes; null: any. */
export interface TaGeometry {
  readonly width: number | null
  readonly height: number | null
  /** channels of the logits where the file states them */
  readonly classes: number | null
}

export function taGeometry(network: NamedSignature): TaGeometry {
  const input: TensorInfo | undefined = findTensor(network.inputs, 'pixel_values')
  return {
    width: fixedSize(input, 3),
    height: fixedSize(input, 2),
    classes: fixedSize(findTensor(network.outputs, 'logits'), 1),
  }
}

/** A network of free size sees its input at its own size, at most this long: street networks are trained near it. */
const LONGEST_FREE_SIDE = 1024
/** Encoders halve their input up to five times. */
const FREE_SIDE_MULTIPLE = 32
/** Width over height of a context view for a network of free size: the shape of the images street networks learn from. */
const FREE_ASPECT = 2

/** The size at which the network sees a view of `width` x `height` panorama pixels. */
export function taFrame(
  geometry: TaGeometry,
  view: { readonly width: number; readonly height: number },
): { readonly width: number; readonly height: number } {
  const scale = Math.min(1, LONGEST_FREE_SIDE / Math.max(view.width, view.height))
  const free = (side: number): number =>
    Math.max(FREE_SIDE_MULTIPLE, Math.round((side * scale) / FREE_SIDE_MULTIPLE) * FREE_SIDE_MULTIPLE)
  return { width: geometry.width ?? free(view.width), height: geometry.height ?? free(view.height) }
}

/**
 * The size at which the network sees a view over the panorama's whole height: for a network of free size no higher than a
 * window. It then has the whole height before it at once, which is what a window lacks; larger, it would see no more of it
 * than it was trained to see (docs/method.md, "Context").
 */
export function taContextFrame(
  geometry: TaGeometry,
  view: { readonly width: number; readonly height: number },
  windowHeight: number,
): { readonly width: number; readonly height: number } {
  const scale = Math.min(1, windowHeight / view.height)
  return taFrame(geometry, { width: view.width * scale, height: view.height * scale })
}

/** Width over height of the context views that suit the network. */
export function taAspect(geometry: TaGeometry): number {
  return geometry.width !== null && geometry.height !== null ? geometry.width / geometry.height : FREE_ASPECT
}
