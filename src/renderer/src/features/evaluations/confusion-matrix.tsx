import { SegmentedControl } from '@mantine/core'
import { memo, useState, type KeyboardEvent, type PointerEvent, type ReactNode } from 'react'
import { cellText, hasUnlabelled, shades, type ConfusionCounts } from './confusion.ts'
import styles from './confusion-matrix.module.css'

/** px */
const CELL = 17
const NAME = 92
const HEAD = 78
/** the slanted names of the last columns reach beyond them */
const SLANT = 42

interface Cell {
  readonly truth: number
  readonly prediction: number
}

/** The confusion matrix as a heat map; the pointer or the arrow keys tell a cell's numbers. */
export function ConfusionMatrix({ counts, names }: { readonly counts: ConfusionCounts; readonly names: readonly string[] }): ReactNode {
  const [normalised, setNormalised] = useState(true)
  const [cell, setCell] = useState<Cell | null>(null)
  const columns = hasUnlabelled(counts) ? names.length + 1 : names.length
  const rows = names.length
  const inside = (truth: number, prediction: number): Cell | null =>
    truth >= 0 && prediction >= 0 && truth < rows && prediction < columns ? { truth, prediction } : null

  const point = (event: PointerEvent<SVGSVGElement>): void => {
    const box = event.currentTarget.getBoundingClientRect()
    setCell(inside(Math.floor((event.clientY - box.top - HEAD) / CELL), Math.floor((event.clientX - box.left - NAME) / CELL)))
  }
  const move = (event: KeyboardEvent): void => {
    const step = STEPS[event.key]
    if (step === undefined) return
    event.preventDefault()
    const next = cell === null ? inside(0, 0) : inside(cell.truth + step[0], cell.prediction + step[1])
    if (next !== null) setCell(next)
  }
  return (
    <div>
      <div className={styles.bar}>
        <SegmentedControl
          aria-label="What the shades are" value={normalised ? 'truth' : 'count'} onChange={(value) => setNormalised(value === 'truth')}
          data={[{ value: 'truth', label: 'Share of the truth' }, { value: 'count', label: 'Pixels' }]}
        />
      </div>
      <svg
        className={styles.matrix} width={NAME + columns * CELL + SLANT} height={HEAD + rows * CELL + 1} tabIndex={0} role="img"
        aria-label="Confusion matrix: truth in rows, prediction in columns; arrow keys tell the cells" onPointerMove={point} onPointerLeave={() => setCell(null)} onKeyDown={move}
      >
        <Cells counts={counts} names={names} columns={columns} normalised={normalised} />
        {cell !== null && <rect className={styles.chosen} x={NAME + cell.prediction * CELL} y={HEAD + cell.truth * CELL} width={CELL} height={CELL} />}
      </svg>
      <p className={styles.told} aria-live="polite">{cell === null ? 'Rows: what it is. Columns: what it was taken for. Point at a cell.' : cellText(counts, cell, names)}</p>
    </div>
  )
}

const STEPS: Readonly<Partial<Record<string, readonly [number, number]>>> = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] }

interface CellsProps {
  readonly counts: ConfusionCounts
  readonly names: readonly string[]
  readonly columns: number
  readonly normalised: boolean
}

/** Drawn once: pointing at a cell does not draw hundreds of them again. */
const Cells = memo(function Cells({ counts, names, columns, normalised }: CellsProps): ReactNode {
  return (
    <>
      {[...names, 'no class'].slice(0, columns).map((name, column) => (
        <text key={name} className={styles.name} transform={`translate(${NAME + column * CELL + CELL / 2 + 4} ${HEAD - 6}) rotate(-60)`}>{name}</text>
      ))}
      {shades(counts, normalised).map((row, truth) => (
        // oxlint-disable-next-line react/no-array-index-key -- classes never move
        <g key={truth}>
          <text className={styles.name} data-absent={row === null} x={NAME - 6} y={HEAD + truth * CELL + CELL / 2 + 4} textAnchor="end">{names[truth]}</text>
          {Array.from({ length: columns }, (_, prediction) => (
            <rect
              key={prediction} className={truth === prediction ? styles.right : styles.wrong} x={NAME + prediction * CELL + 0.5} y={HEAD + truth * CELL + 0.5}
              width={CELL - 1} height={CELL - 1} fillOpacity={Math.sqrt(row?.[prediction] ?? 0)}
            />
          ))}
        </g>
      ))}
    </>
  )
})
