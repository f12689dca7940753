import { Button, Modal } from '@mantine/core'
import { useEffect, useEffectEvent, type ReactNode } from 'react'
import type { Evaluation, LabellingRun } from '../../../../contract/schemas.ts'
import type { LabelSet } from '../../../../core/labels/label-set.ts'
import { formatShare, plural } from '../../app/format.ts'
import { DialogActions } from '../../components/dialogs.tsx'
import { Failed, SkeletonRows } from '../../components/states.tsx'
import styles from './evaluate-dialog.module.css'
import { classColor } from './explain-words.ts'
import { SkippedList } from './skipped-list.tsx'
import { useLongCall } from './use-long-call.ts'

/** The run against the imported truth. */
export function EvaluateDialog({ run, labelSet, onClose }: { readonly run: LabellingRun; readonly labelSet: LabelSet; readonly onClose: () => void }): ReactNode {
  const evaluate = useLongCall('labels.evaluate')
  const start = useEffectEvent(() => evaluate.run({ run: run.id, truth: null }))
  useEffect(() => start(), [])
  return (
    <Modal opened onClose={onClose} title={`Evaluation of ${run.name}`} size={680}>
      {evaluate.error !== null && <Failed error={evaluate.error} onRetry={start} />}
      {evaluate.error === null && evaluate.result === null && (
        <>
          <p className="muted">Comparing every pixel with the truth.</p>
          <SkeletonRows rows={6} />
        </>
      )}
      {evaluate.result !== null && <Scores evaluation={evaluate.result} labelSet={labelSet} />}
      <DialogActions><Button variant={evaluate.result === null ? 'default' : 'filled'} onClick={onClose}>{evaluate.busy ? 'Cancel' : 'Done'}</Button></DialogActions>
    </Modal>
  )
}

const orNone = (share: number | null): string => (share === null ? 'n/a' : formatShare(share))

function Scores({ evaluation, labelSet }: { readonly evaluation: Evaluation; readonly labelSet: LabelSet }): ReactNode {
  const present = evaluation.perClass.filter(({ iou }) => iou !== null).length
  return (
    <div className={styles.scores}>
      <div className={styles.headline}>
        <Score label="mIoU" value={formatShare(evaluation.miou)} large />
        <Score label="Pixel accuracy" value={formatShare(evaluation.pixelAccuracy)} />
        <Score label="mIoU by solid angle" value={formatShare(evaluation.solidAngleMiou)} />
        <Score label="Boundary F" value={orNone(evaluation.boundaryF)} />
        <Score label="Seam consistency" value={orNone(evaluation.seamConsistency)} />
      </div>
      <div className={styles.columns}>
        <section aria-label="IoU per class">
          <h3 className={styles.heading}>IoU per class</h3>
          {evaluation.perClass.map(({ trainId, name, iou }) => (
            <div key={trainId} className={styles.class} data-absent={iou === null}>
              <span className={styles.swatch} style={{ background: classColor(labelSet, trainId) }} />
              <span>{name}</span>
              <span className={styles.track}><span style={{ width: `${(iou ?? 0) * 100}%` }} /></span>
              <span className={styles.number}>{orNone(iou)}</span>
            </div>
          ))}
        </section>
        <section aria-label="mIoU by latitude">
          <h3 className={styles.heading}>mIoU by latitude</h3>
          {evaluation.latitudeBands.toSorted((a, b) => b.fromDeg - a.fromDeg).map(({ fromDeg, toDeg, miou }) => (
            <div key={fromDeg} className={styles.band}>
              <span>{fromDeg}° to {toDeg}°</span>
              <span className={styles.number}>{orNone(miou)}</span>
            </div>
          ))}
          <p className={styles.definition}>
            From one confusion matrix over all pixels of {plural(evaluation.panoramas, 'panorama')}; ignored pixels are left out, and classes that neither the truth nor the run has ({present} of {evaluation.perClass.length} count).
          </p>
        </section>
      </div>
      <SkippedList title="Not compared" skipped={evaluation.skipped} />
    </div>
  )
}

function Score({ label, value, large = false }: { readonly label: string; readonly value: string; readonly large?: boolean }): ReactNode {
  return (
    <div className={styles.score} data-large={large}>
      <div className={styles.value}>{value}</div>
      <div className={styles.label}>{label}</div>
    </div>
  )
}
