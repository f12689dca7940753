/** README.md of an exported student: where it comes from, how good it is, what may be done with it. */

export interface CardFile {
  readonly name: string
  readonly bytes: number
  readonly sha256: string
  readonly parity: { readonly maxDifference: number; readonly agreement: number; readonly least: number; readonly ok: boolean } | null
  readonly latencyMs: number | null
}

export interface CardTeacher {
  readonly role: 'SAM' | 'TA' | 'initial weights'
  readonly name: string
  readonly sha256: string | null
  readonly licence: string | null
}

export interface CardEvaluation {
  readonly dataset: string
  readonly mode: string
  /** folder of the label maps it was scored against; null: imported with the dataset */
  readonly truth: string | null
  /** it learned from panoramas of the same dataset, without their truth */
  readonly learnedFrom: boolean
  readonly panoramas: number
  readonly miou: number
  readonly pixelAccuracy: number
  readonly solidAngleMiou: number
  readonly boundaryF: number | null
  readonly seamConsistency: number | null
  readonly perClass: readonly { readonly name: string; readonly iou: number | null }[]
  readonly at: string
}

export interface ModelCard {
  readonly name: string
  /** "SegFormer with MiT-B0 (Mini)", or the name of an ONNX file */
  readonly architecture: string
  /** Hugging Face's transformers loads model.safetensors */
  readonly transformers: boolean
  readonly parameters: number
  readonly classes: readonly string[]
  readonly labelSet: string
  readonly height: number
  readonly width: number
  readonly step: number
  readonly score: { readonly kind: 'miou' | 'agreement'; readonly value: number } | null
  readonly weightsSha256: string
  readonly dataset: string
  readonly labellingRun: string
  /** facts of the labelling run and the distillation, name and value */
  readonly labelling: readonly (readonly [string, string])[]
  readonly distillation: readonly (readonly [string, string])[]
  /** everything, for whoever wants to repeat it */
  readonly configuration: unknown
  readonly teachers: readonly CardTeacher[]
  readonly evaluations: readonly CardEvaluation[]
  readonly files: readonly CardFile[]
  readonly parityPanoramas: number
  readonly machine: string
  /** whole sentences */
  readonly warnings: readonly string[]
  readonly program: string
}

export function modelCard(card: ModelCard): string {
  return [
    frontMatter(card), `# ${card.name}`, introduction(card), warnings(card), use(card), origin(card), teachers(card), scores(card), files(card), limits(card), repeat(card),
  ].filter((part) => part !== '').join('\n\n').concat('\n')
}

function frontMatter({ transformers }: ModelCard): string {
  return [
    '---', ...(transformers ? ['library_name: transformers'] : []), 'pipeline_tag: image-segmentation', 'license: other',
    'tags:', '- semantic-segmentation', '- panorama', '- equirectangular', '- onnx', ...(transformers ? ['- segformer'] : []), '---',
  ].join('\n')
}

function introduction({ architecture, parameters, classes, labelSet, height, width, teachers: all }: ModelCard): string {
  const withoutSam = all.some(({ role }) => role === 'TA') && all.every(({ role }) => role !== 'SAM')
  return `A semantic segmentation network for street panoramas: ${architecture}, ${(parameters / 1e6).toFixed(1)} million parameters, ` +
    `${classes.length} classes (${labelSet}). It was trained without human labels, on panoramas of ${height}x${width} pixels (height x width)` +
    (withoutSam ? ': labels of a teacher assistant (TA) alone, which no masks of a Segment Anything model (SAM) corrected.'
      : ', as GoodSAM describes: labels of a teacher assistant (TA), corrected by the masks of a Segment Anything model (SAM).')
}

function warnings({ warnings: sentences }: ModelCard): string {
  return sentences.map((sentence) => `> **Warning.** ${sentence}`).join('\n>\n')
}

function use({ transformers, height, width }: ModelCard): string {
  return [
    '## Use',
    '',
    `Input \`pixel_values\`: float32 [batch, 3, height, width], RGB / 255, less the mean .485 .456 .406, divided by .229 .224 .225. It learned at ${height}x${width}.`,
    'Output `logits`: float32 [batch, classes, h, w]; enlarge bilinearly to the size of the image, then take the largest. `labels.json` has names and colours.',
    '',
    '- Node: `cd sample && npm install && node run.mjs`',
    '- Python: `cd sample && pip install -r requirements.txt && python run.py`',
    '',
    'Both write `prediction.png` for `panorama.png` and say how far it agrees with `expected.png`. Other pictures: name them behind the command.',
    ...(transformers ? ['', "- transformers: `SegformerForSemanticSegmentation.from_pretrained('FOLDER')`, `AutoImageProcessor.from_pretrained('FOLDER')`"]
      : ['', 'This is no SegFormer of the transformers library: there is no `config.json`. The weights are in `model.safetensors` under the names that the ONNX file has for them.']),
  ].join('\n')
}

