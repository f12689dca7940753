import { cpus } from 'node:os'
import { expect, it } from 'vitest'
import { machinesOf, thisMachine } from './machine.ts'

const on = (machine?: string, threads = 1) => ({ machine, threads, provider: 'cpu' })

it('a training names the machines of its stretches, each once, wherever its record is written', () => {
  expect(machinesOf([on('Xeon'), on('Xeon'), on('Ryzen', 4), on('Xeon')], 'laptop')).toBe('Xeon, cpu with 1 thread; Ryzen, cpu with 4 threads')
})

it('stretches of old, which name none, are not taken for another one\'s machine', () => {
  expect(machinesOf([on(), on('Ryzen', 4)], 'laptop')).toBe('a machine that was not recorded, cpu with 1 thread; Ryzen, cpu with 4 threads')
})

it('where none names a machine it is the one that writes', () => {
  expect(machinesOf([on(undefined, 2), on()], 'laptop')).toBe('laptop, cpu with 1 thread')
  expect(machinesOf([])).toBe(`${cpus()[0].model}, untrained`)
  expect(thisMachine()).toBe(cpus()[0].model)
})
