/** The cards of the models that come with the program say what their records do. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { nanoSamCard } from './nano-sam/card.ts'
import type { NanoSamRecord } from './nano-sam/output.ts'
import { segformerCard } from './segformer-card.ts'
import type { SegformerRecord } from './segformer-output.ts'
import { SEGFORMER_PLANS } from './segformer-plans.ts'

const MODELS = join(import.meta.dirname, '..', 'resources', 'models')

async function filesOf(name: string): Promise<{ readonly card: string; readonly record: unknown }> {
  const [card, record] = await Promise.all(['README.md', 'training.json'].map((file) => readFile(join(MODELS, name, file), 'utf8')))
  return { card, record: JSON.parse(record) as unknown }
}

it.each(['street-ta', 'mit-b0'] as const)('%s', async (name) => {
  const { card, record } = await filesOf(name)
  expect(card).toBe(segformerCard(SEGFORMER_PLANS[name], record as SegformerRecord))
})

it('nano-sam', async () => {
  const { card, record } = await filesOf('nano-sam')
  expect(card).toBe(nanoSamCard(record as NanoSamRecord))
})
