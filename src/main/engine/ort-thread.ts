console.log('src/main/engine/ort-thread.ts')
