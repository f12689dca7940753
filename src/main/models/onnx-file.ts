/** .onnx files on disk, with the data that some keep in files beside them. */
import { randomUUID } from 'node:crypto'
import { closeSync, fstatSync, openSync, readSync, realpathSync, statSync } from 'node:fs'
import { readFile, rename, stat, unlink } from 'node:fs/promises'
import { basename, dirname, join, sep } from 'node:path'
import { StudioError } from '../../contract/errors.ts'
import { ModelError } from '../../core/onnx/errors.ts'
import type { Model } from '../../core/onnx/model.ts'
import { graphSize } from '../../core/onnx/print.ts'
import { readModel } from '../../core/onnx/read.ts'
import type { ExternalData } from '../../core/onnx/read-tensor.ts'
import type { Tensor } from '../../core/onnx/tensor.ts'
import { type ExternalPlace, writeModel } from '../../core/onnx/write.ts'
import { flushFolder, ignore, writeDurably } from '../artifacts/durable-files.ts'
import { errnoOf, storageError } from '../artifacts/storage-errors.ts'

/** What Protocol Buffers take in one message, less room for everything that is not a tensor. */
const MAX_MODEL_BYTES = 2 ** 31 - 1
const MAX_TENSOR_BYTES_INSIDE = MAX_MODEL_BYTES - (64 << 20)

/** Tensors of at least this many bytes go outside where a model is too large for one file. */
const EXTERNAL_FROM_BYTES = 1024

/** Node reads less than 2 GiB at once. */
const MAX_READ_BYTES = 1 << 30

/** Offsets of tensors in a data file: as wide as any processor's vectors. */
const ALIGNMENT = 64

/**
 * Reads a model and the files beside it that hold its data. Parsing is synchronous, about 1 ms per MB: a host does it in a worker.
 * Throws StudioError: bad-file (no such file), bad-model (what ModelError says, with the file's name).
 */
export async function readModelFile(path: string): Promise<Model> {
  const bytes = await modelBytes(path)
  const external = openExternalData(dirname(path))
  try {
    return readModel(bytes, { externalData: external.read })
  } catch (cause) {
    if (cause instanceof ModelError) throw new StudioError('bad-model', `${path}: ${cause.message}`, { cause })
    throw cause
  } finally {
    external.close()
  }
}

async function modelBytes(path: string): Promise<Uint8Array> {
  try {
    const { size } = await stat(path)
    if (size > MAX_MODEL_BYTES) {
      throw new StudioError('bad-model', `${path} has ${size} bytes, more than an ONNX file can have. Export it with external data.`)
    }
    return await readFile(path)
  } catch (cause) {
    if (cause instanceof StudioError) throw cause
    throw new StudioError('bad-file', `Cannot read ${path}. Check that it exists and that you may read it.`, { cause })
  }
}

/** Reads from files in `folder`, of which one is open at a time: some exporters give every tensor a file of its own. */
function openExternalData(folder: string): { readonly read: ExternalData; close(): void } {
  let current: { readonly location: string; readonly descriptor: number } | undefined
  function close(): void {
    if (current !== undefined) closeSync(current.descriptor)
    current = undefined
  }
  function read(location: string, offset: number, length: number): Uint8Array {
    if (current?.location !== location) {
      close()
      current = { location, descriptor: openWithin(folder, location) }
    }
    const { descriptor } = current
    const { size } = fstatSync(descriptor)
    if (offset + length > size) {
      throw new ModelError('damaged', `its data end at byte ${offset + length} of "${location}", which has ${size}. Download that file again.`)
    }
    const bytes = new Uint8Array(length)
    let filled = 0
    while (filled < length) {
      const count = readSync(descriptor, bytes, filled, Math.min(length - filled, MAX_READ_BYTES), offset + filled)
      if (count === 0) throw new ModelError('damaged', `"${location}" became shorter while it was read.`)
      filled += count
    }
    return bytes
  }
  return { read, close }
}

