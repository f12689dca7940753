import { StudioError } from '../../contract/errors.ts'
import type { ModelDialect, ModelKind, TensorInfo } from '../../contract/schemas.ts'
import { findTensor, fixedSize, printTensor, printTensors, shapesAgree, tensorDifferences } from './signatures.ts'
import type { ExpectedTensor, NamedSignature } from './signatures.ts'
import { samGeometry } from './sam-geometry.ts'

/** What a file is to its dialect. */
export type ModelRole = 'encoder' | 'decoder' | 'network'

interface ExpectedFile {
  readonly role: ModelRole
  readonly inputs: readonly ExpectedTensor[]
  readonly outputs: readonly ExpectedTensor[]
}

interface Dialect {
  readonly dialect: ModelDialect
  readonly kind: ModelKind
  readonly title: string
  /** several entries of one role are variants of it */
  readonly files: readonly ExpectedFile[]
}

function tensor(name: string | null, shape: readonly (number | string)[], type = 'float32'): ExpectedTensor {
  return { name, type, shape }
}

const EMBEDDINGS = tensor('image_embeddings', ['B', 'C', 'h', 'w'])
const POSITIONS = tensor('image_positional_embeddings', ['B', 'C', 'h', 'w'])

/** THE table of dialects: how the exports of each family name and shape their tensors. */
const DIALECTS: readonly Dialect[] = [
  {
    dialect: 'sam-transformers-js',
    kind: 'sam',
    title: 'SAM as transformers.js exports it',
    files: [
      { role: 'encoder', inputs: [tensor('pixel_values', ['B', 3, 'H', 'W'])], outputs: [EMBEDDINGS, POSITIONS] },
      {
        role: 'decoder',
        inputs: [
          tensor('input_points', ['B', 'P', 'N', 2]),
          tensor('input_labels', ['B', 'P', 'N'], 'int64'),
          EMBEDDINGS,
          POSITIONS,
        ],
        outputs: [tensor('iou_scores', ['B', 'P', 'M']), tensor('pred_masks', ['B', 'P', 'M', 'h', 'w'])],
      },
    ],
  },
  {
    dialect: 'sam-official',
    kind: 'sam',
    title: "SAM with segment-anything's own decoder",
    files: [
      { role: 'encoder', inputs: [tensor(null, ['H', 'W', 3])], outputs: [EMBEDDINGS] },
      { role: 'encoder', inputs: [tensor(null, ['B', 3, 'H', 'W'])], outputs: [EMBEDDINGS] },
      {
        role: 'decoder',
        inputs: [
          EMBEDDINGS,
          tensor('point_coords', [1, 'N', 2]),
          tensor('point_labels', [1, 'N']),
          tensor('mask_input', [1, 1, 'h', 'w']),
          tensor('has_mask_input', [1]),
          tensor('orig_im_size', [2]),
        ],
        outputs: [tensor('iou_predictions', ['B', 'M']), tensor('low_res_masks', ['B', 'M', 'h', 'w'])],
      },
    ],
  },
  {
    dialect: 'semantic',
    kind: 'ta',
    title: 'a semantic network (the teacher assistant)',
    files: [
      {
        role: 'network',
        inputs: [tensor('pixel_values', ['B', 3, 'H', 'W'])],
        outputs: [tensor('logits', ['B', 'C', 'h', 'w'])],
      },
    ],
  },
]

export interface RecognisedModel {
  readonly dialect: ModelDialect
  /** role of each file, in the order they were given */
  readonly roles: readonly ModelRole[]
  /** channels of a TA's logits where the file states them; null for SAM */
  readonly classes: number | null
}

/**
 * Which dialect the files speak and what each of them is, from the names and shapes of their inputs and outputs.
 * Throws StudioError bad-model that prints each file's signature beside what was expected, where no dialect fits, a
 * file is missing or superfluous, or the files do not belong together.
 */
