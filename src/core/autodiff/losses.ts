/**
 * Losses as graphs. Each returns a scalar that `differentiate` starts from. Classes are axis 1 of the logits:
 * [batch, classes, height, width], or [samples, classes].
 *
 * Softmax is written in primitives here: onnxruntime's Softmax and LogSoftmax over an axis that is not the last transpose
 * the tensor twice, which costs twenty times the arithmetic.
 */
import { ELEMENT_TYPES, elementCount, tensorOf } from '../onnx/tensor.ts'
import { dims, type GraphBuilder, type Value } from '../onnx/graph-builder.ts'

/** What labelled pixels a loss counts, and how much. */
export interface LabelledPixels {
  /** [batch, classes, height, width] or [samples, classes] */
  readonly logits: Value
  /** int32, the logits' shape without the classes: classes, or ignoreIndex (anything else fails on the CPU) */
  readonly labels: Value
  /** Pixels of this label do not count; 255 where omitted */
  readonly ignoreIndex?: number
  /** How much each pixel counts, in the labels' shape; 1 where omitted */
  readonly weights?: Value
  /** How much each class counts; 1 where omitted */
  readonly classWeights?: readonly number[]
}

/**
 * Cross-entropy with labels: the mean of -log softmax(logits)[label] over the pixels that count, each by its weight;
 * 0 where none counts. With class weights it is PyTorch's `cross_entropy(..., weight, ignore_index)`.
 */
export function crossEntropy(builder: GraphBuilder, pixels: LabelledPixels): Value {
  const { index, weight } = countedPixels(builder, pixels)
  return weightedMean(builder, surprise(builder, pixels.logits, index), weight)
}

/**
 * Focal loss: cross-entropy whose pixels count (1 - p)^gamma, p the probability of the label, so that easy pixels count
 * little (Lin et al. 2017). The mean is over the pixels' weights, not over these factors.
 */
export function focal(builder: GraphBuilder, { gamma = 2, ...pixels }: LabelledPixels & { readonly gamma?: number }): Value {
  const { emit } = builder
  const { index, weight } = countedPixels(builder, pixels)
  const entropy = surprise(builder, pixels.logits, index)
  // the floor keeps the power's derivative finite where p is 1
  const doubt = emit('Clip', [emit('Sub', [1, emit('Exp', [emit('Neg', [entropy])])]), FLOOR, undefined])
  return weightedMean(builder, emit('Mul', [emit('Pow', [doubt, gamma]), entropy]), weight)
}

/**
 * Dice loss over all classes: 1 - mean over classes of (2 sum(p t) + smooth) / (sum(p) + sum(t) + smooth), p = softmax(logits),
 * t = 1 at the label; sums over the whole batch, each pixel by its weight (Milletari et al. 2016, without squares).
 */
export function dice(builder: GraphBuilder, { smooth = 1, ...pixels }: LabelledPixels & { readonly smooth?: number }): Value {
  const { emit } = builder
  const { index, weight } = countedPixels(builder, pixels)
  const { logits } = pixels
  const [, classes, ...spatial] = dims(logits)
  const classNumbers = builder.constant(tensorOf('int32', [1, classes, ...spatial.map(() => 1)], Array.from({ length: classes }, (_, at) => at)))
  const truth = emit('Mul', [emit('Cast', [emit('Equal', [index, classNumbers])], { to: ELEMENT_TYPES[logits.elementType].code }), weight])
  const probability = softmaxOverClasses(builder, logits)
  const allButClasses = dims(logits).flatMap((_, axis) => (axis === 1 ? [] : [axis]))
  const overlap = emit('ReduceSum', [emit('Mul', [probability, truth]), allButClasses])
  const size = emit('ReduceSum', [emit('Add', [emit('Mul', [probability, weight]), truth]), allButClasses])
  return emit('Sub', [1, mean(builder, diceRatio(builder, { overlap, size, smooth }))])
}

