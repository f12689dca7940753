console.log('src/preload/index.ts')
