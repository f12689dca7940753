import { expect, test } from 'vitest'
import { createUndoStack, type UndoStep } from './undo.ts'

const step = (label: string, log: string[], fails?: () => boolean): UndoStep => {
  const run = async (way: string): Promise<void> => {
    await Promise.resolve()
    if (fails?.() === true) throw new Error(`${way} ${label} failed`)
    log.push(`${way} ${label}`)
  }
  return { label, undo: () => run('undo'), redo: () => run('redo') }
}

test('steps are taken back and done again in order', async () => {
  const log: string[] = []
  const stack = createUndoStack()
  stack.push(step('a', log))
  stack.push(step('b', log))
  await stack.undo()
  await stack.undo()
  expect(await stack.undo()).toBeNull()
  await stack.redo()
  expect(log).toEqual(['undo b', 'undo a', 'redo a'])
  expect([stack.canUndo, stack.canRedo]).toEqual([true, true])
})

test('asking twice at once takes two different steps back', async () => {
  const log: string[] = []
  const stack = createUndoStack()
  stack.push(step('a', log))
  stack.push(step('b', log))
  const both = await Promise.all([stack.undo(), stack.undo()])
  expect(both.map((done) => done?.label)).toEqual(['b', 'a'])
  expect(log).toEqual(['undo b', 'undo a'])
})

test('a new step ends what could be redone', async () => {
  const log: string[] = []
  const stack = createUndoStack()
  stack.push(step('a', log))
  await stack.undo()
  stack.push(step('b', log))
  expect(await stack.redo()).toBeNull()
  expect((await stack.undo())?.label).toBe('b')
})

test('a step that fails stays and can be tried again; the next call is not stuck', async () => {
  const log: string[] = []
  let broken = true
  const stack = createUndoStack()
  stack.push(step('a', log, () => broken))
  await expect(stack.undo()).rejects.toThrow('undo a failed')
  expect([stack.canUndo, stack.canRedo]).toEqual([true, false])
  broken = false
  expect((await stack.undo())?.label).toBe('a')
})

test('only the newest steps are kept', async () => {
  const log: string[] = []
  const stack = createUndoStack(2)
  for (const label of ['a', 'b', 'c']) stack.push(step(label, log))
  await stack.undo()
  await stack.undo()
  await stack.undo()
  expect(log).toEqual(['undo c', 'undo b'])
})

test('a step that is still being done is waited for, and taken back before those that were done earlier', async () => {
  const log: string[] = []
  const stack = createUndoStack()
  stack.push(step('a', log))
  const doing = Promise.withResolvers<undefined>()
  stack.push(step('b', log), doing.promise)
  const undone = stack.undo()
  await Promise.resolve()
  expect(log).toEqual([])
  doing.resolve(undefined)
  expect((await undone)?.label).toBe('b')
  expect(log).toEqual(['undo b'])
})

test('a step that could not be done is not remembered', async () => {
  const log: string[] = []
  const stack = createUndoStack()
  stack.push(step('a', log))
  stack.push(step('b', log), Promise.reject(new Error('refused')))
  expect((await stack.undo())?.label).toBe('a')
  expect(await stack.undo()).toBeNull()
})
