import react from '@vitejs/plugin-react'
import { defineConfig } from 'electron-vite'
import { resolve } from 'node:path'

const entry = (path: string): string => resolve(import.meta.dirname, path)

/**
 * Everything that runs outside the window is one build with several entries, so that shared code is shared:
 * index (Electron main), server, cli, the engine process and the worker threads.
 */
export default defineConfig({
  main: {
    build: {
      outDir: 'out/main',
      sourcemap: true,
      rolldownOptions: {
        input: {
          index: entry('src/main/index.ts'),
          server: entry('src/main/server.ts'),
          cli: entry('src/main/cli.ts'),
          'engine-process': entry('src/main/engine-process.ts'),
          'ort-thread': entry('src/main/engine/ort-thread.ts'),
          'training-thread': entry('src/main/engine/training-thread.ts'),
          'raster-worker': entry('src/main/workers/raster-worker.ts'),
          'label-worker': entry('src/main/workers/label-worker.ts'),
          'training-worker': entry('src/main/workers/training-worker.ts'),
          'synth-worker': entry('src/main/workers/synth-worker.ts'),
        },
        output: { format: 'es', entryFileNames: '[name].js', chunkFileNames: 'chunks/[name]-[hash].js' },
      },
    },
  },
  preload: {
    build: {
      outDir: 'out/preload',
      // a sandboxed preload must be one CommonJS file
      rolldownOptions: {
        input: { index: entry('src/preload/index.ts') },
        output: { format: 'cjs', entryFileNames: '[name].cjs' },
      },
    },
  },
  renderer: {
    root: 'src/renderer',
    build: {
      outDir: 'out/renderer',
      minify: true,
      rolldownOptions: { input: { index: entry('src/renderer/index.html') } },
    },
    worker: { format: 'es' },
    plugins: [react()],
  },
})
