import type { Provider } from '../../contract/schemas.ts'
import type { ProbeResult } from './messages.ts'
import type { OrtClient } from './ort-client.ts'
import type { OrtTensor } from './ort-messages.ts'

/**
 * Two 3x3 convolutions of 64 channels over 64x64 pixels with a ReLU between (x, w -> y), 256 bytes of ONNX. Printed by
 * `test/fixtures/make_models.py`.
 */
const PROBE_MODEL =
  'CAg6tAEKIgoBeAoBdxIBYSIEQ29udioRCgRwYWRzQAFAAUABQAGgAQcKDAoBYRIBYiIEUmVsdQoiCgFiCgF3EgF5IgRDb252KhEKBHBhZHNAAUABQAFA' +
  'AaABBxIFcHJvYmVaGwoBeBIWChQIARIQCgIIAQoCCEAKAghACgIIQFobCgF3EhYKFAgBEhAKAghACgIIQAoCCAMKAggDYhsKAXkSFgoUCAESEAoCCAEK' +
  'AghACgIIQAoCCEBCBAoAEA0='

const CHANNELS = 64
const SIDE = 64
/** The first run compiles and is not counted. */
const MOST_RUNS = 4
/** A provider that takes longer than this needs no second measurement. */
const LONG_ENOUGH_MS = 100

/**
 * Times a provider against the CPU on the same convolutions. Meant for a process of its own: a provider that does not
 * work may take the process with it. Rejects with onnxruntime's reason where the provider does not start.
 */
export async function probeProvider(ort: OrtClient, provider: Provider, threads: number): Promise<ProbeResult> {
  const model = new Uint8Array(Buffer.from(PROBE_MODEL, 'base64'))
  const cpu = await timeProvider(ort, { model, provider: 'cpu', threads })
  if (provider === 'cpu') return { cpuMs: cpu.milliseconds, providerMs: cpu.milliseconds, difference: 0 }
  const other = await timeProvider(ort, { model, provider, threads })
  return { cpuMs: cpu.milliseconds, providerMs: other.milliseconds, difference: relativeDifference(cpu.output, other.output) }
}

async function timeProvider(
  ort: OrtClient,
  key: { readonly model: Uint8Array; readonly provider: Provider; readonly threads: number },
): Promise<{ milliseconds: number; output: OrtTensor }> {
  const session = `probe/${key.provider}`
  await ort.ask({ type: 'open', name: session, key })
  const feeds = [
    { name: 'x', type: 'float32', dims: [1, CHANNELS, SIDE, SIDE], data: wave(CHANNELS * SIDE * SIDE, 0.7) },
    { name: 'w', type: 'float32', dims: [CHANNELS, CHANNELS, 3, 3], data: wave(CHANNELS * CHANNELS * 9, 1.3) },
  ] as const
  let milliseconds = Infinity
  let output: OrtTensor | undefined
  for (let run = 0; run < MOST_RUNS && !(milliseconds < Infinity && milliseconds > LONG_ENOUGH_MS); run++) {
    const result = await ort.ask({ type: 'run', run: { session, feeds, repetitions: [[]], fetch: ['y'], keep: {} } })
    if (run > 0) milliseconds = Math.min(milliseconds, result.seconds * 1000)
    output = result.outputs['y']
  }
  if (output === undefined) throw new Error('the probe made no output')
  return { milliseconds, output }
}

/** Numbers in -0.1 .. 0.1 that are the same everywhere and have no pattern that a faulty kernel would keep. */
function wave(length: number, step: number): Float32Array {
  return Float32Array.from({ length }, (_, index) => 0.1 * Math.sin(index * step + (index % 7)))
}

function relativeDifference(a: OrtTensor, b: OrtTensor): number {
  let largest = 0
  let difference = 0
  for (let i = 0; i < a.data.length; i++) {
    largest = Math.max(largest, Math.abs(a.data[i]))
    difference = Math.max(difference, Math.abs(a.data[i] - b.data[i]))
  }
  return Number.isFinite(difference) ? difference / largest : Infinity
}
