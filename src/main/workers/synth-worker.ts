/** A worker thread that draws generated streets, one at a time (synth-tasks.ts). */
import { generateView } from '../../core/synth/generate.ts'
import { encodeStreet } from './synth-files.ts'
import type { DrawnStreet, DrawTask } from './synth-tasks.ts'
import { answerTask } from './worker-answer.ts'

export function drawStreet(task: DrawTask): Promise<unknown> {
  return answerTask((input) => draw(input as DrawTask), task)
}

async function draw({ request, kinds }: DrawTask): Promise<DrawnStreet> {
  const began = performance.now()
  const image = generateView(request)
  const milliseconds = performance.now() - began
  return { files: await encodeStreet(image, request, kinds), milliseconds }
}
