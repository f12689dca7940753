/** What every training of a built-in model can be told on the command line. */
import { homedir } from 'node:os'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { providerSchema } from '../src/contract/schemas.ts'
import type { Provider } from '../src/contract/schemas.ts'

export interface TrainingArguments {
  /** folder of checkpoints and cached data */
  readonly work: string
  /** wall-clock minutes of this run, data and scores included; Infinity: until the steps are done. 0 trains nothing and writes what the checkpoint holds */
  readonly minutes: number
  /** updates in all; undefined: as the model's plan says */
  readonly steps: number | undefined
  readonly provider: Provider
  readonly threads: number
  readonly checkpointMinutes: number
  /** where the model is written */
  readonly output: string
  /** --output says so: what stands there is replaced, however long it was trained */
  readonly outputGiven: boolean
}

export const TRAINING_USAGE = `  --minutes M      end after M minutes and write what there is (0: train nothing, write the checkpoint's weights)
  --steps N        updates in all, instead of the plan's
  --provider P     cpu (default) or webgpu
  --threads N      threads of the CPU provider (default 1, with which a training is repeatable bit for bit)
  --work FOLDER    checkpoints and cached data (default ~/.cache/goodsam-studio/builtin/NAME)
  --checkpoint M   minutes between two checkpoints (default 5)
  --output FOLDER  where the model is written, whatever stands there (default resources/models/NAME, where a training that is
                   short of its plan replaces no model of more steps: it keeps its checkpoint, and the model that is there)`

/** Reads the options of the model `name`. Throws Error naming the option that does not fit. */
export function trainingArguments(name: string, words: readonly string[]): TrainingArguments {
  const { values } = parseArgs({
    args: [...words],
    options: {
      minutes: { type: 'string' }, steps: { type: 'string' }, provider: { type: 'string' }, threads: { type: 'string' },
      work: { type: 'string' }, checkpoint: { type: 'string' }, output: { type: 'string' },
    },
  })
  const provider = providerSchema.safeParse(values.provider ?? 'cpu')
  if (!provider.success) throw new Error(`--provider is ${values.provider}: choose cpu or webgpu.`)
  return {
    work: values.work === undefined ? join(homedir(), '.cache', 'goodsam-studio', 'builtin', name) : resolve(values.work),
    minutes: number('--minutes', values.minutes, 0) ?? Infinity,
    steps: number('--steps', values.steps, 1),
    provider: provider.data,
    threads: number('--threads', values.threads, 1) ?? 1,
    checkpointMinutes: number('--checkpoint', values.checkpoint, 0) ?? 5,
    output: values.output === undefined ? resolve(import.meta.dirname, '..', 'resources', 'models', name) : resolve(values.output),
    outputGiven: values.output !== undefined,
  }
}

function number(option: string, text: string | undefined, least: number): number | undefined {
  if (text === undefined) return undefined
  const value = Number(text)
  if (!(value >= least)) throw new Error(`${option} is "${text}": give a number from ${least}.`)
  return value
}
