import { expect, test } from 'vitest'
import { samSettingsSchema } from '../../../../contract/schemas.ts'
import { SAM_DEFAULTS } from '../../../../core/goodsam/config.ts'
import { SAM_FIELDS, samOverrides, shownValue, storedValue } from './sam-settings.ts'

test('every setting of the contract has a field, and no field offers what the contract refuses', () => {
  expect(SAM_FIELDS.map(({ key }) => key).sort()).toEqual(Object.keys(samSettingsSchema.shape).sort())
  for (const field of SAM_FIELDS) {
    for (const end of [field.min, field.max]) {
      const settings = { ...SAM_DEFAULTS, [field.key]: storedValue(field, end) }
      expect(samSettingsSchema.safeParse(settings).success, `${field.key} ${end}`).toBe(true)
    }
  }
})

test('percentages survive the way there and back', () => {
  const area = SAM_FIELDS.find(({ key }) => key === 'minAreaFraction')!
  expect(shownValue(area, 0.0005)).toBe(0.05)
  expect(storedValue(area, 0.07)).toBe(0.0007)
  expect(storedValue(area, 250)).toBe(1)
})

test('only what differs is an override', () => {
  expect(samOverrides(SAM_DEFAULTS, { ...SAM_DEFAULTS })).toBeNull()
  expect(samOverrides(SAM_DEFAULTS, { ...SAM_DEFAULTS, predIou: 0.5, pointsPerSide: 8 })).toEqual({ predIou: 0.5, pointsPerSide: 8 })
})
