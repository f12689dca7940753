import { isDeepStrictEqual } from 'node:util'
import { StudioError } from '../../contract/errors.ts'
import type { Implementation, Input } from '../../contract/procedures.ts'
import type { Dataset, Model } from '../../contract/schemas.ts'
import type { EvaluationSubject, InferenceMode, Student } from '../../contract/training-schemas.ts'
import { classCount } from '../../core/labels/label-set.ts'
import { compareEvaluations } from '../pipeline/compare-evaluations.ts'
import { evaluatePayloadSchema, SUBJECT_WORDS, type EvaluatePayload } from '../pipeline/evaluate-job.ts'
import { hashesOfNetwork, hashesOfRun, studentPlan, taPlan, type SubjectPlan, type TaSize } from '../pipeline/evaluation-subject.ts'
import { hiddenTruth } from '../pipeline/generate-truth.ts'
import { taGeometry } from '../models/ta-geometry.ts'
import { requireTruthFolder } from '../pipeline/import-truth.ts'
import { getDataset } from '../store/datasets.ts'
import { addEvaluation, getEvaluation, listEvaluations, removeEvaluation, type NewEvaluation } from '../store/evaluations.ts'
import { newId } from '../store/ids.ts'
import { addJob, getJobPayload } from '../store/jobs.ts'
import { getLabelSet } from '../store/label-sets.ts'
import { getLabellingRun } from '../store/labelling-runs.ts'
import { getModel } from '../store/models.ts'
import type { Store } from '../store/open-store.ts'
import { getSettings } from '../store/settings.ts'
import { getStudent } from '../store/students.ts'
import type { ServiceContext } from './context.ts'
import { goOn } from './go-on.ts'

type EvaluationProcedures =
  | 'evaluations.list' | 'evaluations.get' | 'evaluations.start' | 'evaluations.remove' | 'evaluations.compare'

export function evaluationServices(context: ServiceContext): Pick<Implementation, EvaluationProcedures> {
  const { store, changes } = context
  return {
    'evaluations.list': () => listEvaluations(store.read),
    'evaluations.get': ({ evaluationId }) => getEvaluation(store.read, evaluationId),
    'evaluations.start': async (request) => start(context, await planEvaluation(context, request)),
    'evaluations.remove': ({ evaluationId }) => {
      const { subject } = getEvaluation(store.read, evaluationId)
      store.transaction((db) => removeEvaluation(db, evaluationId))
      changes.emit('evaluations')
      // the score that its lists show may have been this one
      if (subject.kind === 'student') changes.emit('students', subject.id)
      return {}
    },
    'evaluations.compare': ({ evaluationIds }) => compareEvaluations(evaluationIds.map((id) => getEvaluation(store.read, id))),
  }
}

interface EvaluationPlan {
  readonly evaluation: Omit<NewEvaluation, 'id' | 'jobId'>
  readonly plan: SubjectPlan
  readonly datasetName: string
}

/** Throws `not-found`, `bad-file` (truth folder) and `bad-input` where the dataset cannot score the subject. */
async function planEvaluation({ store, version }: ServiceContext, request: Input<'evaluations.start'>): Promise<EvaluationPlan> {
  const { subject, plan, dataset, hashes } = settled(store, request)
  const truth = request.truth === null ? hiddenTruth(store, dataset) : await requireTruthFolder(request.truth)
  if (dataset.panoramas === 0) throw new StudioError('bad-input', `The dataset "${dataset.name}" has no panoramas: import a folder of images first.`)
  if (truth === null && dataset.withTruth === 0) {
    throw new StudioError('bad-input', `The dataset "${dataset.name}" was imported without truth. Import its folder again with the labels folder, or name a truth folder here.`)
  }
  return {
    plan,
    datasetName: dataset.name,
    evaluation: {
      subject, datasetId: dataset.id, truth, mode: plan.kind === 'run' ? null : plan.mode,
      provider: request.provider ?? getSettings(store.read).provider, hashes: { ...hashes, program: version },
    },
  }
}

type Settled = { readonly subject: EvaluationSubject; readonly plan: SubjectPlan; readonly dataset: Dataset; readonly hashes: Record<string, string> }

function settled(store: Store, { subject, dataset, mode, size = null }: Input<'evaluations.start'>): Settled {
  if ('student' in subject) return settledStudent(store, getStudent(store.read, subject.student), { dataset, mode })
  if ('ta' in subject) return settledTa(store, getModel(store.read, subject.ta), { dataset, mode, size })
  const run = getLabellingRun(store.read, subject.run)
  const own = getDataset(store.read, run.datasetId)
  if (dataset !== null && getDataset(store.read, dataset).id !== own.id) {
    throw new StudioError('bad-input', `The labelling run "${run.name}" has labels of "${own.name}" only: evaluate it there, or label "${dataset}" first.`)
  }
  return { subject: { kind: 'run', id: run.id, name: run.name }, plan: { kind: 'run', runId: run.id }, dataset: own, hashes: hashesOfRun(run) }
}

