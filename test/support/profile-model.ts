import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { InferenceSession } from 'onnxruntime-node'
import type { Model } from '../../src/core/onnx/model.ts'
import { writeModel } from '../../src/core/onnx/write.ts'
import { type RunOptions, sessionOptions, type Tensors, toOrtFeeds } from './run-model.ts'
import { temporaryFolder } from './temporary-folder.ts'

/** What onnxruntime did for one node of its own (optimised) graph. */
export interface ProfiledNode {
  readonly name: string
  readonly opType: string
  /** "CPUExecutionProvider", "WebGpuExecutionProvider" */
  readonly provider: string
  /** The shapes of its inputs, as onnxruntime writes them */
  readonly inputs: string
  /** Median over the runs */
  readonly ms: number
}

export interface ProfileOptions extends RunOptions {
  /** Measured runs, after one that is not counted; 1 where omitted */
  readonly runs?: number
}

/** Runs a model with onnxruntime's profiler: which node took how long, on which provider. */
export async function profileModel(model: Model | Uint8Array, feeds: Tensors, options: ProfileOptions = {}): Promise<readonly ProfiledNode[]> {
  const folder = await temporaryFolder()
  try {
    const session = await InferenceSession.create(model instanceof Uint8Array ? model : writeModel(model), {
      ...sessionOptions(options), enableProfiling: true, profileFilePrefix: join(folder.path, 'profile'),
    })
    const ort = toOrtFeeds(feeds)
    for (let run = 0; run <= (options.runs ?? 1); run++) await session.run(ort)
    session.endProfiling()
    await session.release()
    const file = readdirSync(folder.path).find((name) => name.endsWith('.json'))
    if (file === undefined) throw new Error('onnxruntime wrote no profile')
    return medians(JSON.parse(readFileSync(join(folder.path, file), 'utf8')) as readonly ProfileEvent[])
  } finally {
    await folder.remove()
  }
}

interface ProfileEvent {
  readonly cat: string
  readonly name: string
  readonly dur: number
  readonly args: { readonly op_name?: string; readonly provider?: string; readonly node_index?: string; readonly input_type_shape?: unknown }
}

const SUFFIX = '_kernel_time'

function medians(events: readonly ProfileEvent[]): readonly ProfiledNode[] {
  const byNode = Map.groupBy(events.filter((event) => event.cat === 'Node' && event.name.endsWith(SUFFIX)), (event) => `${event.args.node_index} ${event.name}`)
  return [...byNode.values()].map((all) => {
    // the first run pays for what is made once
    const times = all.slice(1).map((event) => event.dur / 1000).toSorted((a, b) => a - b)
    const { name, args } = all[0]
    return {
      name: name.slice(0, -SUFFIX.length), opType: args.op_name ?? '', provider: args.provider ?? '',
      inputs: JSON.stringify(args.input_type_shape).replaceAll('"', ''), ms: times[Math.floor(times.length / 2)],
    }
  })
}