/** What the student's logits are compared with, pixel by pixel. */
interface SoftTargets {
  /** [batch, classes, height, width] or [samples, classes] */
  readonly logits: Value
  /** Logits are divided by it, and the loss multiplied with its square, so that gradients keep their size (Hinton et al. 2015); 1 where omitted */
  readonly temperature?: number
  /** How much each pixel counts, the logits' shape without the classes; 1 where omitted */
  readonly weights?: Value
}

/** Cross-entropy with probabilities (already at the temperature): T^2 times the mean over pixels of -sum(targets log softmax(logits / T)). */
export function softCrossEntropy(builder: GraphBuilder, { logits, targets, temperature = 1, weights }: SoftTargets & { readonly targets: Value }): Value {
  const { emit } = builder
  const { shifted, logSum } = logSumExp(builder, tempered(builder, logits, temperature))
  const mass = emit('ReduceSum', [targets, [1]])
  const entropy = emit('Sub', [emit('Mul', [mass, logSum]), emit('ReduceSum', [emit('Mul', [targets, shifted]), [1]])])
  return emit('Mul', [pixelMean(builder, entropy, weights), temperature ** 2])
}

/** Kullback-Leibler divergence from the teacher: T^2 times the mean over pixels of sum(q log(q / p)), q = softmax(teacherLogits / T), p = softmax(logits / T). */
export function klDivergence(builder: GraphBuilder, { logits, teacherLogits, temperature = 1, weights }: SoftTargets & { readonly teacherLogits: Value }): Value {
  const { emit } = builder
  const student = logSumExp(builder, tempered(builder, logits, temperature))
  const teacher = logSumExp(builder, tempered(builder, teacherLogits, temperature))
  // sum(q log(q / p)) = sum(q (teacher - student)) + log of the student's sum - log of the teacher's
  const apart = emit('Mul', [teacher.exponentials, emit('Sub', [teacher.shifted, student.shifted])])
  const difference = emit('Div', [emit('ReduceSum', [apart, [1]]), teacher.sum])
  const divergence = emit('Add', [difference, emit('Sub', [student.logSum, teacher.logSum])])
  return emit('Mul', [pixelMean(builder, divergence, weights), temperature ** 2])
}

/** Binary cross-entropy of logits: the mean of log(1 + exp(x)) - x t, t in [0, 1]; weights broadcast to the logits. */
export function binaryCrossEntropy(builder: GraphBuilder, { logits, targets, weights }: { readonly logits: Value; readonly targets: Value; readonly weights?: Value }): Value {
  const { emit } = builder
  const entropy = emit('Sub', [emit('Softplus', [logits]), emit('Mul', [logits, targets])])
  return weights === undefined ? mean(builder, entropy) : weightedMean(builder, entropy, weights)
}

/** The mean of (predictions - targets)^2; weights broadcast to the predictions. */
export function meanSquaredError(builder: GraphBuilder, { predictions, targets, weights }: { readonly predictions: Value; readonly targets: Value; readonly weights?: Value }): Value {
  const { emit } = builder
  const difference = emit('Sub', [predictions, targets])
  const square = emit('Mul', [difference, difference])
  return weights === undefined ? mean(builder, square) : weightedMean(builder, square, weights)
}

/**
 * Boundary loss of docs/method.md: binary cross-entropy plus Dice between the edges of the prediction and `edges`
 * (float, [batch, height, width], 1 on an edge). The prediction's edges are the morphological gradient of
 * softmax(logits): 3x3 max-pool minus 3x3 min-pool, the largest over classes.
 */
export function boundary(builder: GraphBuilder, { logits, edges, weights, smooth = 1 }: { readonly logits: Value; readonly edges: Value; readonly weights?: Value; readonly smooth?: number }): Value {
  const { emit } = builder
  const predicted = predictedEdges(builder, logits)
  const truth = emit('Unsqueeze', [edges, [1]])
  const weight = weights === undefined ? undefined : emit('Unsqueeze', [weights, [1]])
  const weighted = (value: Value) => (weight === undefined ? value : emit('Mul', [value, weight]))
  const log = (value: Value) => emit('Log', [emit('Add', [value, FLOOR])])
  const complement = (value: Value) => emit('Sub', [1, value])
  const entropy = emit('Neg', [emit('Add', [emit('Mul', [truth, log(predicted)]), emit('Mul', [complement(truth), log(complement(predicted))])])])
  const overlap = total(builder, weighted(emit('Mul', [predicted, truth])))
  const size = total(builder, weighted(emit('Add', [predicted, truth])))
  const crossEntropyOfEdges = weight === undefined ? mean(builder, entropy) : weightedMean(builder, entropy, weight)
  return emit('Add', [crossEntropyOfEdges, complement(diceRatio(builder, { overlap, size, smooth }))])
}

