import type { ReactNode } from 'react'
import styles from './projection-diagram.module.css'

interface ProjectionDiagramProps {
  readonly hfovDeg: number | null
  readonly vfovDeg: number | null
  readonly cyclic: boolean
  /** rows from the image's middle down to the horizon, as a share of its height */
  readonly horizonShare: number
}

/** The whole sphere unrolled (360 x 180 degrees), and the part of it that the image covers. */
export function ProjectionDiagram({ hfovDeg, vfovDeg, cyclic, horizonShare }: ProjectionDiagramProps): ReactNode {
  const known = hfovDeg !== null && vfovDeg !== null
  const width = hfovDeg ?? 360
  const height = vfovDeg ?? 180
  // a horizon below the image's middle means that the image reaches further up
  const top = 90 - height / 2 - horizonShare * height
  return (
    <svg className={styles.diagram} viewBox="-14 -6 388 192" role="img" aria-label={known ? `Covers ${width} by ${height} degrees` : 'The selected panoramas differ'}>
      <rect x={0} y={0} width={360} height={180} className={styles.sphere} />
      {[90, 180, 270].map((x) => <line key={x} x1={x} y1={0} x2={x} y2={180} className={styles.grid} />)}
      {[45, 135].map((y) => <line key={y} x1={0} y1={y} x2={360} y2={y} className={styles.grid} />)}
      {known && <rect x={180 - width / 2} y={top} width={width} height={height} className={styles.image} />}
      <line x1={0} y1={90} x2={360} y2={90} className={styles.horizon} />
      {known && cyclic && (
        <>
          <path d="M-3 84 l-7 6 l7 6" className={styles.wrap} />
          <path d="M363 84 l7 6 l-7 6" className={styles.wrap} />
        </>
      )}
    </svg>
  )
}
