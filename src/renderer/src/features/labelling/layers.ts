import type { LayerName, LayerStyle } from '../../viewer/types.ts'

/** Which layers are shown, how strongly, and which one the keys speak to. */
export interface LayersState {
  readonly styles: Readonly<Record<LayerName, LayerStyle>>
  /** L moves it, Alt+0..4 set its opacity; never the image */
  readonly active: OverlayName
  /** H: everything over the image is out of the way for a moment */
  readonly overlayHidden: boolean
}

export type OverlayName = Exclude<LayerName, 'image'>

export const OVERLAYS: readonly OverlayName[] = ['label', 'semantics', 'masks', 'confidence', 'provenance', 'boundary']

export const LAYER_NAMES: Readonly<Record<LayerName, string>> = {
  image: 'Image', label: 'Fused label', semantics: 'TA semantics', masks: 'SAM masks', confidence: 'Confidence', provenance: 'Provenance', boundary: 'Boundary',
}

export const LAYER_HINTS: Readonly<Record<LayerName, string>> = {
  image: 'The panorama as it was imported.',
  label: 'The pseudo-label: the class every pixel ends up with.',
  semantics: 'The class the teacher assistant gives on its own, before any mask has a say.',
  masks: 'SAM’s masks, each in a colour of its own. They have no classes.',
  confidence: 'The winning class’s votes, of the most that it could have got: dark is doubtful, bright is certain.',
  provenance: 'What decided each pixel: a trusted mask, a mask below theta, or the TA alone.',
  boundary: 'The refined boundary: mask contours that lie where the class changes.',
}

export const INITIAL_LAYERS: LayersState = {
  active: 'label',
  overlayHidden: false,
  styles: {
    image: { visible: true, opacity: 1 },
    label: { visible: true, opacity: 0.6 },
    semantics: { visible: false, opacity: 0.6 },
    masks: { visible: false, opacity: 0.75 },
    confidence: { visible: false, opacity: 0.75 },
    provenance: { visible: false, opacity: 0.75 },
    boundary: { visible: false, opacity: 1 },
  },
}

export type LayersAction =
  | { readonly do: 'style'; readonly layer: LayerName; readonly style: Partial<LayerStyle> }
  | { readonly do: 'cycle'; readonly step: 1 | -1 }
  | { readonly do: 'opacity'; readonly opacity: number }
  | { readonly do: 'toggleOverlay' }

export function reduceLayers(state: LayersState, action: LayersAction): LayersState {
  switch (action.do) {
    case 'style': {
      const styles = { ...state.styles, [action.layer]: { ...state.styles[action.layer], ...action.style } }
      if (action.layer === 'image') return { ...state, styles }
      // touching a layer brings it, and what lies hidden, to attention
      return { styles, active: action.layer, overlayHidden: action.style.visible === true ? false : state.overlayHidden }
    }
    case 'cycle': {
      // the next layer alone over the image: looking through them one by one
      const at = OVERLAYS.indexOf(state.active)
      const active = OVERLAYS[(at + action.step + OVERLAYS.length) % OVERLAYS.length]
      const styles = { ...state.styles }
      for (const name of OVERLAYS) styles[name] = { ...styles[name], visible: name === active }
      return { styles, active, overlayHidden: false }
    }
    case 'opacity':
      return {
        ...state,
        overlayHidden: false,
        styles: { ...state.styles, [state.active]: { visible: true, opacity: action.opacity } },
      }
    case 'toggleOverlay':
      return { ...state, overlayHidden: !state.overlayHidden }
  }
}

/** What the viewer is told to draw. */
export function drawnStyle(state: LayersState, layer: LayerName): LayerStyle {
  const style = state.styles[layer]
  return layer !== 'image' && state.overlayHidden ? { ...style, visible: false } : style
}
