console.log('src/main/engine-process.ts')