/**
 * Where the prediction changes, in [0, 1]: [batch, 1, height, width]. Only the class that changes most at a pixel counts, and
 * of its 3x3 neighbours the largest and the smallest: they are found first, without a gradient, and then looked up, so
 * that the gradient touches two elements per pixel instead of nine of every class.
 */
function predictedEdges(builder: GraphBuilder, logits: Value): Value {
  const { emit } = builder
  const [batch, classes, height, width] = dims(logits)
  const probability = softmaxOverClasses(builder, logits)
  const largest = (value: Value) => emit('MaxPool', [value], { kernel_shape: [3, 3], pads: [1, 1, 1, 1] })
  const changing = emit('ArgMax', [emit('Add', [largest(probability), largest(emit('Neg', [probability]))])], { axis: 1 })
  const plane = builder.constant(tensorOf('int32', [classes], Array.from({ length: classes }, (_, at) => at * height * width)))
  const places = emit('Add', [emit('Gather', [plane, changing]), neighbourPlaces(builder, height, width)])

  const flat = emit('Reshape', [probability, [batch, classes * height * width]])
  const lookUp = (at: Value, count: number) => emit('GatherElements', [flat, emit('Reshape', [at, [batch, count * height * width]])], { axis: 1 })
  const values = emit('Reshape', [lookUp(places, NEIGHBOURS.length), [batch, NEIGHBOURS.length, height, width]])
  const extreme = (argument: 'ArgMax' | 'ArgMin') => lookUp(emit('GatherElements', [places, emit(argument, [values], { axis: 1 })], { axis: 1 }), 1)
  return emit('Reshape', [emit('Sub', [extreme('ArgMax'), extreme('ArgMin')]), [batch, 1, height, width]])
}

const NEIGHBOURS = [-1, 0, 1].flatMap((down) => [-1, 0, 1].map((right) => ({ down, right })))

/** Where in its plane each pixel's neighbours are, int32 [1, 9, height, width]; beyond the border the nearest pixel, which changes no extreme. */
function neighbourPlaces(builder: GraphBuilder, height: number, width: number): Value {
  const rows = NEIGHBOURS.flatMap(({ down }) => moved(height, down).map((y) => y * width))
  const columns = NEIGHBOURS.flatMap(({ right }) => moved(width, right))
  const count = NEIGHBOURS.length
  return builder.emit('Add', [builder.constant(tensorOf('int32', [1, count, height, 1], rows)), builder.constant(tensorOf('int32', [1, count, 1, width], columns))])
}

/** 0, 1, ..., size - 1 moved by `by`, within the same range. */
function moved(size: number, by: number): readonly number[] {
  return Array.from({ length: size }, (_, at) => Math.min(Math.max(at + by, 0), size - 1))
}

/** Logits [batch, classes, h, w] enlarged to the labels' size: linear between pixel centres (PyTorch's `interpolate(..., align_corners=False)`). */
export function upsample(builder: GraphBuilder, logits: Value, size: readonly [height: number, width: number]): Value {
  const [batch, classes, height, width] = dims(logits)
  return height === size[0] && width === size[1] ? logits : builder.emit('Resize', [logits, undefined, undefined, [batch, classes, ...size]], { mode: 'linear', coordinate_transformation_mode: 'half_pixel' })
}

/** Added to what a logarithm or a power reads, so that its derivative stays finite */
const FLOOR = 1e-6

/**
 * -log softmax(logits)[index], [batch, 1, ...]: the index has one channel. It is looked up in the logits, not in what was
 * shifted, so that the exponentials can take the shifted tensor's memory.
 */
