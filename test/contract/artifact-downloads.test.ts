import { expect, test } from 'vitest'
import { artifactContentType, downloadHeaders, type ArtifactSource } from '../../src/main/hosts/artifact-source.ts'

const source = (mediaType: string | null, name: string | null): ArtifactSource => ({ open: async () => null, mediaTypeOf: () => mediaType, fileNameOf: () => name })

test('a zip is sent as one, under its name; other artifacts have none', () => {
  expect(artifactContentType(source('application/zip', null), 'a')).toBe('application/zip')
  expect(downloadHeaders(source('application/zip', 'mini.zip'), 'a')).toEqual({ 'Content-Disposition': `attachment; filename="mini.zip"; filename*=UTF-8''mini.zip` })
  expect(downloadHeaders(source('image/png', null), 'a')).toEqual({})
  expect(downloadHeaders({ open: async () => null }, 'a')).toEqual({})
})

test('a name of any letters breaks no header', () => {
  const { 'Content-Disposition': header } = downloadHeaders(source(null, `Straße "7"'\r\n(a).zip`), 'a')
  expect(header).toBe(`attachment; filename="Stra_e__7_____a_.zip"; filename*=UTF-8''Stra%C3%9Fe%20%227%22%27%0D%0A%28a%29.zip`)
})

test('documents are never served as such', () => {
  expect(artifactContentType(source('text/html', null), 'a')).toBe('application/octet-stream')
})
