/** README.md of nano-sam. */
import { embeddingChannels } from '../../src/core/networks/nano-sam/config.ts'
import type { NanoSamRecord } from './output.ts'
import { COLLAGE_SEED, HELD_OUT_STREET_SEED, NANO_SAM, SIDE, STREET_SEED, WINDOW } from './plan.ts'
import type { RegionScores } from './score.ts'

export function nanoSamCard(record: NanoSamRecord): string {
  const { plan, automatic, progress } = record
  const { settings } = automatic
  const { encoder } = NANO_SAM
  const images = Math.min(plan.streets.most, plan.streets.first + Math.floor(record.steps / plan.streets.every))
  return `---
license: mit
pipeline_tag: mask-generation
---

# Nano SAM

A promptable segmenter with the anatomy of Segment Anything, small enough to be trained here: what is clicked at is cut out, in three
masks of different extent, each with the IoU that the network expects of it. It knows regions and edges, not classes.

- Architecture: a mix transformer of ${encoder.hiddenSizes.length} stages (channels ${encoder.hiddenSizes.join(', ')}, blocks ${encoder.depths.join(', ')}) and SAM's two-way mask decoder of width ${NANO_SAM.hiddenSize}; beside the cells of its embedding, ${NANO_SAM.pixelFeatures} features of each pixel of a mask, to which each mask has a filter of its own, and of which a click is told those where it lies; ${(record.parameters / 1e6).toFixed(2)} million parameters, weights of 16 bits.
- Dialect of transformers.js: \`pixel_values\` [1, 3, ${SIDE}, ${SIDE}], embeddings of ${embeddingChannels(NANO_SAM)} channels (those of positions: ${NANO_SAM.hiddenSize}) and ${SIDE / 8}x${SIDE / 8} cells, masks ${SIDE / 2}x${SIDE / 2}. A window is enlarged to that, as Segment Anything's images are. The program makes the ONNX files from \`model.safetensors\` and \`config.json\`.
- Prompts it was trained on: one point, two points, a point within and one outside, boxes.
- Trained by GoodSAM Studio's own training compiler from the first stages of street-ta's encoder (those that street-ta had when this training began), and otherwise weights that begin as a search for what looks like the place of the click (seed ${record.seed}); besides Segment Anything's loss it learns that cells of one region are alike: ${record.steps} updates${record.finished ? '' : ` of ${plan.phases[plan.phases.length - 1].until} planned ones`} in ${(record.wallSeconds / 60).toFixed(0)} minutes of wall time on ${record.machine}, beside other work. Its images had ${plan.phases.map(({ side, until }) => `${side} x ${side} pixels up to update ${until}`).join(', ')}.${growth(progress)}
- Data: collages of overlapping shapes (dead leaves with parts, seed ${record.seed}) and windows of up to ${images} generated street images (mostly panoramas, of both styles, seed ${STREET_SEED}), with exact masks.${earlierRegions(progress)} No photograph.

## Scores

Definition: ${record.definition}.

| held out | regions | oracle IoU | 100 to 399 px | 400 to 3999 px | from 4000 px | mask that it chooses itself |
|---|---|---|---|---|---|---|
${row('windows of panoramas', record.panoramas)}
${row('of them, those at the horizon', record.horizon)}
${row(`collages (seed ${COLLAGE_SEED}), things and their parts`, record.collages)}

The predicted IoU of the mask that it chooses is off by ${number(record.panoramas.iouError)} on average (windows of panoramas).

Automatic masks of ${automatic.windows} of these windows with \`settings.json\` (${settings.pointsPerSide}x${settings.pointsPerSide} points, predicted IoU above ${settings.predIou}, stability from ${settings.stability}; chosen on other panoramas of seed ${HELD_OUT_STREET_SEED}): of ${automatic.candidates.toFixed(0)} masks ${automatic.afterPredIou.toFixed(1)} pass the predicted IoU, ${automatic.afterStability.toFixed(1)} the stability, and ${automatic.kept.toFixed(1)} are left per window. They cover ${percent(automatic.coverage)} % of it, and ${percent(automatic.purity)} % of their pixels lie in the region that their mask is mostly of.

Oracle IoU while it trained (windows of the first panoramas): ${progress.scores.map(({ step, scores }) => `${step}: ${number(scores['oracle'] ?? 0)}`).join(', ') || 'not measured'}.

## Limits

It knows generated streets and collages. On photographs it has not been measured and is not to be relied on: for real panoramas take a
real Segment Anything. A mask has ${SIDE / 2} pixels for ${WINDOW} of the window; things of less than some ten pixels in either direction are mostly missed.

## Repeating it

\`npm run train:builtin -- nano-sam\` goes on from the checkpoint in the cache folder, or begins anew: with the
streets of this version that gives another model by the same recipe, since these weights have also seen streets as earlier versions drew them. \`training.json\` holds the curve,
the seeds, the settings, the filters that were tried and the stretches of training.

Licence: MIT, as the program.
`
}

/** Of a training whose network was smaller at first. */
function growth({ stretches }: NanoSamRecord['progress']): string {
  const sizes = stretches.map(({ toStep, data }) => ({ toStep, parameters: Number(data['parameters']) }))
  const grown = sizes.filter(({ parameters }, index) => index + 1 < sizes.length && sizes[index + 1].parameters !== parameters)
  if (grown.length === 0) return ''
  return ` The network was smaller at first: ${grown.map(({ toStep, parameters }) => `${(parameters / 1000).toFixed(1)} thousand parameters up to update ${toStep}`).join(', ')}; what was added began silent.`
}

/** Of a training that began when every connected piece of what is no thing was a region. */
function earlierRegions({ stretches }: NanoSamRecord['progress']): string {
  const last = stretches.findLast(({ data }) => data['regions'] === undefined)
  return last === undefined ? '' : ` Up to update ${last.toStep} their regions were things, and connected pieces of what is no thing.`
}

function row(name: string, { regions, oracle, small, medium, large, chosen }: RegionScores): string {
  return `| ${name} | ${regions} | ${[oracle, small, medium, large, chosen].map(number).join(' | ')} |`
}

function number(value: number): string {
  return value.toFixed(3)
}

function percent(share: number): string {
  return (100 * share).toFixed(1)
}