type Wish = { readonly dataset: string | null; readonly mode: InferenceMode }

function settledStudent(store: Store, student: Student, { dataset, mode }: Wish): Settled {
  const { id, name, classes, labelSetId, datasetId, network } = student
  const reference = dataset ?? datasetId
  if (reference === null) throw new StudioError('bad-input', `The dataset that "${name}" was made from was removed: name another one.`)
  const on = getDataset(store.read, reference)
  if (on.labelSetId !== labelSetId) {
    const [own, other] = [labelSetId, on.labelSetId].map((of) => getLabelSet(store.read, of).name)
    throw new StudioError('bad-input', `The student "${name}" tells the classes of ${own} apart, the labels of "${on.name}" are those of ${other}: choose another dataset.`)
  }
  requireClasses(store, on, { what: `The student "${name}"`, classes })
  const plan = studentPlan(student, mode)
  return { subject: { kind: 'student', id, name }, plan, dataset: on, hashes: hashesOfNetwork({ plan, network }) }
}

function settledTa(store: Store, model: Model, { dataset, mode, size }: Wish & { readonly size: TaSize | null }): Settled {
  const { id, name, kind, classes, sha256 } = model
  if (kind !== 'ta') throw new StudioError('bad-input', `"${name}" is a SAM: it gives masks without classes. Choose a TA.`)
  if (size !== null) requireSize(model, size)
  if (dataset === null) throw new StudioError('bad-input', `Name the dataset on which "${name}" is to be evaluated.`)
  const on = getDataset(store.read, dataset)
  if (classes !== null) requireClasses(store, on, { what: `The TA "${name}"`, classes })
  const plan = taPlan(model, classCount(getLabelSet(store.read, on.labelSetId)), { mode, size })
  return { subject: { kind: 'ta', id, name }, plan, dataset: on, hashes: hashesOfNetwork({ plan, network: sha256 }) }
}

/** A network of fixed size sees nothing else. */
function requireSize({ name, files }: Model, size: TaSize): void {
  const network = files.find(({ role }) => role === 'network')
  const { height, width } = network === undefined ? size : taGeometry(network)
  if ((height ?? size.height) === size.height && (width ?? size.width) === size.width) return
  throw new StudioError('bad-input', `The TA "${name}" takes images of ${height}x${width} alone, not ${size.height}x${size.width}: evaluate it at its own size.`)
}

function requireClasses(store: Store, { name, labelSetId }: Dataset, { what, classes }: { readonly what: string; readonly classes: number }): void {
  const labelSet = getLabelSet(store.read, labelSetId)
  if (classCount(labelSet) === classes) return
  throw new StudioError('bad-input', `${what} tells ${classes} classes apart, ${labelSet.name}, the label set of "${name}", has ${classCount(labelSet)}: choose another dataset or network.`)
}

/** Writes evaluation and job in one transaction. One that was interrupted and asks for exactly the same is continued instead. */
function start({ store, jobs, changes, enqueue }: ServiceContext, planned: EvaluationPlan): { evaluationId: string; jobId: string } {
  const { plan, evaluation, datasetName } = planned
  const unfinished = listEvaluations(store.read).find(({ datasetId, truth, status, jobId }) =>
    status !== 'done' && datasetId === evaluation.datasetId && truth === evaluation.truth &&
    jobs.get(jobId).state !== 'done' && isDeepStrictEqual(planOf(store, jobId), plan))
  if (unfinished !== undefined) {
    goOn(jobs, jobs.get(unfinished.jobId))
    enqueue(unfinished.jobId)
    return { evaluationId: unfinished.id, jobId: unfinished.jobId }
  }
  const evaluationId = newId('eval')
  const { id: jobId } = jobs.submit((db) => {
    const { kind, name } = evaluation.subject
    const payload: EvaluatePayload = { evaluationId, plan }
    const job = addJob(db, { kind: 'evaluate', title: `Evaluate ${SUBJECT_WORDS[kind]} ${name} on ${datasetName}`, subjectId: evaluationId, payload })
    addEvaluation(db, { ...evaluation, id: evaluationId, jobId: job.id })
    return job
  })
  changes.emit('evaluations', evaluationId)
  enqueue(jobId)
  return { evaluationId, jobId }
}

function planOf(store: Store, jobId: string): SubjectPlan | null {
  const payload = evaluatePayloadSchema.safeParse(getJobPayload(store.read, jobId))
  return payload.success ? payload.data.plan : null
}
