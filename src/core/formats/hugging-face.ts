/** The files beside model.safetensors that Hugging Face's transformers reads, and the classes for everybody else. */
import type { LabelSet } from '../labels/label-set.ts'
import { IGNORE_ID } from '../labels/label-set.ts'
import { IMAGENET_MEAN, IMAGENET_STD } from '../raster/pixel-values.ts'

/** preprocessor_config.json of a SegformerImageProcessor: how an image becomes `pixel_values`. */
export function preprocessorConfig({ height, width }: { readonly height: number; readonly width: number }): Readonly<Record<string, unknown>> {
  return {
    image_processor_type: 'SegformerImageProcessor',
    do_resize: true,
    size: { height, width },
    /** PIL's number for bilinear */
    resample: 2,
    do_rescale: true,
    rescale_factor: 1 / 255,
    do_normalize: true,
    image_mean: IMAGENET_MEAN,
    image_std: IMAGENET_STD,
    do_reduce_labels: false,
  }
}

/** Class names in the order of the logits. Throws RangeError where a trainId has no name. */
export function classNames({ classes }: LabelSet): readonly string[] {
  const names: string[] = []
  for (const { trainId, name } of classes) names[trainId] = name
  const missing = Array.from(names).indexOf(undefined as never)
  if (missing >= 0) throw new RangeError(`No class has the trainId ${missing}.`)
  return names
}

/** labels.json */
export function labelsJson({ name, classes }: LabelSet): Readonly<Record<string, unknown>> {
  return {
    labelSet: name,
    ignore: IGNORE_ID,
    classes: classes.toSorted((a, b) => a.trainId - b.trainId).map(({ trainId, name: className, color, labelId }) => ({ id: trainId, name: className, color, labelId })),
  }
}
