import { Slider, UnstyledButton } from '@mantine/core'
import { IconEye, IconEyeOff } from '@tabler/icons-react'
import type { Dispatch, ReactNode } from 'react'
import { PROVENANCE } from '../../../../core/goodsam/config.ts'
import { PROVENANCE_COLORS, confidenceColor } from '../../viewer/palette.ts'
import type { LayerName } from '../../viewer/types.ts'
import { ShortcutHint, Tip } from '../../components/keys.tsx'
import { PROVENANCE_NAMES } from './explain-words.ts'
import { LAYER_HINTS, LAYER_NAMES, OVERLAYS, type LayersAction, type LayersState } from './layers.ts'
import styles from './layers-panel.module.css'
import { Panel } from './panel.tsx'

interface LayersPanelProps {
  readonly layers: LayersState
  /** layers that this run did not make */
  readonly absent: ReadonlySet<LayerName>
  readonly dispatch: Dispatch<LayersAction>
}

/** What is drawn over the image, and how strongly. */
export function LayersPanel({ layers, absent, dispatch }: LayersPanelProps): ReactNode {
  return (
    <Panel
      title="Layers"
      aside={
        <Tip label={layers.overlayHidden ? 'Show the layers again' : 'Hide everything over the image'} shortcut="toggleOverlay">
          <UnstyledButton className={styles.all} aria-pressed={layers.overlayHidden} onClick={() => dispatch({ do: 'toggleOverlay' })}>
            {layers.overlayHidden ? 'Show overlay' : 'Hide overlay'} <ShortcutHint id="toggleOverlay" />
          </UnstyledButton>
        </Tip>
      }
    >
      <div role="group" aria-label="Layers">
        {(['image', ...OVERLAYS] as const).map((layer) => (
          <LayerRow key={layer} layer={layer} layers={layers} absent={absent.has(layer)} dispatch={dispatch} />
        ))}
      </div>
      {layers.styles.provenance.visible && !layers.overlayHidden && <ProvenanceLegend />}
      {layers.styles.confidence.visible && !layers.overlayHidden && <ConfidenceLegend />}
    </Panel>
  )
}

function LayerRow({ layer, layers, absent, dispatch }: { readonly layer: LayerName; readonly layers: LayersState; readonly absent: boolean; readonly dispatch: Dispatch<LayersAction> }): ReactNode {
  const { visible, opacity } = layers.styles[layer]
  const shown = visible && !absent && (layer === 'image' || !layers.overlayHidden)
  return (
    <div className={styles.row} data-active={layers.active === layer} data-shown={shown}>
      <Tip label={absent ? 'This run has no masks.' : LAYER_HINTS[layer]} position="left">
        <UnstyledButton
          className={styles.toggle} disabled={absent} aria-pressed={shown} aria-label={`Layer ${LAYER_NAMES[layer]}`}
          onClick={() => dispatch({ do: 'style', layer, style: { visible: !shown } })}
        >
          {shown ? <IconEye size={15} stroke={1.7} /> : <IconEyeOff size={15} stroke={1.7} />}
          <span>{LAYER_NAMES[layer]}</span>
        </UnstyledButton>
      </Tip>
      {shown && layer !== 'image' && (
        <>
          <Slider
            className={styles.opacity} thumbLabel={`Opacity of ${LAYER_NAMES[layer]}`} size={3} thumbSize={11} min={0} max={1} step={0.05} label={null}
            value={opacity} onChange={(value) => dispatch({ do: 'style', layer, style: { opacity: value } })}
          />
          <span className={styles.percent}>{Math.round(opacity * 100)}</span>
        </>
      )}
    </div>
  )
}

function ProvenanceLegend(): ReactNode {
  return (
    <div className={styles.legend} aria-label="Colours of the provenance layer">
      {[PROVENANCE.samMajority, PROVENANCE.samBelowTheta, PROVENANCE.taOnly].map((provenance) => (
        <span key={provenance} className={styles.key}>
          <span className={styles.swatch} style={{ background: `rgb(${PROVENANCE_COLORS[provenance]?.join(' ') ?? '0 0 0'})` }} />
          {PROVENANCE_NAMES[provenance]}
        </span>
      ))}
    </div>
  )
}

function ConfidenceLegend(): ReactNode {
  const stops = [0, 51, 102, 153, 204, 255].map((value) => `rgb(${confidenceColor(value).join(' ')})`)
  return (
    <div className={styles.legend} aria-label="Colours of the confidence layer">
      <span>0 %</span><span className={styles.ramp} style={{ background: `linear-gradient(90deg, ${stops.join(', ')})` }} /><span>100 %</span>
    </div>
  )
}
