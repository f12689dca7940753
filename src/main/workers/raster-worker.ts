console.log('src/main/workers/raster-worker.ts')
