import type { LabellingRun, Model } from '../../contract/schemas.ts'
import type { DistillationRun, Student } from '../../contract/training-schemas.ts'
import type { StoredCheckpoint } from '../store/checkpoints.ts'
import type { ReadDb, WriteDb } from '../store/database.ts'
import { getDataset } from '../store/datasets.ts'
import { getDistillationNumbers } from '../store/distillations.ts'
import { getLabellingRun } from '../store/labelling-runs.ts'
import { getModel } from '../store/models.ts'
import { freeName } from '../store/reference.ts'
import { addStudent, findStudentOf, setStudentWeights } from '../store/students.ts'

/** What the model card says about where a student comes from, as it was when the student was made. */
export interface StudentProvenance {
  /** version of this program */
  readonly program: string
  readonly distillation: Pick<DistillationRun, 'id' | 'name' | 'config' | 'provider' | 'actualProvider' | 'panoramas' | 'heldOut' | 'scoreKind' | 'init'>
  readonly dataset: { readonly id: string; readonly name: string; readonly labelSetId: string }
  /** null: it was removed before the first checkpoint */
  readonly labellingRun: Pick<LabellingRun, 'id' | 'name' | 'config' | 'samSettings' | 'accepted' | 'rejected' | 'meanConfidence'> | null
  readonly teachers: readonly Pick<Model, 'kind' | 'name' | 'dialect' | 'sha256' | 'files'>[]
}

/** Gives the student of a run the weights of a checkpoint; makes the student where there is none. */
export function giveWeights(db: WriteDb, run: DistillationRun, checkpoint: StoredCheckpoint, program: string): Student {
  const { weights, network, step, score } = checkpoint
  const student = findStudentOf(db, run.id)
  if (student !== null) return setStudentWeights(db, student.id, { weights, network, step, score })
  const { architecture, init, config, labellingRunId, labellingRunName, datasetId, scoreKind } = run
  return addStudent(db, {
    ...getDistillationNumbers(db, run.id),
    name: freeName(db, 'students', run.name),
    architecture, init, labellingRunId, labellingRunName, datasetId, scoreKind, weights, network, step, score,
    labelSetId: getDataset(db, datasetId).labelSetId,
    distillationId: run.id,
    height: config.height,
    width: config.width,
    provenance: provenanceOf(db, run, program),
  })
}

function provenanceOf(db: ReadDb, run: DistillationRun, program: string): StudentProvenance {
  const { id, name, config, provider, actualProvider, panoramas, heldOut, scoreKind, init } = run
  const labelling = run.labellingRunId === null ? null : getLabellingRun(db, run.labellingRunId)
  const dataset = getDataset(db, run.datasetId)
  const teachers = [labelling?.samId, labelling?.taId].filter((each) => typeof each === 'string').map((each) => getModel(db, each))
  return {
    program,
    distillation: { id, name, config, provider, actualProvider, panoramas, heldOut, scoreKind, init },
    dataset: { id: dataset.id, name: dataset.name, labelSetId: dataset.labelSetId },
    labellingRun: labelling && {
      id: labelling.id, name: labelling.name, config: labelling.config, samSettings: labelling.samSettings,
      accepted: labelling.accepted, rejected: labelling.rejected, meanConfidence: labelling.meanConfidence,
    },
    teachers: teachers.map(({ kind, name: model, dialect, sha256, files }) => ({ kind, name: model, dialect, sha256, files })),
  }
}
