import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { temporaryFolder } from '../test/support/temporary-folder.ts'
import { trainingArguments } from './arguments.ts'
import { refuseLesserModel } from './lesser-model.ts'
import { plannedSteps, SEGFORMER_PLANS } from './segformer-plans.ts'

let folder: Awaited<ReturnType<typeof temporaryFolder>>
beforeEach(async () => {
  folder = await temporaryFolder()
})
afterEach(() => folder.remove())

const shipped = (contents: string): Promise<void> => writeFile(join(folder.path, 'training.json'), contents)
const written = (step: number, outputGiven = false): Promise<void> =>
  refuseLesserModel({ name: 'nano-sam', step, planned: 28_000 }, { work: '/cache/nano-sam', output: folder.path, outputGiven })

it('a training that has only begun replaces no model of more steps, and says what is kept and how to write anyway', async () => {
  await shipped('{ "steps": 28000 }')
  await expect(written(40)).rejects.toThrow(`nano-sam is trained for 40 of its 28000 steps; ${folder.path} holds a model of 28000 steps, which is kept as it is`)
  await expect(written(27_999)).rejects.toThrow(/The checkpoint is kept in \/cache\/nano-sam: .*--minutes 0 --output FOLDER/)
})

it('one that has done its plan, or more than the model that is there, replaces it', async () => {
  await shipped('{ "steps": 30000 }')
  await expect(written(28_000)).resolves.toBeUndefined()
  await shipped('{ "steps": 500 }')
  await expect(written(499)).rejects.toThrow(/holds a model of 500 steps/)
  await expect(written(500)).resolves.toBeUndefined()
})

it('writes where --output says, and where nothing is', async () => {
  await expect(written(40)).resolves.toBeUndefined()
  await shipped('{ "steps": 28000 }')
  await expect(written(40, true)).resolves.toBeUndefined()
})

it('a model whose record is damaged is kept', async () => {
  await shipped('{ "steps": 28')
  await expect(written(40)).rejects.toThrow(/holds a model of unknown steps/)
})

it('the models that come with the program are kept from every training that --steps or --minutes ends early', async () => {
  for (const name of ['street-ta', 'mit-b0'] as const) {
    const { output, outputGiven, work } = trainingArguments(name, ['--steps', '5'])
    expect(outputGiven).toBe(false)
    await expect(refuseLesserModel({ name, step: 5, planned: plannedSteps(SEGFORMER_PLANS[name]) }, { output, outputGiven, work })).rejects.toThrow(/is kept as it is/)
    // whoever names the very same folder means it
    expect(trainingArguments(name, ['--output', output])).toMatchObject({ output, outputGiven: true })
  }
})
