import { expect, it } from 'vitest'
import { knownLicence } from './known-licences.ts'

it('what comes with the program is under its licence, though its architecture is another\'s', () => {
  for (const name of ['mit-b0 (built in)', 'nano-sam', 'nano-sam 2', 'street-ta']) expect(knownLicence([name])).toMatch(/^MIT \(comes with/)
})

it('files of others are under theirs, and what nobody knows is told so', () => {
  expect(knownLicence(['mit-b0.safetensors'])).toMatch(/NVIDIA/)
  expect(knownLicence(['segformer-b0-finetuned-cityscapes', 'model.onnx'])).toMatch(/NVIDIA/)
  expect(knownLicence(['Xenova/slimsam-77-uniform'])).toBe('Apache-2.0 (SlimSAM)')
  for (const name of ['my-street-tagger', 'nano-sam-of-others']) expect(knownLicence([name])).toBeNull()
})
