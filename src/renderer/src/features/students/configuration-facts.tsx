import type { ReactNode } from 'react'
import type { DistillationRun } from '../../../../contract/training-schemas.ts'
import { formatCount } from '../../app/format.ts'
import { Fact } from '../../components/page.tsx'
import { augmentationText, lossesText } from './student-words.ts'

/** How a student was trained. */
export function ConfigurationFacts({ run }: { readonly run: DistillationRun }): ReactNode {
  const { config, batch, accumulate, panoramas, heldOut, actualProvider } = run
  return (
    <>
      <Fact label="Panoramas">{formatCount(panoramas)} trained on, {formatCount(heldOut)} held out</Fact>
      <Fact label="Updates">{formatCount(run.step)} of {formatCount(config.steps)}</Fact>
      <Fact label="Batch">{batch}{accumulate > 1 && ` × ${accumulate} accumulated`}</Fact>
      <Fact label="Learning rate">{config.learningRate.toPrecision(2)}, {config.schedule} after {formatCount(config.warmupSteps)} warm-up updates</Fact>
      <Fact label="Losses">{lossesText(config)}</Fact>
      <Fact label="Augmentation">{augmentationText(config)}</Fact>
      <Fact label="Moving average">{config.emaDecay === null ? 'none' : `decay ${config.emaDecay}`}</Fact>
      <Fact label="Seed">{config.seed}</Fact>
      {config.taRefinement !== null && <Fact label="TA refinement">{formatCount(config.taRefinement.steps)} updates first</Fact>}
      {actualProvider !== null && <Fact label="Ran on">{PROVIDERS[actualProvider]}</Fact>}
    </>
  )
}

const PROVIDERS = { cpu: 'CPU', webgpu: 'WebGPU', cuda: 'CUDA' } as const
