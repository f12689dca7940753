/** No NaN and no infinity. Adding up is quicker than asking each number; a sum of finite floats stays finite as a double. */
export function isFiniteData(data: Float32Array): boolean {
  let sum = 0
  for (let i = 0; i < data.length; i++) sum += data[i]
  return Number.isFinite(sum)
}
