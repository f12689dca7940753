/** What makes one SegFormer differ from another, as in Hugging Face's config.json. */
import { ModelError } from '../../onnx/errors.ts'

/** The encoder, a mix transformer (MiT) */
export interface EncoderConfig {
  /** channels of the input image */
  readonly channels: number
  /** blocks per stage */
  readonly depths: readonly number[]
  /** channels per stage */
  readonly hiddenSizes: readonly number[]
  readonly heads: readonly number[]
  /** by how much each side of the key and value map is smaller than that of the queries */
  readonly reductions: readonly number[]
  /** width of the feed-forward layer in channels of the stage */
  readonly mlpRatios: readonly number[]
  /** sides of the patch embeddings' kernels */
  readonly patchSizes: readonly number[]
  readonly strides: readonly number[]
}

export interface SegformerConfig extends EncoderConfig {
  /** channels of the head */
  readonly decoderSize: number
  readonly classes: number
}

export type SegformerSize = 'b0' | 'b1' | 'b2' | 'b3' | 'b4' | 'b5'

const SIZES: Readonly<Record<SegformerSize, Pick<SegformerConfig, 'depths' | 'hiddenSizes' | 'decoderSize'>>> = {
  b0: { depths: [2, 2, 2, 2], hiddenSizes: [32, 64, 160, 256], decoderSize: 256 },
  b1: { depths: [2, 2, 2, 2], hiddenSizes: [64, 128, 320, 512], decoderSize: 256 },
  b2: { depths: [3, 4, 6, 3], hiddenSizes: [64, 128, 320, 512], decoderSize: 768 },
  b3: { depths: [3, 4, 18, 3], hiddenSizes: [64, 128, 320, 512], decoderSize: 768 },
  b4: { depths: [3, 8, 27, 3], hiddenSizes: [64, 128, 320, 512], decoderSize: 768 },
  b5: { depths: [3, 6, 40, 3], hiddenSizes: [64, 128, 320, 512], decoderSize: 768 },
}

/** The GoodSAM students and their encoders. */
export const STUDENTS = { mini: 'b0', tiny: 'b1', small: 'b2' } as const satisfies Record<string, SegformerSize>
export type Student = keyof typeof STUDENTS

/** A SegFormer with one of the six published encoders (MiT-B0..B5) and the all-MLP head published with it. */
export function segformerConfig(size: SegformerSize, classes: number): SegformerConfig {
  return {
    channels: 3, heads: [1, 2, 5, 8], reductions: [8, 4, 2, 1], mlpRatios: [4, 4, 4, 4],
    patchSizes: [7, 3, 3, 3], strides: [4, 2, 2, 2], ...SIZES[size], classes,
  }
}

/** The configuration of a GoodSAM student. */
export function studentConfig(student: Student, classes: number): SegformerConfig {
  return segformerConfig(STUDENTS[student], classes)
}

/** Fields of config.json that hold one number per stage. */
const PER_STAGE = {
  depths: 'depths', hiddenSizes: 'hidden_sizes', heads: 'num_attention_heads', reductions: 'sr_ratios',
  mlpRatios: 'mlp_ratios', patchSizes: 'patch_sizes', strides: 'strides',
} as const satisfies Partial<Record<keyof SegformerConfig, string>>

/** Hugging Face's defaults (those of B0), for fields that config.json leaves out. */
const DEFAULTS = segformerConfig('b0', 2)

/**
 * Reads Hugging Face's config.json (the parsed JSON). Fields that are left out have Hugging Face's defaults.
 * Throws ModelError 'invalid' naming a field that is wrong, 'unsupported' where the network is no SegFormer or uses what is not built here.
 */
