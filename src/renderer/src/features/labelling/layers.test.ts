import { expect, test } from 'vitest'
import { LAYERS } from '../../viewer/types.ts'
import { INITIAL_LAYERS, OVERLAYS, drawnStyle, reduceLayers, type LayersState } from './layers.ts'

const visible = (state: LayersState): string[] => LAYERS.filter((layer) => drawnStyle(state, layer).visible)

test('every layer of the viewer is the image or an overlay', () => {
  expect([...OVERLAYS, 'image'].sort()).toEqual([...LAYERS].sort())
})

test('L shows one overlay after the other and comes round', () => {
  let state = INITIAL_LAYERS
  const seen: string[] = []
  for (let step = 0; step < OVERLAYS.length; step++) {
    state = reduceLayers(state, { do: 'cycle', step: 1 })
    expect(visible(state)).toEqual(['image', state.active])
    seen.push(state.active)
  }
  expect(seen).toEqual(['semantics', 'masks', 'confidence', 'provenance', 'boundary', 'label'])
  expect(reduceLayers(INITIAL_LAYERS, { do: 'cycle', step: -1 }).active).toBe('boundary')
})

test('H hides what lies over the image and brings the same back', () => {
  const hidden = reduceLayers(INITIAL_LAYERS, { do: 'toggleOverlay' })
  expect(visible(hidden)).toEqual(['image'])
  expect(reduceLayers(hidden, { do: 'toggleOverlay' })).toEqual(INITIAL_LAYERS)
})

test('switching a layer on while everything is hidden shows it', () => {
  const hidden = reduceLayers(INITIAL_LAYERS, { do: 'toggleOverlay' })
  expect(visible(reduceLayers(hidden, { do: 'style', layer: 'masks', style: { visible: true } }))).toEqual(['image', 'label', 'masks'].sort((a, b) => LAYERS.indexOf(a as 'image') - LAYERS.indexOf(b as 'image')))
})

test('opacity keys speak to the layer that was touched last', () => {
  const touched = reduceLayers(INITIAL_LAYERS, { do: 'style', layer: 'confidence', style: { visible: true } })
  const state = reduceLayers(touched, { do: 'opacity', opacity: 0.25 })
  expect(state.styles.confidence).toEqual({ visible: true, opacity: 0.25 })
  expect(state.styles.label).toEqual(INITIAL_LAYERS.styles.label)
})
