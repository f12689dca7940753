import { expect, test } from 'vitest'
import { defaultSamSettings, parseSamSettings } from './sam-settings.ts'

const options = { file: 'nano-sam/settings.json', dialect: 'sam-transformers-js' } as const

test('the defaults are those of the automatic mask generator of segment-anything', () => {
  // SamAutomaticMaskGenerator(pred_iou_thresh=0.88, stability_score_thresh=0.95, stability_score_offset=1.0, box_nms_thresh=0.7)
  const { predIou, stability, stabilityOffset, boxNms } = defaultSamSettings('sam-transformers-js')
  expect([predIou, stability, stabilityOffset, boxNms]).toEqual([0.88, 0.95, 1, 0.7])
})

test('a settings file replaces what it states and keeps the rest', () => {
  const { settings, name } = parseSamSettings('{ "name": "nano-sam", "predIou": 0.35, "stability": 0.5 }', options)
  expect(name).toBe('nano-sam')
  expect(settings).toEqual({ ...defaultSamSettings('sam-transformers-js'), predIou: 0.35, stability: 0.5 })
  expect(parseSamSettings('{}', options)).toEqual({ settings: defaultSamSettings('sam-transformers-js'), name: null })
})

test.each([
  ['{ "predIou": 2 }', 'predIou'],
  ['{ "predIOU": 0.5 }', 'predIOU'],
  ['{ "pointsPerSide": "16" }', 'pointsPerSide'],
  ['[1]', 'the file'],
  ['{ predIou: 1', 'is not JSON'],
])('%s is refused, naming the file and the key', (text, mention) => {
  expect(() => parseSamSettings(text, options)).toThrow(expect.objectContaining({ code: 'bad-input' }) as Error)
  expect(() => parseSamSettings(text, options)).toThrow(mention)
  expect(() => parseSamSettings(text, options)).toThrow('nano-sam/settings.json')
})