export function recogniseDialect(files: readonly NamedSignature[], kind: ModelKind): RecognisedModel {
  const candidates = DIALECTS.filter((dialect) => dialect.kind === kind)
  if (files.length === 0) throw new StudioError('bad-model', `No model file was given.\n${expectation(candidates)}`)
  for (const candidate of candidates) {
    const roles = files.map((file) => roleOf(file, candidate))
    if (roles.some((role) => role === null)) continue
    const found = roles.filter((role) => role !== null)
    const problem = incompleteness(candidate, found) ?? disagreement(files, found)
    if (problem !== null) throw new StudioError('bad-model', `${problem}\n${describe(files)}\n${expectation([candidate])}`)
    if (candidate.dialect === 'semantic') return { dialect: candidate.dialect, roles: found, classes: classesOf(files[0]) }
    // sizes that are left open in both files are refused here, not in the middle of a labelling run
    samGeometry(candidate.dialect, files[found.indexOf('encoder')], files[found.indexOf('decoder')])
    return { dialect: candidate.dialect, roles: found, classes: null }
  }
  const hints = nearMisses(files, candidates)
  throw new StudioError(
    'bad-model',
    [
      'These files fit no known dialect; export the model in one of them.',
      ...hints,
      describe(files),
      expectation(candidates),
    ].join('\n'),
  )
}

function roleOf(file: NamedSignature, dialect: Dialect): ModelRole | null {
  return dialect.files.find((expected) => differences(file, expected).length === 0)?.role ?? null
}

function differences(file: NamedSignature, expected: ExpectedFile): string[] {
  return [
    ...tensorDifferences(file.inputs, expected.inputs, 'input'),
    ...tensorDifferences(file.outputs, expected.outputs, 'output'),
  ]
}

/** A file of each role, and one only. */
function incompleteness(dialect: Dialect, roles: readonly ModelRole[]): string | null {
  for (const role of new Set(dialect.files.map((file) => file.role))) {
    const count = roles.filter((other) => other === role).length
    if (count === 0) return `The ${role} is missing: add the files of ${dialect.title} together.`
    if (count > 1) return `${count} files are ${role}s: give one of them.`
  }
  return null
}

/** What the encoder makes must be what the decoder takes. */
function disagreement(files: readonly NamedSignature[], roles: readonly ModelRole[]): string | null {
  const encoder = files[roles.indexOf('encoder')]
  const decoder = files[roles.indexOf('decoder')]
  if (encoder === undefined || decoder === undefined) return null
  for (const made of encoder.outputs) {
    const taken = findTensor(decoder.inputs, made.name)
    if (taken !== undefined && !shapesAgree(made.shape, taken.shape)) {
      return (
        `${encoder.name} and ${decoder.name} do not belong together: the encoder makes ${printTensor(made)}, ` +
        `the decoder takes ${printTensor(taken)}. Give the two files of one export.`
      )
    }
  }
  return null
}

/** uint8 label maps, 255 is "ignore". */
const MOST_CLASSES = 255

function classesOf(network: NamedSignature): number | null {
  const logits: TensorInfo | undefined = findTensor(network.outputs, 'logits')
  const classes = fixedSize(logits, 1)
  if (classes !== null && (classes < 2 || classes > MOST_CLASSES)) {
    throw new StudioError('bad-model', `${network.name} has ${classes} classes; 2 to ${MOST_CLASSES} can be used.`)
  }
  return classes
}

/** Files whose names of tensors fit but whose sizes or types do not: the likeliest explanation first. */
function nearMisses(files: readonly NamedSignature[], dialects: readonly Dialect[]): string[] {
  const hints: string[] = []
  for (const file of files) {
    const options = dialects
      .flatMap((dialect) => dialect.files.map((expected) => ({ dialect, expected, wrong: differences(file, expected) })))
      .filter(({ expected, wrong }) => wrong.length > 0 && wrong.length < expected.inputs.length + expected.outputs.length)
    const exact = dialects.some((dialect) => roleOf(file, dialect) !== null)
    const nearest = options.sort((a, b) => a.wrong.length - b.wrong.length)[0]
    if (!exact && nearest !== undefined) {
      hints.push(`${file.name} is close to the ${nearest.expected.role} of ${nearest.dialect.title}: ${nearest.wrong.join('; ')}.`)
    }
  }
  return hints
}

function describe(files: readonly NamedSignature[]): string {
  return files
    .map((file) => `${file.name}\n    inputs:  ${printTensors(file.inputs)}\n    outputs: ${printTensors(file.outputs)}`)
    .join('\n')
}

function expectation(dialects: readonly Dialect[]): string {
  return dialects
    .map((dialect) =>
      [
        `Expected for ${dialect.title}:`,
        ...dialect.files.map(
          (file) => `  ${file.role}\n    inputs:  ${printTensors(file.inputs)}\n    outputs: ${printTensors(file.outputs)}`,
        ),
      ].join('\n'),
    )
    .join('\n')
}