function surprise(builder: GraphBuilder, logits: Value, index: Value): Value {
  const { emit } = builder
  const { shift, logSum } = logSumExp(builder, logits)
  return emit('Sub', [logSum, emit('Sub', [emit('GatherElements', [logits, index], { axis: 1 }), shift])])
}

export interface LogSumExp {
  /** A number per pixel that no logit is above, [batch, 1, ...], and the logits less that number */
  readonly shift: Value
  readonly shifted: Value
  readonly exponentials: Value
  /** Sum of the exponentials over the classes, [batch, 1, ...] */
  readonly sum: Value
  readonly logSum: Value
}

/**
 * log(sum(exp(logits))) over the classes, for logits of any size. What is subtracted first is the maximum rounded up: it
 * cancels in every loss, and since rounding has no derivative no gradient is computed for it.
 */
export function logSumExp(builder: GraphBuilder, logits: Value): LogSumExp {
  const { emit } = builder
  const shift = emit('Ceil', [emit('ReduceMax', [logits, [1]])])
  const shifted = emit('Sub', [logits, shift])
  const exponentials = emit('Exp', [shifted])
  const sum = emit('ReduceSum', [exponentials, [1]])
  return { shift, shifted, exponentials, sum, logSum: emit('Log', [sum]) }
}

function softmaxOverClasses(builder: GraphBuilder, logits: Value): Value {
  const { exponentials, sum } = logSumExp(builder, logits)
  return builder.emit('Mul', [exponentials, builder.emit('Reciprocal', [sum])])
}

function tempered({ emit }: GraphBuilder, logits: Value, temperature: number): Value {
  return temperature === 1 ? logits : emit('Mul', [logits, 1 / temperature])
}

/** The class to look up and the weight of each pixel, [batch, 1, ...]: an ignored pixel has class 0 and weight 0. */
function countedPixels(builder: GraphBuilder, { logits, labels, ignoreIndex = 255, weights, classWeights }: LabelledPixels): { index: Value; weight: Value } {
  const { emit } = builder
  const [type, withChannel] = [logits.elementType, emit('Unsqueeze', [labels, [1]])]
  const ignored = emit('Equal', [withChannel, ignoreIndex])
  const index = emit('Where', [ignored, 0, withChannel])
  const counts = emit('Cast', [emit('Not', [ignored])], { to: ELEMENT_TYPES[type].code })
  const byPixel = weights === undefined ? counts : emit('Mul', [counts, emit('Unsqueeze', [weights, [1]])])
  if (classWeights === undefined) return { index, weight: byPixel }
  return { index, weight: emit('Mul', [byPixel, emit('Gather', [builder.constant(tensorOf(type, [classWeights.length], classWeights)), index])]) }
}

function diceRatio({ emit }: GraphBuilder, { overlap, size, smooth }: { overlap: Value; size: Value; smooth: number }): Value {
  return emit('Div', [emit('Add', [emit('Mul', [overlap, 2]), smooth]), emit('Add', [size, smooth])])
}

/** The mean of values [batch, 1, ...], by weights [batch, ...] where given. */
function pixelMean(builder: GraphBuilder, values: Value, weights: Value | undefined): Value {
  return weights === undefined ? mean(builder, values) : weightedMean(builder, values, builder.emit('Unsqueeze', [weights, [1]]))
}

/** sum(values weight) / sum(weight); 0 where the weights are. The weight may broadcast to the values. */
function weightedMean(builder: GraphBuilder, values: Value, weight: Value): Value {
  const { emit } = builder
  const repetitions = elementCount(dims(values)) / elementCount(dims(weight))
  const whole = emit('Mul', [total(builder, weight), repetitions])
  const divisor = emit('Where', [emit('Greater', [whole, 0]), whole, 1])
  return emit('Div', [total(builder, emit('Mul', [values, weight])), divisor])
}

function mean({ emit }: GraphBuilder, values: Value): Value {
  return emit('ReduceMean', [values], { keepdims: 0 })
}

function total({ emit }: GraphBuilder, values: Value): Value {
  return emit('ReduceSum', [values], { keepdims: 0 })
}
