import { createHash } from 'node:crypto'
import { z } from 'zod'
import { StudioError } from '../../contract/errors.ts'
import { hashSchema, type LabellingRun, type Model, type Panorama, type ProviderSetting } from '../../contract/schemas.ts'
import type { InferenceMode, Student } from '../../contract/training-schemas.ts'
import { RECIPES } from '../../core/goodsam/config.ts'
import type { ArtifactStore } from '../artifacts/artifact-store.ts'
import type { SegmentRequest } from '../engine/training-protocol.ts'
import { taFrame, taGeometry } from '../models/ta-geometry.ts'
import { getModel } from '../store/models.ts'
import type { Store } from '../store/open-store.ts'
import { engineModel } from './label-panorama.ts'
import type { Predictor } from './predict-panorama.ts'
import { settingsOf } from './stage-keys.ts'

/** What an evaluation scores, settled when it is asked for: a student that is trained on meanwhile is not another one. */
export const subjectPlanSchema = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('student'), network: hashSchema, name: z.string(), classes: z.int(), height: z.int(), width: z.int(), mode: z.enum(['whole', 'sliding']),
  }),
  z.object({
    kind: z.literal('ta'), modelId: z.string(), classes: z.int(), mode: z.enum(['whole', 'sliding']),
    /** at which it sees the whole panorama; missing: as it likes */
    size: z.object({ height: z.int(), width: z.int() }).optional(),
  }),
  z.object({ kind: z.literal('run'), runId: z.string() }),
])
export type SubjectPlan = z.infer<typeof subjectPlanSchema>
type NetworkPlan = Exclude<SubjectPlan, { kind: 'run' }>

export function studentPlan({ network, name, classes, height, width }: Student, mode: InferenceMode): NetworkPlan {
  return { kind: 'student', network, name, classes, height, width, mode }
}

export function taPlan({ id }: Model, classes: number, { mode, size }: { readonly mode: InferenceMode; readonly size: TaSize | null }): NetworkPlan {
  return { kind: 'ta', modelId: id, classes, mode, ...(size === null || mode === 'sliding' ? {} : { size }) }
}

export interface TaSize {
  readonly height: number
  readonly width: number
}

/** The network that predicts, opened by the engine when a panorama is asked for. Throws `not-found`, `bad-model`. */
export async function predictorOf(
  { store, artifacts }: { readonly store: Store; readonly artifacts: ArtifactStore }, plan: NetworkPlan, provider: ProviderSetting,
): Promise<Predictor> {
  if (plan.kind === 'ta') {
    const model = getModel(store.read, plan.modelId)
    return { model: engineModel(store, model), classes: plan.classes, provider, modeFor: (panorama) => (plan.size === undefined ? taMode(model, plan.mode, panorama) : { kind: 'whole', ...plan.size }) }
  }
  const { network, name, classes, height, width } = plan
  if (!(await artifacts.has(network))) {
    throw new StudioError('not-found', `The weights of "${name}" that were to be evaluated are no longer in the workspace. Evaluate the student again, as it is now.`)
  }
  return {
    model: { sha256: network, dialect: 'semantic', name, paths: { network: artifacts.path(network) } }, classes, provider,
    modeFor: () => (plan.mode === 'whole' ? { kind: 'whole', height, width } : SLIDING),
  }
}

/** As the TA labels: windows of a quarter turn, blended with whole-height views. */
const SLIDING: SegmentRequest['mode'] = { kind: 'sliding', config: RECIPES.goodsam }

/** A TA sees the whole panorama at the size its file states, else at the size of the street images it was made for. */
function taMode(model: Model, mode: InferenceMode, panorama: Panorama): SegmentRequest['mode'] {
  if (mode === 'sliding') return SLIDING
  const network = model.files.find(({ role }) => role === 'network')
  if (network === undefined) throw new StudioError('bad-model', `Model ${model.name} has no network file: add the model again with all its files.`)
  return { kind: 'whole', ...taFrame(taGeometry(network), panorama) }
}

/** SHA-256 by name of what is known before the first panorama. */
export function hashesOfNetwork({ plan, network }: { readonly plan: NetworkPlan; readonly network: string }): Record<string, string> {
  const student = plan.kind === 'student' && plan.mode === 'whole' ? { height: plan.height, width: plan.width } : null
  const size = plan.kind === 'ta' ? (plan.size ?? null) : student
  const settings = plan.mode === 'sliding' ? settingsOf(SLIDING) : { kind: plan.mode, size }
  return { network, settings: digest(settings) }
}

/** What made a labelling run's maps; the maps themselves are hashed as predictions. */
export function hashesOfRun({ config, samSettings }: LabellingRun): Record<string, string> {
  return { settings: digest({ config, samSettings }) }
}

/** SHA-256 of a value as JSON. */
export function digest(value: unknown): string {
  return createHash('sha256').update(JSON.stringify(value)).digest('hex')
}
