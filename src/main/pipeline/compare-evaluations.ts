import { StudioError } from '../../contract/errors.ts'
import type { Comparison, EvaluationRecord } from '../../contract/training-schemas.ts'

/** What the comparison needs of an evaluation. */
export type Comparable = Pick<EvaluationRecord, 'id' | 'subject' | 'datasetId' | 'datasetName' | 'truth' | 'mode' | 'result' | 'perPanorama'>

/**
 * Evaluations side by side: by class, and by panorama for those that all of them scored, the largest difference of mIoU
 * first. Throws `bad-input` where they were not scored against the same thing: other dataset, label set or truth, or where
 * one has no result.
 */
export function compareEvaluations(evaluations: readonly Comparable[]): Comparison {
  const [first, ...others] = evaluations
  if (first === undefined || others.length === 0) throw new StudioError('bad-input', 'A comparison needs at least two evaluations.')
  const results = evaluations.map((evaluation) => resultOf(evaluation))
  for (const other of others) requireSameTruth(first, other)
  const [classes] = results.map(({ perClass }) => perClass)
  results.forEach(({ perClass }, i) => {
    const same = perClass.length === classes.length && perClass.every(({ trainId, name }, k) => trainId === classes[k].trainId && name === classes[k].name)
    if (!same) throw new StudioError('bad-input', `${titleOf(first)} and ${titleOf(evaluations[i])} were scored with different label sets: evaluate both again.`)
  })
  return {
    evaluations: evaluations.map(({ id, subject, datasetId, datasetName, mode, result }) => ({ id, subject, datasetId, datasetName, mode, result })),
    perClass: classes.map(({ trainId, name }, k) => ({ trainId, name, iou: results.map(({ perClass }) => perClass[k].iou) })),
    perPanorama: sharedPanoramas(evaluations).toSorted((a, b) => spread(b.miou) - spread(a.miou)),
  }
}

function resultOf(evaluation: Comparable): NonNullable<Comparable['result']> {
  if (evaluation.result !== null) return evaluation.result
  throw new StudioError('bad-input', `${titleOf(evaluation)} has no result yet: let its job finish, or evaluate again.`)
}

function requireSameTruth(a: Comparable, b: Comparable): void {
  if (a.datasetId !== b.datasetId) {
    throw new StudioError('bad-input', `${titleOf(a)} and ${titleOf(b)} cannot be compared: evaluate both on the same dataset.`)
  }
  if (a.truth !== b.truth) {
    const from = ({ truth }: Comparable): string => truth ?? 'the imported labels'
    throw new StudioError('bad-input', `${titleOf(a)} was scored against ${from(a)}, ${titleOf(b)} against ${from(b)}: evaluate both with the same truth.`)
  }
}

function titleOf({ subject, datasetName }: Comparable): string {
  return `"${subject.name}" on "${datasetName}"`
}

function sharedPanoramas(evaluations: readonly Comparable[]): Comparison['perPanorama'] {
  const [first, ...others] = evaluations.map(({ perPanorama }) => new Map(perPanorama.map((one) => [one.panoramaId, one])))
  return [...first.values()].flatMap((own) => {
    const scores = [own, ...others.map((of) => of.get(own.panoramaId))].filter((one) => one !== undefined)
    if (scores.length < evaluations.length) return []
    return [{ panoramaId: own.panoramaId, name: own.name, miou: scores.map(({ miou }) => miou), predictions: scores.map(({ prediction }) => prediction) }]
  })
}

/** How far apart the scores lie; below everything where there are none. */
function spread(miou: readonly (number | null)[]): number {
  const known = miou.filter((value) => value !== null)
  return known.length < 2 ? -1 : Math.max(...known) - Math.min(...known)
}
