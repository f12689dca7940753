import { useState, type ReactNode } from 'react'
import type { EvaluationRecord } from '../../../../contract/training-schemas.ts'
import type { LabelSet } from '../../../../core/labels/label-set.ts'
import { useGrowing } from '../../app/hooks.ts'
import table from '../../components/list-table.module.css'
import { shareOr } from './evaluation-words.ts'
import { PanoramaMaps } from './panorama-maps.tsx'
import styles from './panorama-scores.module.css'

interface PanoramaScoresProps {
  readonly panoramas: EvaluationRecord['perPanorama']
  readonly labelSet: LabelSet
  /** of the maps: what was scored */
  readonly title: string
  readonly importedTruth: boolean
}

/** Each panorama's score, the worst first; one of them opened. */
export function PanoramaScores({ panoramas, labelSet, title, importedTruth }: PanoramaScoresProps): ReactNode {
  const sorted = panoramas.toSorted((a, b) => (a.miou ?? 2) - (b.miou ?? 2))
  const [wanted, setWanted] = useState<string | null>(null)
  const { shown, end } = useGrowing(sorted, 100)
  const open = sorted.find(({ panoramaId }) => panoramaId === wanted) ?? sorted.at(0)
  if (open === undefined) return <p className="muted">No panorama was scored.</p>
  return (
    <div className={styles.columns}>
      <div className={styles.list}>
        <table className={table.table}>
          <thead><tr><th>Panorama</th><th className={table.number}>mIoU</th><th className={table.number}>Accuracy</th></tr></thead>
          <tbody>
            {shown.map(({ panoramaId, name, miou, pixelAccuracy }) => (
              <tr key={panoramaId} className={table.clickable} aria-selected={panoramaId === open.panoramaId} onClick={() => setWanted(panoramaId)}>
                <td><button type="button" className={styles.name} onClick={() => setWanted(panoramaId)}>{name}</button></td>
                <td className={table.number}>{shareOr(miou)}</td>
                <td className={table.number}>{shareOr(pixelAccuracy)}</td>
              </tr>
            ))}
          </tbody>
        </table>
        <div ref={end} />
      </div>
      <PanoramaMaps panoramaId={open.panoramaId} labelSet={labelSet} importedTruth={importedTruth} predictions={[{ title, map: open.prediction }]} />
    </div>
  )
}
