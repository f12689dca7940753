import { useEffect, useState, type ReactNode } from 'react'
import type { FusionConfig } from '../../../../core/goodsam/config.ts'
import type { PixelExplanation } from '../../../../core/goodsam/explain.ts'
import type { LabelSet } from '../../../../core/labels/label-set.ts'
import { formatCount, formatShare } from '../../app/format.ts'
import { PROVENANCE_COLORS } from '../../viewer/palette.ts'
import type { HoverInfo, PanoramaViewer } from '../../viewer/types.ts'
import { PROVENANCE_NAMES, classColor, className, reason, shownMask, thetaDecision, type ShownMask } from './explain-words.ts'
import styles from './inspector.module.css'
import { Panel } from './panel.tsx'

interface InspectorProps {
  readonly viewer: PanoramaViewer | null
  readonly labelSet: LabelSet
  /** the fusion that is shown */
  readonly fusion: FusionConfig
}

/** classes of a mask that are listed; the rest is summed up */
const BARS = 4

/** Why the pixel under the cursor has its label. Keeps the last one when the cursor leaves, so that it can be read. */
export function Inspector({ viewer, labelSet, fusion }: InspectorProps): ReactNode {
  const { hover, explanation } = useHover(viewer)
  return (
    <div className={styles.inspector}>
      <Panel title="Under the cursor" aside={hover !== null && <span className={styles.place}>{hover.x}, {hover.y}</span>}>
        {hover === null
          ? <p className={styles.empty}>Point at the panorama to see why a pixel has its label.</p>
          : <Pixel hover={hover} explanation={explanation} labelSet={labelSet} fusion={fusion} />}
      </Panel>
    </div>
  )
}

/** The explanation follows the rest by a few milliseconds: the former one stays while the mask is the same. */
function useHover(viewer: PanoramaViewer | null): { readonly hover: HoverInfo | null; readonly explanation: PixelExplanation | null } {
  const [shown, setShown] = useState<{ hover: HoverInfo | null; explanation: PixelExplanation | null }>({ hover: null, explanation: null })
  useEffect(() => viewer?.onHover((hover) => {
    if (hover === null) return
    setShown((before) => ({
      hover,
      explanation: hover.explanation ?? (before.explanation !== null && before.hover?.mask === hover.mask && hover.mask !== 0 ? before.explanation : null),
    }))
  }), [viewer])
  return shown
}

function Pixel({ hover, explanation, labelSet, fusion }: { readonly hover: HoverInfo; readonly explanation: PixelExplanation | null; readonly labelSet: LabelSet; readonly fusion: FusionConfig }): ReactNode {
  const label = hover.label ?? hover.semantics
  if (label === null) return <p className={styles.empty}>No labels here yet.</p>
  const mask = explanation === null ? null : shownMask(explanation)
  return (
    <div className={styles.pixel}>
      <div className={styles.head}>
        <span className={styles.swatch} style={{ background: classColor(labelSet, label) }} />
        <span className={styles.class}>{className(labelSet, label)}</span>
        {hover.confidence !== null && <span className={styles.confidence}>{formatShare(hover.confidence / 255, 0)} <span className="faint">confidence</span></span>}
      </div>
      {hover.provenance !== null && (
        <div className={styles.provenance}>
          <span className={styles.dot} style={{ background: `rgb(${PROVENANCE_COLORS[hover.provenance]?.join(' ') ?? '128 128 128'})` }} />
          <span>{PROVENANCE_NAMES[hover.provenance]}</span>
          {explanation !== null && <span className="muted">{reason(explanation, fusion, labelSet)}</span>}
        </div>
      )}
      {mask !== null && <MaskShares shown={mask} labelSet={labelSet} />}
      {explanation !== null && <Votes explanation={explanation} labelSet={labelSet} />}
    </div>
  )
}

function MaskShares({ shown, labelSet }: { readonly shown: ShownMask; readonly labelSet: LabelSet }): ReactNode {
  const { mask, decided } = shown
  const rest = mask.shares.slice(BARS).reduce((sum, { share }) => sum + share, 0)
  return (
    <div className={styles.mask}>
      <div className={styles.maskHead}>
        <span>Mask {mask.globalIndex + 1}{!decided && mask.trusted && <span className="faint"> outvoted</span>}</span>
        <span className={styles.decision} data-trusted={mask.trusted}>{thetaDecision(mask)}</span>
      </div>
      <div className={styles.shares} role="img" aria-label={mask.shares.map(({ trainId, share }) => `${className(labelSet, trainId)} ${formatShare(share, 0)}`).join(', ')}>
        {mask.shares.slice(0, BARS).map(({ trainId, share }) => (
          <div key={trainId} className={styles.share}>
            <span className="truncate">{className(labelSet, trainId)}</span>
            <span className={styles.track}>
              <span style={{ width: `${share * 100}%`, background: classColor(labelSet, trainId) }} />
              <i style={{ left: `${Math.min(1, mask.threshold) * 100}%` }} />
            </span>
            <span className={styles.number}>{formatShare(share, 0)}</span>
          </div>
        ))}
      </div>
      <div className={styles.small}>
        {rest > 0.005 && `${formatShare(rest, 0)} other · `}
        {mask.areaLevel}, {formatCount(mask.areaPx)} px · IoU {mask.predictedIou.toFixed(2)} · stability {mask.stability.toFixed(2)}
      </div>
    </div>
  )
}

function Votes({ explanation, labelSet }: { readonly explanation: PixelExplanation; readonly labelSet: LabelSet }): ReactNode {
  return (
    <div className={styles.small}>
      TA: {className(labelSet, explanation.taLabel)} {formatShare(explanation.taConfidence / 255, 0)}
      {explanation.votes.length > 0 && (
        <>
          {' · '}{explanation.votes.length} {explanation.votes.length === 1 ? 'window votes' : 'windows vote'}
          {explanation.tally.length > 1 && `: ${explanation.tally.slice(0, 3).map(({ trainId, share }) => `${className(labelSet, trainId)} ${formatShare(share, 0)}`).join(', ')}`}
        </>
      )}
    </div>
  )
}
