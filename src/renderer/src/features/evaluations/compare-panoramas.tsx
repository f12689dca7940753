import { Select } from '@mantine/core'
import { useState, type ReactNode } from 'react'
import type { Comparison } from '../../../../contract/training-schemas.ts'
import type { LabelSet } from '../../../../core/labels/label-set.ts'
import { useGrowing } from '../../app/hooks.ts'
import table from '../../components/list-table.module.css'
import styles from './compare-panoramas.module.css'
import { CompareScatter } from './charts.ts'
import type { Column } from './compare-tables.tsx'
import { formatPoints, shareOr } from './evaluation-words.ts'
import { PanoramaMaps } from './panorama-maps.tsx'

interface ComparePanoramasProps {
  readonly columns: readonly Column[]
  readonly panoramas: Comparison['perPanorama']
  /** which two are held against one another */
  readonly pair: readonly [number, number]
  readonly onPair: (pair: readonly [number, number]) => void
  readonly labelSet: LabelSet
  readonly importedTruth: boolean
}

/** Two of the evaluations on every panorama: a point each, a row each, and one of them as pictures. */
export function ComparePanoramas({ columns, panoramas, pair, onPair, labelSet, importedTruth }: ComparePanoramasProps): ReactNode {
  const [wanted, setWanted] = useState<string | null>(null)
  const [first, second] = pair.map((index) => columns[index])
  const sorted = panoramas.toSorted((a, b) => distance(b.miou, pair) - distance(a.miou, pair))
  const { shown, end } = useGrowing(sorted, 100)
  const open = sorted.find(({ panoramaId }) => panoramaId === wanted) ?? sorted.at(0)
  if (open === undefined) return <p className="muted">There is no panorama that all of them scored.</p>
  const choose = (place: 0 | 1, letter: string | null): void => {
    const index = columns.findIndex((column) => column.letter === letter)
    if (index < 0) return
    // taking the other one's place swaps them
    onPair(place === 0 ? [index, index === pair[1] ? pair[0] : pair[1]] : [index === pair[0] ? pair[1] : pair[0], index])
  }
  const options = columns.map((column) => ({ value: column.letter, label: title(column) }))
  return (
    <>
      {columns.length > 2 && (
        <div className={styles.pair}>
          <Select aria-label="First of the pair" w={220} data={options} value={first.letter} onChange={(letter) => choose(0, letter)} />
          <span className="muted">against</span>
          <Select aria-label="Second of the pair" w={220} data={options} value={second.letter} onChange={(letter) => choose(1, letter)} />
        </div>
      )}
      <div className={styles.columns}>
        <CompareScatter panoramas={sorted} pair={pair} names={[title(first), title(second)]} chosen={open.panoramaId} onChoose={setWanted} />
        <div className={styles.list}>
          <table className={table.table}>
            <thead>
              <tr><th>Panorama</th><th className={table.number}>{first.letter}</th><th className={table.number}>{second.letter}</th><th className={table.number}>Difference</th></tr>
            </thead>
            <tbody>
              {shown.map(({ panoramaId, name, miou }) => (
                <tr key={panoramaId} className={table.clickable} aria-selected={panoramaId === open.panoramaId} onClick={() => setWanted(panoramaId)}>
                  <td><button type="button" className={styles.name} onClick={() => setWanted(panoramaId)}>{name}</button></td>
                  <td className={table.number}>{shareOr(miou[pair[0]])}</td>
                  <td className={table.number}>{shareOr(miou[pair[1]])}</td>
                  <td className={table.number}>{formatPoints(miou[pair[1]], miou[pair[0]])}</td>
                </tr>
              ))}
            </tbody>
          </table>
          <div ref={end} />
        </div>
      </div>
      <h3 className={styles.heading}>{open.name}</h3>
      <PanoramaMaps
        panoramaId={open.panoramaId} labelSet={labelSet} importedTruth={importedTruth}
        predictions={[{ title: title(first), map: open.predictions[pair[0]] }, { title: title(second), map: open.predictions[pair[1]] }]}
      />
    </>
  )
}

function title({ letter, evaluation }: Column): string {
  return `${letter} ${evaluation.subject.name}`
}

/** How far apart the pair lies on a panorama; below everything where one has no score. */
function distance(miou: readonly (number | null)[], [a, b]: readonly [number, number]): number {
  const [first, second] = [miou[a], miou[b]]
  return first === null || second === null ? -1 : Math.abs(first - second)
}
