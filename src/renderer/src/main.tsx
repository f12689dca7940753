console.log('src/renderer/src/main.tsx')
