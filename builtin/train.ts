/** npm run train:builtin -- NAME [options]: trains a model that comes with the program. */
import { TRAINING_USAGE, trainingArguments } from './arguments.ts'
import { trainSegformer } from './train-segformer.ts'

const NAMES = ['street-ta', 'mit-b0', 'nano-sam'] as const

const [name, ...words] = process.argv.slice(2)
if (!isName(name) || words.includes('--help')) {
  process.stderr.write(`npm run train:builtin -- NAME [options]\nNames: ${NAMES.join(', ')}\n${TRAINING_USAGE}\n`)
  process.exit(words.includes('--help') ? 0 : 2)
}
try {
  const options = trainingArguments(name, words)
  if (name === 'nano-sam') {
    const { trainNanoSam } = await import('./nano-sam/train.ts')
    await trainNanoSam(options)
  } else await trainSegformer(name, options)
} catch (error) {
  process.stderr.write(`${error instanceof Error ? (process.env['DEBUG'] === undefined ? error.message : error.stack) : String(error)}\n`)
  process.exit(1)
}

function isName(text: string | undefined): text is (typeof NAMES)[number] {
  return NAMES.some((each) => each === text)
}
