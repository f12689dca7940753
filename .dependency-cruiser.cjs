/** Who may import whom (docs/architecture.md). Checked by `npm run -s check:layers`. */
const only = (name, from, allowed, comment) => ({
  name, comment, severity: 'error',
  from: { path: from, pathNot: '\\.test\\.tsx?$' },
  to: { pathNot: allowed },
})
module.exports = {
  forbidden: [
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
    only('core-is-pure', '^src/core/', ['^src/core/', '^node_modules/(fflate|fast-png|iobuffer|@bufbuild/protobuf)/'],
      'core: numbers in, numbers out; no node:, DOM, electron, onnxruntime'),
    only('contract-imports-core', '^src/contract/', ['^src/(core|contract)/', '^node_modules/zod/'],
      'the contract imports core types and the schema library'),
    { name: 'onnxruntime-only-in-engine', severity: 'error', from: { path: '^src/', pathNot: '^src/main/engine/' }, to: { path: 'onnxruntime' } },
    { name: 'sqlite-only-in-store', severity: 'error', from: { path: '^src/', pathNot: '^src/main/store/' }, to: { path: 'better-sqlite3' } },
    { name: 'electron-only-in-its-host', severity: 'error',
      from: { path: '^src/', pathNot: '^src/(main/hosts/electron/|preload/|main/index\\.ts)' }, to: { path: '^node_modules/electron/|^electron$' } },
    { name: 'engine-without-store', severity: 'error', from: { path: '^src/main/engine/' }, to: { path: '^src/main/(store|services|hosts|jobs|cli|pipeline)/' } },
    { name: 'store-without-engine', severity: 'error', from: { path: '^src/main/store/' }, to: { path: '^src/main/(engine|services|hosts|jobs|cli|pipeline)/' } },
    { name: 'services-below-hosts', severity: 'error', from: { path: '^src/main/(services|pipeline|jobs|store|artifacts|models)/' }, to: { path: '^src/main/(hosts|cli)/' } },
    { name: 'hosts-are-thin', severity: 'error', from: { path: '^src/main/hosts/' }, to: { path: '^src/main/(store|engine|jobs|pipeline|models)/' } },
    { name: 'hosts-apart', severity: 'error', from: { path: '^src/main/hosts/electron/' }, to: { path: '^src/main/hosts/server/' } },
    { name: 'hosts-apart-2', severity: 'error', from: { path: '^src/main/hosts/server/' }, to: { path: '^src/main/hosts/electron/' } },
    { name: 'renderer-without-main', severity: 'error', from: { path: '^src/renderer/' }, to: { path: '^src/(main|preload)/' } },
    { name: 'viewer-without-react', severity: 'error', from: { path: '^src/renderer/src/viewer/' }, to: { path: 'node_modules/(react|@mantine)|^src/renderer/src/(rpc|features|components)/' } },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'require', 'node', 'default', 'types'] },
  },
}
