/** Programs that show how to use an exported network, in Node and in Python, with nothing but a runtime and a picture library. */
import { IMAGENET_MEAN, IMAGENET_STD } from '../raster/pixel-values.ts'

export interface SampleOptions {
  readonly height: number
  readonly width: number
}

/** Versions that know the opset of the exported networks. */
const NODE_DEPENDENCIES = { 'onnxruntime-node': '^1.20.0', sharp: '>=0.33.0' }
/** The package would download CUDA libraries when it is installed, and fail where they are out of reach. */
const NODE_INSTALLATION = 'onnxruntime-node-install=skip'
const PYTHON_REQUIREMENTS = ['onnxruntime>=1.20', 'numpy', 'pillow']

/** The files of the folder sample/, by name, beside panorama.png and expected.png. */
export function sampleFiles(options: SampleOptions): Readonly<Record<string, string>> {
  return {
    'run.mjs': nodeProgram(options),
    'package.json': `${JSON.stringify({ private: true, type: 'module', dependencies: NODE_DEPENDENCIES }, null, 2)}\n`,
    '.npmrc': `${NODE_INSTALLATION}\n`,
    'run.py': pythonProgram(options),
    'requirements.txt': `${PYTHON_REQUIREMENTS.join('\n')}\n`,
  }
}

function nodeProgram({ height, width }: SampleOptions): string {
  return `// Finds the classes of a panorama and writes them as a picture in the classes' colours.
//   npm install
//   node run.mjs [panorama] [prediction.png] [model.onnx]
import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import * as ort from 'onnxruntime-node'
import sharp from 'sharp'

const WIDTH = ${width}
const HEIGHT = ${height}
const MEAN = [${IMAGENET_MEAN.join(', ')}]
const STD = [${IMAGENET_STD.join(', ')}]

const beside = (name) => fileURLToPath(new URL(name, import.meta.url))
const [panorama = beside('panorama.png'), prediction = 'prediction.png', model = beside('../onnx/model.onnx')] = process.argv.slice(2)
const { classes } = JSON.parse(readFileSync(beside('../labels.json'), 'utf8'))

const labels = await labelsOf(await ort.InferenceSession.create(model), await pixelValues(panorama))
const colours = Uint8Array.from({ length: 3 * WIDTH * HEIGHT }, (_, index) => classes[labels[Math.floor(index / 3)]].color[index % 3])
await sharp(colours, { raw: { width: WIDTH, height: HEIGHT, channels: 3 } }).png().toFile(prediction)
const shares = classes.map(({ id, name }) => ({ name, share: labels.filter((label) => label === id).length / labels.length }))
for (const { name, share } of shares.filter(({ share }) => share > 0)) console.log(name.padEnd(16), (100 * share).toFixed(1).padStart(5), '%')
if (panorama === beside('panorama.png') && existsSync(beside('expected.png'))) {
  const expected = await pixels(beside('expected.png'))
  const same = labels.reduce((sum, _, index) => sum + [0, 1, 2].every((channel) => colours[3 * index + channel] === expected[3 * index + channel]), 0)
  console.log('agrees with expected.png on', (100 * same / labels.length).toFixed(3), '% of the pixels')
}

/** RGB, WIDTH x HEIGHT */
function pixels(file) {
  return sharp(file).rotate().removeAlpha().toColourspace('srgb').resize(WIDTH, HEIGHT, { fit: 'fill', kernel: 'linear' }).raw().toBuffer()
}

/** The network's input: one plane per colour, normalised. */
async function pixelValues(file) {
  const rgb = await pixels(file)
  const values = new Float32Array(rgb.length)
  for (let index = 0; index < rgb.length; index++) {
    const channel = index % 3
    values[channel * WIDTH * HEIGHT + Math.floor(index / 3)] = (rgb[index] / 255 - MEAN[channel]) / STD[channel]
  }
  return new ort.Tensor('float32', values, [1, 3, HEIGHT, WIDTH])
}

/** Logits enlarged bilinearly to the size of the image; the largest class of every pixel. */
async function labelsOf(session, input) {
  const outputs = await session.run({ [session.inputNames[0]]: input })
  const { dims, data } = outputs.logits ?? outputs[session.outputNames[0]]
  const [, count, rows, columns] = dims
  const across = neighbours(WIDTH, columns)
  const down = neighbours(HEIGHT, rows)
  const labels = new Uint8Array(WIDTH * HEIGHT)
  for (let y = 0; y < HEIGHT; y++) {
    const { before: top, after: bottom, share: lower } = down[y]
    for (let x = 0; x < WIDTH; x++) {
      const { before: left, after: right, share: later } = across[x]
      let best = -Infinity
      for (let each = 0; each < count; each++) {
        const at = each * rows * columns
        const above = data[at + top * columns + left] * (1 - later) + data[at + top * columns + right] * later
        const below = data[at + bottom * columns + left] * (1 - later) + data[at + bottom * columns + right] * later
        const value = above * (1 - lower) + below * lower
        if (value > best) [best, labels[y * WIDTH + x]] = [value, each]
      }
    }
  }
  return labels
}

/** Between which two cells the middle of each pixel lies, and how near to the second. */
function neighbours(length, cells) {
  return Array.from({ length }, (_, pixel) => {
    const position = Math.min(cells - 1, Math.max(0, (pixel + 0.5) * cells / length - 0.5))
    const before = Math.floor(position)
    return { before, after: Math.min(cells - 1, before + 1), share: position - before }
  })
}
`
}

