console.log('src/main/cli.ts')
