import type { Goal } from '../goals.ts'
import type { Row } from '../results.ts'
import { SIZES, type BenchmarkSize } from '../sizes.ts'
import { fixed, millions } from '../terminal-table.ts'
import type { SizeResult } from './size-result.ts'
import { findingsOf } from './findings.ts'
import { notMeasured } from './not-measured.ts'

/** docs/benchmark.md from what was measured. */

export interface PageParts {
  /** largest first */
  readonly results: readonly SizeResult[]
  /** picture files of a size, as the page links them */
  readonly pictures: (result: SizeResult) => readonly { readonly file: string; readonly title: string }[]
  /** written by people: what the numbers mean, and how they came to be what they are; empty: nothing yet */
  readonly diagnosis: string
  readonly history: string
}

/** What it comes to is told first, how it came to that last. */
export function benchmarkPage({ results, pictures, diagnosis, history }: PageParts): string {
  const sections = results.map((result) => sizeSection(result, pictures(result)))
  return [
    INTRODUCTION, ...writtenSection('Diagnosis', diagnosis), METHOD, sizesTable(), ...(sections.length > 0 ? sections : [NOTHING_YET]), ...writtenSection('What was mended on the way', history),
  ].join('\n\n') + '\n'
}

function writtenSection(title: string, text: string): string[] {
  return text === '' ? [] : [`## ${title}\n\n${text.trim()}`]
}

const INTRODUCTION = `<!-- Written by "npm run -s benchmark -- --report" from docs/benchmark/*.json; what people have to say stands in docs/benchmark/diagnosis.md and history.md. -->
# The benchmark

Real benchmarks of panoramas cannot be downloaded by a program. So the method is measured on generated streets, whose truth is
known to the pixel: a teacher assistant (TA) and a student's initial weights that know *source* street images alone meet
panoramas of the *target* world, which has other textures, weather and white balance beside the distortion. The promptable
segmenter, which learns no classes, was trained on streets of both worlds, other ones than these. Everything runs
through the product's own services, as a person's work would: import, labelling runs, distillation runs, evaluations.

    npm run -s benchmark -- --quick                      whether everything runs, in minutes
    npm run -s benchmark -- --size medium                most of a day on two cores
    npm run -s benchmark -- --size large                 a night: students that are taught for longer, of the rows that matter most
    npm run -s benchmark                                 the full size, three seeds
    npm run -s benchmark -- --size medium --only goodsam,theta
    npm run -s benchmark -- --size medium --report       writes this page from what is measured

What was measured is not measured again: each measurement is a line in \`<size>/rows.jsonl\` of the work folder
(\`~/.cache/goodsam-studio/benchmark\`, or \`--work\`), under a key of all that made it: streets, models, configuration, versions
of the method's stages. A run that was killed goes on, trainings from their last checkpoint. The lines that this page is of stand in
\`docs/benchmark/<size>.jsonl\`: a report from another machine goes on from them, as long as their keys are those of the models and
the method of then; copied to its work folder as \`<size>/rows.jsonl\`, they are not measured again there.`

const METHOD = `## How it is measured

- **Scores** are those of the product's evaluations ([method.md](method.md), "Metrics"), in percent: one confusion matrix over all
  evaluation panoramas. Seam: for a network the agreement, around the seam, with its prediction of the panorama turned by half a turn; for labels the
  continuity across the seam. The two are not comparable with one another.
- **Students** begin with the source-only student's weights, where nothing else is said, and differ in nothing but what they are
  taught: same panoramas, steps, samples, learning rate, last weights (no held-out score chooses among them). They see a panorama
  as a whole at their training size.
- **Self-training** is the image term alone: its target is the TA's stitched map. So the first step of "each term added in turn" is
  the same run.
- **Supervised** is a labelling run whose labels were replaced by the truth of the training panoramas, and then distilled as every
  other one, by the image term: the upper bound for a student of this kind after as many steps.
- **Label ablations** score the labels of some training panoramas against truth that the product does not know.
- **Truth against itself** goes the same way as all labels and must be 100: else the benchmark is wrong.
- Seconds do not count what was in the cache: masks, labels and trainings that other rows had made.
- Spread is the standard deviation over the seeds; where there is one seed there is none, and small differences mean little.`

const PAIRING = `Students are compared over the seeds that both have, so that no mean over several seeds is held against a single one: with self-training, and on
the way with the supervised student. The TA and the source-only student know no seeds and stand as they are.`

const NOTHING_YET = '## Results\n\nNothing was measured yet.'

function sizesTable(): string {
  return markdownTable(['size', 'panoramas, training + evaluation', 'pixels', 'prompts per window', 'students', 'learning rate', 'seeds'], Object.values(SIZES).map(sizeCells))
}

function sizeCells({ name, training, evaluation, width, height, student, seeds, samSettings }: BenchmarkSize): string[] {
  const { steps, batch, learningRate } = student
  const { pointsPerSide } = samSettings
  const prompts = pointsPerSide === undefined ? 'as the model is set' : `${pointsPerSide} x ${pointsPerSide}`
  return [name, `${training} + ${evaluation}`, `${width}x${height}`, prompts, `${steps} steps of ${batch} at ${student.width}x${student.height}`, `${learningRate}`, `${seeds}`]
}

