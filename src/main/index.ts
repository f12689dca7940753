console.log('src/main/index.ts')