function pythonProgram({ height, width }: SampleOptions): string {
  return `"""Finds the classes of a panorama and writes them as a picture in the classes' colours.

    pip install -r requirements.txt
    python run.py [panorama] [prediction.png] [model.onnx]
"""
import json
import sys
from pathlib import Path

import numpy as np
import onnxruntime
from PIL import Image, ImageOps

WIDTH, HEIGHT = ${width}, ${height}
MEAN = np.array([${IMAGENET_MEAN.join(', ')}], np.float32)
STD = np.array([${IMAGENET_STD.join(', ')}], np.float32)
HERE = Path(__file__).resolve().parent


def pixel_values(file):
    """The network's input: one plane per colour, normalised."""
    image = ImageOps.exif_transpose(Image.open(file)).convert("RGB")
    if image.size != (WIDTH, HEIGHT):
        image = image.resize((WIDTH, HEIGHT), Image.BILINEAR)
    values = (np.asarray(image, np.float32) / 255 - MEAN) / STD
    return np.ascontiguousarray(values.transpose(2, 0, 1)[None])


def neighbours(length, cells):
    """Between which two cells the middle of each pixel lies, and how near to the second."""
    position = np.clip((np.arange(length) + 0.5) * cells / length - 0.5, 0, cells - 1)
    before = np.floor(position).astype(int)
    return before, np.minimum(cells - 1, before + 1), (position - before).astype(np.float32)


def labels_of(session, values):
    """Logits enlarged bilinearly to the size of the image; the largest class of every pixel."""
    names = [output.name for output in session.get_outputs()]
    name = "logits" if "logits" in names else names[0]
    logits = session.run([name], {session.get_inputs()[0].name: values})[0][0]
    top, bottom, lower = neighbours(HEIGHT, logits.shape[1])
    left, right, later = neighbours(WIDTH, logits.shape[2])
    rows = logits[:, top] * (1 - lower)[:, None] + logits[:, bottom] * lower[:, None]
    return (rows[:, :, left] * (1 - later) + rows[:, :, right] * later).argmax(0)


def main():
    given = [*sys.argv[1:], *[None] * 3]
    panorama = Path(given[0] or HERE / "panorama.png")
    model = Path(given[2] or HERE.parent / "onnx" / "model.onnx")
    classes = json.loads((HERE.parent / "labels.json").read_text("utf-8"))["classes"]
    session = onnxruntime.InferenceSession(str(model), providers=["CPUExecutionProvider"])
    labels = labels_of(session, pixel_values(panorama))
    colours = np.array([each["color"] for each in classes], np.uint8)[labels]
    Image.fromarray(colours).save(given[1] or "prediction.png")
    for each in classes:
        share = (labels == each["id"]).mean()
        if share > 0:
            print(f"{each['name']:16} {100 * share:5.1f} %")
    expected = HERE / "expected.png"
    if panorama == HERE / "panorama.png" and expected.exists():
        same = (colours == np.asarray(Image.open(expected).convert("RGB"))).all(-1).mean()
        print(f"agrees with expected.png on {100 * same:.3f} % of the pixels")


main()
`
}