function sizeSection(result: SizeResult, pictures: readonly { readonly file: string; readonly title: string }[]): string {
  const { size, rows, goals } = result
  const missing = notMeasured(size, rows)
  const losses = rows.filter(({ group }) => group === 'loss-ablations')
  const [labels, others] = [rows.filter(({ on }) => on === 'training'), rows.filter((row) => row.on !== 'training' && !losses.includes(row))]
  const machines = [...new Set(rows.map(({ machine }) => machine))]
  const dates = rows.map(({ at }) => at.slice(0, 10)).toSorted()
  const parts = [
    `## Results, size ${size.name}`,
    `Measured ${dates[0] === dates.at(-1) ? `on ${dates[0]}` : `from ${dates[0]} to ${dates.at(-1)}`} on ${machines.join('; ')}.${size.name === 'quick' ? ' Its students are taught for some seconds: it says whether everything runs, nothing about the method.' : ''}`,
    `### Goals\n\n${PAIRING}\n\n${markdownTable(['goal', 'needed', 'measured', 'seeds', ''], goals.map(goalCells))}`,
    ...(others.length > 0 ? [`### Rows\n\n${markdownTable(['row', 'what', 'mIoU', 'spread', 'boundary F', 'seam', 'pixel accuracy', 'solid-angle mIoU', 'parameters', 'ms per panorama', 'seeds'], others.map(rowCells))}`] : []),
    ...(missing === null ? [] : [missing]),
    ...pictures.map(({ file, title }) => `![${title}](${file})`),
    ...(others.length > 0 ? [`### By latitude, mIoU\n\n${latitudeTable(others)}`, `### By class, IoU\n\n${classTable(others)}`] : []),
    ...(labels.length > 0 ? [`### Label ablations, on ${labels[0].panoramas} training panoramas\n\n${markdownTable(['row', 'what', 'mIoU', 'boundary F', 'ms per panorama'], labels.map((row) => [row.name, row.title, fixed(row.miou, 2), fixed(row.boundaryF, 2), fixed(row.msPerPanorama, 0)]))}`] : []),
    ...(losses.length > 0 ? [`### Loss ablations, against the row goodsam\n\n${markdownTable(['row', 'what', 'mIoU', 'spread', 'boundary F', 'seeds'], losses.map((row) => [row.name, row.title, fixed(row.miou, 2), fixed(row.spread, 2), fixed(row.boundaryF, 2), `${row.seeds.length}`]))}`] : []),
    ...findingsSection(rows),
    `### How each row was made\n\n${markdownTable(['row', 'command', 'seconds of the last attempt', 'on'], rows.map((row) => [row.name, `\`${row.command}\``, row.seconds.toFixed(0), row.at.slice(0, 16).replace('T', ' ')]))}`,
  ]
  return parts.join('\n\n')
}

function findingsSection(rows: readonly Row[]): string[] {
  const findings = findingsOf(rows)
  return findings.length === 0 ? [] : [`### What the numbers say\n\n${findings.map((finding) => `- ${finding}`).join('\n')}`]
}

function goalCells({ text, value, seeds, needed, unit, met }: Goal): string[] {
  return [text, needed === 0 ? 'more than 0' : `at least ${needed} ${unit}`, value === null ? '-' : `${value.toFixed(2)} ${unit}`, seeds.join(', ') || '-', met === null ? 'not measured' : met ? 'met' : 'not met']
}

function rowCells(row: Row): string[] {
  return [
    row.name, row.title, fixed(row.miou, 2), fixed(row.spread, 2), fixed(row.boundaryF, 2), fixed(row.seam, 2), fixed(row.pixelAccuracy, 2), fixed(row.solidAngleMiou, 2),
    millions(row.parameters), fixed(row.msPerPanorama, 0), `${row.seeds.length}`,
  ]
}

function latitudeTable(rows: readonly Row[]): string {
  const bands = rows[0].latitude.map(({ fromDeg, toDeg }) => `${fromDeg} to ${toDeg}`)
  return markdownTable(['row', ...bands], rows.map((row) => [row.name, ...row.latitude.map(({ miou }) => fixed(miou, 1))]))
}

function classTable(rows: readonly Row[]): string {
  const classes = rows[0].perClass.filter(({ trainId }) => rows.some((row) => (row.perClass.find((one) => one.trainId === trainId)?.iou ?? null) !== null))
  return markdownTable(['row', ...classes.map(({ name }) => name)], rows.map(({ name, perClass }) =>
    [name, ...classes.map(({ trainId }) => fixed(perClass.find((one) => one.trainId === trainId)?.iou ?? null, 1))]))
}

export function markdownTable(header: readonly string[], rows: readonly (readonly string[])[]): string {
  return [tableLine(header), `|${header.map(() => '---').join('|')}|`, ...rows.map(tableLine)].join('\n')
}

function tableLine(cells: readonly string[]): string {
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`
}