export function fromConfigJson(json: unknown): { readonly config: SegformerConfig; /** class names in order of their index; empty where the file has none */ readonly labels: readonly string[] } {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) throw new ModelError('invalid', 'config.json holds no object.')
  const fields = json as Readonly<Record<string, unknown>>
  const { model_type: type = 'segformer', hidden_act: activation = 'gelu', reshape_last_stage: reshape = true } = fields
  if (type !== 'segformer') throw new ModelError('unsupported', `config.json describes a network of the type ${JSON.stringify(type)}, not "segformer".`)
  if (activation !== 'gelu') throw new ModelError('unsupported', `config.json: hidden_act is ${JSON.stringify(activation)}; only "gelu" is built.`)
  if (reshape !== true) throw new ModelError('unsupported', 'config.json: reshape_last_stage is false; only true is built.')
  const perStage = Object.fromEntries(Object.entries(PER_STAGE).map(([key, field]) => [key, counts(fields, field, DEFAULTS[key as keyof typeof PER_STAGE])])) as Pick<SegformerConfig, keyof typeof PER_STAGE>
  const stages = count(fields, 'num_encoder_blocks', perStage.depths.length)
  for (const [key, field] of Object.entries(PER_STAGE)) {
    const found = perStage[key as keyof typeof PER_STAGE].length
    if (found !== stages) throw new ModelError('invalid', `config.json: ${field} has ${found} numbers for ${stages} stages.`)
  }
  const odd = perStage.hiddenSizes.findIndex((size, stage) => size % perStage.heads[stage] !== 0)
  if (odd >= 0) throw new ModelError('invalid', `config.json: hidden size ${perStage.hiddenSizes[odd]} of stage ${odd} does not divide into ${perStage.heads[odd]} heads.`)
  const labels = labelsOf(fields['id2label'])
  return {
    config: {
      ...perStage,
      channels: count(fields, 'num_channels', DEFAULTS.channels),
      decoderSize: count(fields, 'decoder_hidden_size', DEFAULTS.decoderSize),
      classes: labels.length > 0 ? labels.length : count(fields, 'num_labels', DEFAULTS.classes),
    },
    labels,
  }
}

/** config.json as Hugging Face writes it for SegformerForSemanticSegmentation. `labels`: the class names in order. */
export function toConfigJson(config: SegformerConfig, labels: readonly string[]): Readonly<Record<string, unknown>> {
  if (labels.length !== config.classes) throw new RangeError(`${labels.length} class names for ${config.classes} classes.`)
  return {
    architectures: ['SegformerForSemanticSegmentation'],
    model_type: 'segformer',
    num_channels: config.channels,
    num_encoder_blocks: config.depths.length,
    ...Object.fromEntries(Object.entries(PER_STAGE).map(([key, field]) => [field, config[key as keyof typeof PER_STAGE]])),
    decoder_hidden_size: config.decoderSize,
    hidden_act: 'gelu',
    reshape_last_stage: true,
    hidden_dropout_prob: 0,
    attention_probs_dropout_prob: 0,
    classifier_dropout_prob: 0,
    drop_path_rate: 0,
    initializer_range: 0.02,
    layer_norm_eps: 1e-6,
    semantic_loss_ignore_index: 255,
    id2label: Object.fromEntries(labels.map((label, index) => [String(index), label])),
    label2id: Object.fromEntries(labels.map((label, index) => [label, index])),
    torch_dtype: 'float32',
  }
}

function count(fields: Readonly<Record<string, unknown>>, field: string, fallback: number): number {
  return counts({ [field]: field in fields ? [fields[field]] : undefined }, field, [fallback])[0]
}

function counts(fields: Readonly<Record<string, unknown>>, field: string, fallback: readonly number[]): readonly number[] {
  const value = fields[field] ?? fallback
  if (!Array.isArray(value) || !value.every((each) => Number.isSafeInteger(each) && each > 0)) {
    throw new ModelError('invalid', `config.json: ${field} is ${JSON.stringify(fields[field])}, not whole numbers above 0.`)
  }
  return value
}

function labelsOf(id2label: unknown): readonly string[] {
  if (id2label === undefined || id2label === null) return []
  const entries = typeof id2label === 'object' ? Object.entries(id2label) : []
  const labels = entries.map((_, index) => (id2label as Readonly<Record<string, unknown>>)[index])
  if (entries.length === 0 || !labels.every((label) => typeof label === 'string')) throw new ModelError('invalid', 'config.json: id2label does not name the classes 0, 1, 2 and so on.')
  return labels
}
