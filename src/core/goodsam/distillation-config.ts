/**
 * Every number of Multi-level Knowledge Adaptation that the papers leave open, with its default, in one place (METHOD
 * section 5). [P] published, [D] decided here.
 */

export interface LossTerm {
  readonly on: boolean
  readonly weight: number
}

export interface DistillationConfig {
  /** Pixels of a training sample; multiples of 32 */
  readonly height: number
  readonly width: number
  readonly batch: number
  /** Micro-batches whose gradients are added up before an update */
  readonly accumulate: number
  /** Updates of the weights */
  readonly steps: number
  readonly learningRate: number
  readonly weightDecay: number
  readonly warmupSteps: number
  readonly schedule: 'polynomial' | 'cosine' | 'constant'
  /** Largest gradient norm; null: not clipped */
  readonly clipNorm: number | null
  /** Moving average of the weights, which is what is kept; null: the weights themselves */
  readonly emaDecay: number | null
  readonly seed: number
  readonly losses: {
    /** CE(P_S, S_TA) on the whole panorama */
    readonly image: LossTerm
    /** CE(P_i, E_i) in the windows */
    readonly window: LossTerm
    /** CE(P_i, E_H^i) in the windows, where the masks are trusted */
    readonly confident: LossTerm
    /** L_bd(B_S, B_ref) */
    readonly boundary: LossTerm
  }
  /** How much pixels of accepted panoramas count; those of others count 1 */
  readonly acceptedWeight: number
  readonly augmentation: {
    /** Random roll about the vertical axis (full panoramas only) */
    readonly yaw: boolean
    readonly flip: boolean
    /** Strength of brightness, contrast, saturation and hue changes, 0..1 */
    readonly jitter: number
    /** Random zoom between these factors, cut to the training size */
    readonly scale: readonly [least: number, most: number]
  }
  /** Windows whose ensemble labels count in a sample, drawn anew each time; null: all of them */
  readonly windowsPerSample: number | null
  /** Share of the panoramas that is not trained on but scores the student */
  readonly heldOut: number
  readonly validateEvery: number
  /** Ends after so many scores without a better one; null: never */
  readonly patience: number | null
  readonly checkpointEvery: number
  /** Checkpoints kept beside the best and the last */
  readonly keepCheckpoints: number
  readonly sampleEvery: number
  /** The optional first stage that adapts a trainable TA (L_CC and both CE terms); null: none */
  readonly taRefinement: { readonly steps: number; readonly learningRate: number } | null
}

/** Learning rates by where the weights come from: 6e-5 from pretrained weights [P, sister methods], 5e-4 from scratch [D]. */
export const LEARNING_RATES = { pretrained: 6e-5, random: 5e-4 } as const

/** Exponent of the polynomial decay: what the sister methods (Trans4PASS, DATR) publish [P]; 1 would be a straight line. */
export const POLYNOMIAL_POWER = 0.9

/** Most change of hue in turns, as a share of the jitter's strength [D]: colour is what sky and vegetation are known by. */
export const HUE_SHARE = 0.25

/** The refinement of the TA, where it is asked for: pretrained weights, and few steps, since it has the panoramas of one dataset alone. [D] */
export const TA_REFINEMENT = { steps: 1000, learningRate: LEARNING_RATES.pretrained } as const

const ON: LossTerm = { on: true, weight: 1 }

/** [D] At weight 1 the boundary is more than half of the whole loss, and thin things are lost over it. */
const BOUNDARY: LossTerm = { on: true, weight: 0.1 }

export const DISTILLATION_DEFAULTS: DistillationConfig = {
  height: 512,
  width: 1024,
  batch: 2,
  accumulate: 1,
  steps: 10_000,
  learningRate: LEARNING_RATES.random,
  weightDecay: 1e-4,
  warmupSteps: 500,
  schedule: 'polynomial',
  clipNorm: 1,
  emaDecay: null,
  seed: 1,
  losses: { image: ON, window: ON, confident: ON, boundary: BOUNDARY },
  acceptedWeight: 2,
  augmentation: { yaw: true, flip: true, jitter: 0.3, scale: [1, 1.5] },
  windowsPerSample: null,
  heldOut: 0.1,
  validateEvery: 500,
  patience: null,
  checkpointEvery: 500,
  keepCheckpoints: 2,
  sampleEvery: 250,
  taRefinement: null,
}