/**
 * Opens a regular file in the folder or below it. A place outside, by its name or through a link, is refused; so are
 * backslashes and drives on every system, that a model may behave alike everywhere.
 */
function openWithin(folder: string, location: string): number {
  if (/^([/\\]|[a-z]:)|\\|\0|(^|\/)\.\.(\/|$)/i.test(location)) {
    throw new ModelError('invalid', `its data would be at "${location}", outside the model's folder. Such a path is not followed.`)
  }
  try {
    const path = realpathSync(join(folder, location))
    if (!path.startsWith(withSeparator(realpathSync(folder)))) {
      throw new ModelError('invalid', `"${location}" is a link to a place outside the model's folder. Put the file itself there.`)
    }
    if (!statSync(path).isFile()) throw new ModelError('invalid', `"${location}" is no file.`)
    return openSync(path, 'r')
  } catch (cause) {
    if (cause instanceof ModelError) throw cause
    if (errnoOf(cause) === 'ENOENT') throw new ModelError('invalid', `"${location}" is missing: download it beside the model.`, { cause })
    throw new ModelError('invalid', `"${location}" cannot be read (${errnoOf(cause) ?? String(cause)}).`, { cause })
  }
}

function withSeparator(folder: string): string {
  return folder.endsWith(sep) ? folder : folder + sep
}

export interface WriteFileOptions {
  /** keep initializers of at least this many bytes in NAME.onnx_data beside the model; where omitted, only a model too large for one file does */
  readonly externalDataAbove?: number
}

/**
 * Writes a model under its final name once it is whole on the disk; an earlier file is replaced. With external data an
 * earlier model goes first, so that a crash leaves no model rather than one with another's weights.
 * Throws StudioError storage.
 */
export async function writeModelFile(path: string, model: Model, options: WriteFileOptions = {}): Promise<void> {
  const tooLarge = graphSize(model.graph).bytes > MAX_TENSOR_BYTES_INSIDE
  const above = options.externalDataAbove ?? (tooLarge ? EXTERNAL_FROM_BYTES : Infinity)
  const outside = placeOutside(`${basename(path)}_data`, above)
  const temporary = `${path}.${randomUUID()}.tmp`
  const temporaryData = `${temporary}_data`
  const folder = dirname(path)
  const unfinished = [temporary, temporaryData]
  try {
    await writeDurably(temporary, writeModel(model, { external: outside.place }))
    if (outside.tensors.size > 0) {
      await writeDurably(temporaryData, outside.bytes())
      await unlink(path).catch(ignore)
      await flushFolder(folder)
      await rename(temporaryData, `${path}_data`)
      unfinished.push(`${path}_data`)
    }
    await rename(temporary, path)
    await flushFolder(folder)
  } catch (cause) {
    for (const each of unfinished) await unlink(each).catch(ignore)
    throw storageError('write the model', path, cause)
  }
}

/** Gives tensors their places in one data file, one after the other; a tensor that is used twice is kept once. */
function placeOutside(location: string, above: number) {
  const tensors = new Map<Tensor, ExternalPlace>()
  let end = 0
  return {
    tensors,
    place(tensor: Tensor): ExternalPlace | undefined {
      if (!ArrayBuffer.isView(tensor.data) || tensor.data.byteLength < above) return undefined
      const known = tensors.get(tensor)
      if (known !== undefined) return known
      const offset = Math.ceil(end / ALIGNMENT) * ALIGNMENT
      const place = { location, offset, length: tensor.data.byteLength }
      end = offset + place.length
      tensors.set(tensor, place)
      return place
    },
    bytes(): Uint8Array {
      const bytes = new Uint8Array(end)
      for (const [{ data }, { offset }] of tensors) {
        if (ArrayBuffer.isView(data)) bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), offset)
      }
      return bytes
    },
  }
}