function origin({ dataset, labellingRun, labelling, distillation, step, score, weightsSha256 }: ModelCard): string {
  const scored = score === null ? 'It was not scored while it was trained.'
    : score.kind === 'miou' ? `On panoramas that were held out it then had an mIoU of ${percent(score.value)}.`
    : `On panoramas that were held out it then agreed with the pseudo-labels on ${percent(score.value)} of the pixels, which says nothing about the truth.`
  return [
    '## Where it comes from',
    '',
    `Panoramas: "${dataset}". Labels: the labelling run "${labellingRun}". Weights after ${step} updates, SHA-256 \`${weightsSha256}\`. ${scored}`,
    ...facts('Labelling', labelling), ...facts('Distillation', distillation),
  ].join('\n')
}

function facts(title: string, rows: readonly (readonly [string, string])[]): readonly string[] {
  return rows.length === 0 ? [] : ['', `| ${title} | |`, '|---|---|', ...rows.map(([name, value]) => `| ${name} | ${value} |`)]
}

function teachers({ teachers: all }: ModelCard): string {
  return [
    '## Teachers and their licences',
    '',
    'What was learned from a teacher may be bound by its licence. Licences are known from the names of the files: check them before this network is passed on.',
    '',
    '| | Name | Licence | SHA-256 |', '|---|---|---|---|',
    ...all.map(({ role, name, licence, sha256 }) => `| ${role} | ${name} | ${licence ?? 'not known: ask where the file came from'} | ${sha256 === null ? '' : `\`${sha256}\``} |`),
  ].join('\n')
}

function scores({ evaluations }: ModelCard): string {
  if (evaluations.length === 0) return '## Scores\n\nNobody has scored this network against truth. Evaluate it on labelled panoramas before you rely on it.'
  return ['## Scores', '', SCORE_WORDS, ...evaluations.flatMap((evaluation) => ['', ...evaluationTable(evaluation)])].join('\n')
}

const SCORE_WORDS = 'mIoU: mean over the classes of TP / (TP + FP + FN) of one confusion matrix over all pixels of all panoramas; pixels whose truth is 255 do not count, ' +
  'classes that are neither in the truth nor predicted are left out. Solid-angle mIoU: the same with each row of pixels weighed by the cosine of its latitude. ' +
  'Boundary F: harmonic mean of precision and recall of class boundaries. Seam consistency: agreement near the left and right edge with the answer for the panorama turned by half a turn.'

function evaluationTable({ dataset, mode, truth, learnedFrom, panoramas, perClass, at, ...result }: CardEvaluation): readonly string[] {
  const rows: (readonly [string, number | null])[] = [
    ['mIoU', result.miou], ['pixel accuracy', result.pixelAccuracy], ['solid-angle mIoU', result.solidAngleMiou],
    ['boundary F', result.boundaryF], ['seam consistency', result.seamConsistency],
    ...perClass.filter(({ iou }) => iou !== null).map(({ name, iou }) => [`IoU ${name}`, iou] as const),
  ]
  return [
    `| "${dataset}", ${panoramas} panorama${panoramas === 1 ? '' : 's'}, ${mode}, against ${truth === null ? 'the truth imported with it' : `the label maps in "${truth}"`}, ${at.slice(0, 10)} | |`, '|---|---|',
    ...rows.map(([name, value]) => `| ${name} | ${value === null ? '-' : percent(value)} |`),
    ...(learnedFrom ? ['', `It learned from panoramas of "${dataset}", though not from these label maps: expect less on others.`] : []),
  ]
}

function files({ files: all, parityPanoramas, machine }: ModelCard): string {
  return [
    '## Files',
    '',
    `Agreement: share of the pixels with the same class as the checkpoint's network on ${parityPanoramas} panorama${parityPanoramas === 1 ? '' : 's'} of the dataset, and the largest difference of a logit. Time: one panorama on the CPU (${machine}), median.`,
    '',
    '| File | Bytes | Agreement | Difference | Time | SHA-256 |', '|---|---|---|---|---|---|',
    ...all.map(({ name, bytes, parity, latencyMs, sha256 }) => `| ${name} | ${bytes} | ${parity === null ? '' : `${percent(parity.agreement, 3)}${parity.ok ? '' : ` **(below ${percent(parity.least)})**`}`} | ${parity === null ? '' : parity.maxDifference.toPrecision(2)} | ${latencyMs === null ? '' : `${latencyMs.toFixed(0)} ms`} | \`${sha256}\` |`),
  ].join('\n')
}

function limits({ transformers }: ModelCard): string {
  return [
    '## Limits',
    '',
    '- It learned from labels that machines made: it repeats their mistakes, and knows no class that they did not see.',
    '- It learned on the panoramas of one dataset. Other cities, cameras, seasons and hours are likely to be harder.',
    '- Rows near the poles of a panorama are distorted and were hardly ever labelled right.',
    '- It is not made for decisions that people depend on, such as driving.',
    `- float16 is for hardware that computes in it; CPUs mostly do not. int8 was calibrated on this dataset${transformers ? '; attention and normalisations in it stay float32' : ''}.`,
  ].join('\n')
}

function repeat({ configuration, program }: ModelCard): string {
  return ['## Configuration', '', `Made by GoodSAM Studio ${program}.`, '', '```json', JSON.stringify(configuration, null, 2), '```'].join('\n')
}

function percent(share: number, digits = 1): string {
  return `${(100 * share).toFixed(digits)} %`
}
