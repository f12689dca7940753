import { webcrypto } from 'node:crypto'
import { expect, test, vi } from 'vitest'
import { readDrop, rootOf, uploadDrop } from './drop.ts'

const file = (path: string) => ({ path, isFolder: false })

test('a folder is imported as it is; loose images stand for their folder', () => {
  expect(readDrop([{ path: '/data/berlin', isFolder: true }])).toEqual({ kind: 'folder', folder: '/data/berlin' })
  expect(readDrop([file('/data/a.jpg'), file('/data/b.jpg')])).toEqual({ kind: 'folder', folder: '/data' })
})

test('model files are added, with what lies beside them', () => {
  expect(readDrop([file('/m/net.onnx'), file('/m/net.onnx_data'), file('/m/readme.txt')])).toEqual({ kind: 'models', files: ['/m/net.onnx', '/m/net.onnx_data'] })
})

test('what cannot be done says why', () => {
  const two = readDrop([{ path: '/a', isFolder: true }, { path: '/b', isFolder: true }])
  expect(two.kind === 'nothing' && two.why).toMatch(/2 folders/)
  expect(readDrop([]).kind).toBe('nothing')
})

test('the root of an uploaded file is the folder that was dropped', () => {
  expect(rootOf('/up/b1/berlin/val/a.jpg', 'berlin/val/a.jpg')).toEqual({ path: '/up/b1/berlin', isFolder: true })
  expect(rootOf('/up/b1/a.jpg', 'a.jpg')).toEqual({ path: '/up/b1/a.jpg', isFolder: false })
})

test('a dropped folder is uploaded into one batch and comes back as one folder', async () => {
  // what a page has that came over http from another machine
  vi.stubGlobal('crypto', { getRandomValues: (array: Uint32Array<ArrayBuffer>) => webcrypto.getRandomValues(array) })
  const batches = new Set<string | undefined>()
  const pathOf = (sent: File, options?: { batch?: string }): Promise<string> => {
    batches.add(options?.batch)
    return Promise.resolve(`/up/b1/${sent.webkitRelativePath === '' ? sent.name : sent.webkitRelativePath}`)
  }
  const places = ['berlin/a.jpg', 'berlin/val/b.jpg', 'berlin/val/c.jpg', 'berlin/d.jpg']
  const seen: number[] = []
  const roots = await uploadDrop(
    { pathOf }, places.map((place) => ({ place, file: new File(['x'], place.split('/').at(-1)!) })),
    { signal: new AbortController().signal, onProgress: ({ done }) => seen.push(done) },
  )
  expect(roots).toEqual([{ path: '/up/b1/berlin', isFolder: true }])
  expect([...batches]).toEqual([expect.stringMatching(/^[A-Za-z0-9-]{7,64}$/)])
  vi.unstubAllGlobals()
  expect(seen).toEqual([1, 2, 3, 4])
})

const refusingB = (sent: File): Promise<string> => (sent.name === 'b.jpg' ? Promise.reject(new Error('too large')) : Promise.resolve(`/up/${sent.name}`))

test('one failed upload fails the drop', async () => {
  const files = ['a.jpg', 'b.jpg', 'c.jpg'].map((place) => ({ place, file: new File(['x'], place) }))
  await expect(uploadDrop({ pathOf: refusingB }, files, { signal: new AbortController().signal, onProgress: () => {} })).rejects.toThrow('too large')
})
