/** Published models for real streets, fetched from a model hub when somebody asks for one; none comes with the program. */
import { StudioError } from '../../contract/errors.ts'
import type { CatalogueEntry } from '../../contract/catalogue-schemas.ts'
import { knownLicence } from '../../core/formats/known-licences.ts'

/** What of an entry is the same in every workspace. */
export type PublishedModel = Pick<CatalogueEntry, 'repo' | 'kind' | 'summary' | 'licence' | 'files'>

const SAM_FILES = ['onnx/vision_encoder.onnx', 'onnx/prompt_encoder_mask_decoder.onnx']
const ONNX_FILES = ['onnx/model.onnx']
/** read into our own SegFormer, which is then the model */
const SEGFORMER_FILES = ['config.json', 'model.safetensors']

const PUBLISHED: readonly PublishedModel[] = [
  published('Xenova/slimsam-77-uniform', 'sam', SAM_FILES, 'SlimSAM: Segment Anything pruned to a fiftieth. The quickest; a good first choice.'),
  published('Xenova/sam-vit-base', 'sam', SAM_FILES, 'Segment Anything, ViT-B: better masks than SlimSAM, and much slower without a GPU.'),
  ...['1024-1024', '512-1024', '640-1280', '768-768'].map((size) => published(
    `Xenova/segformer-b0-finetuned-cityscapes-${size}`, 'ta', ONNX_FILES,
    `SegFormer-B0 for the 19 Cityscapes classes, fine-tuned on images of ${size.replace('-', ' x ')}.${size === '1024-1024' ? ' Small and quick; a good first choice.' : ''}`,
  )),
  ...['b0', 'b1', 'b2', 'b3', 'b4', 'b5'].map((size) => published(
    `nvidia/segformer-${size}-finetuned-cityscapes-1024-1024`, 'ta', SEGFORMER_FILES,
    `SegFormer-${size.toUpperCase()} for the 19 Cityscapes classes, as its authors published it.${size === 'b5' ? ' The strongest and slowest of them.' : ''}`,
  )),
  ...([['b0', 'Mini'], ['b1', 'Tiny'], ['b2', 'Small']] as const).map(([size, student]) => published(
    `nvidia/mit-${size}`, 'init', ['model.safetensors'], `Mix Transformer ${size.toUpperCase()}, trained on ImageNet: what a ${student} student begins with.`,
  )),
]

function published(repo: string, kind: PublishedModel['kind'], files: string[], summary: string): PublishedModel {
  return { repo, kind, files, summary, licence: knownLicence([repo]) ?? 'not known: see its page' }
}

/** SAM first, then teacher assistants, then first weights of students. */
export function publishedModels(): readonly PublishedModel[] {
  return PUBLISHED
}

/** Throws `not-found`, naming what there is. */
export function publishedModel(repo: string): PublishedModel {
  const found = PUBLISHED.find((model) => model.repo === repo)
  if (found === undefined) {
    throw new StudioError('not-found', `The catalogue has no "${repo}". It has ${PUBLISHED.map((model) => model.repo).join(', ')}. Add other models from their files.`)
  }
  return found
}
