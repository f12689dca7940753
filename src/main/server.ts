console.log('src/main/server.ts')
