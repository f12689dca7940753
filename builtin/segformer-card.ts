/** README.md of a SegFormer that comes with the program. */
import type { SegformerRecord } from './segformer-output.ts'
import type { SegformerPlan } from './segformer-plans.ts'
import { isFromCars } from './street-images.ts'

export function segformerCard(plan: SegformerPlan, record: SegformerRecord): string {
  const { score, progress } = record
  const { hiddenSizes, depths, decoderSize } = plan.config
  const courses = plan.courses.map(({ streets }, course) => {
    const { seed, width, height, pitchesDeg, carriers } = streets
    const worlds = record.worlds.filter((each) => each.course === course).map(({ world, images, steps }) => `${images} images of world ${world} in ${steps} updates`)
    const pitch = pitchesDeg.every((pitchDeg) => pitchDeg === 0) ? 'level camera' : `camera's pitch ${pitchesDeg.join(', ')} degrees in turn`
    const from = isFromCars(streets) ? '' : `, carried by ${carriers.join(', ')} in turn`
    return `seed ${seed}, ${width}x${height}, ${pitch}${from}: ${worlds.join(', then ') || 'none'}`
  })
  return `---
license: mit
library_name: transformers
pipeline_tag: image-segmentation
---

# ${plan.title}

${plan.summary}.

- Architecture: SegFormer, ${(record.parameters / 1e6).toFixed(2)} million parameters; channels ${hiddenSizes.join(', ')}, blocks ${depths.join(', ')}, head ${decoderSize}. Weights of 16 bits.
- Input: \`pixel_values\` [batch, 3, height, width], sRGB / 255, normalised with ImageNet's mean and deviation. Output: \`logits\` [batch, 19, height / 4, width / 4], the Cityscapes classes in order of their trainId.
- Trained by GoodSAM Studio's own training compiler, ${plan.widenedFrom === null ? 'from random weights' : `beginning with the weights of ${plan.widenedFrom} made wider (Net2Net)`} (seed ${plan.seed}): ${record.steps} updates in ${(record.wallSeconds / 60).toFixed(0)} minutes on ${record.machine}.
- Data: pinhole images of generated streets (style "source") with their truth; ${courses.join('; then ')}. (A world is a version of the street generator.)${plan.widenedFrom === null ? '' : ` What ${plan.widenedFrom} learnt from is in its own card.`} No photograph, no panorama, no other data.

## Scores

Definition: ${score.definition}.

mIoU ${share(score.miou)} %, pixel accuracy ${share(score.pixelAccuracy)} %.

| class | IoU, % |
|---|---|
${Object.entries(score.iou).map(([name, value]) => `| ${name} | ${share(value)} |`).join('\n')}

Per step, while it trained (the first images of the same set): ${progress.scores.map(({ step, scores }) => `${step}: ${share(scores['miou'] ?? null)}`).join(', ') || 'not measured'}.

## Limits

It knows generated streets only. On photographs it has not been measured and is not to be relied on; panoramas it has never seen, so
that less than the scores above is to be expected there. Thin things (poles, fences, people, bicycles) are its weak side.

## Repeating it

\`npm run train:builtin -- ${plan.name}\` goes on from the checkpoint in the cache folder, or begins anew: with the
streets of this version that gives another model by the same recipe, since these weights have also seen streets as earlier versions drew them. \`training.json\` holds the
curve, the seeds, the settings and the stretches of training.

Licence: MIT, as the program.
`
}

function share(value: number | null): string {
  return value === null ? 'absent' : (100 * value).toFixed(1)
}
