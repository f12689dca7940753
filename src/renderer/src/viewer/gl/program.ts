/** A linked program and its uniforms by name. */
export interface Program {
  readonly handle: WebGLProgram
  /** null for a uniform the compiler removed: setting it does nothing, as in WebGL itself */
  uniform(name: string): WebGLUniformLocation | null
}

/** Compiles and links. Throws Error with the driver's log. */
export function linkProgram(gl: WebGL2RenderingContext, vertexSource: string, fragmentSource: string): Program {
  const handle = gl.createProgram()
  const shaders = [
    compileShader(gl, gl.VERTEX_SHADER, vertexSource),
    compileShader(gl, gl.FRAGMENT_SHADER, fragmentSource),
  ]
  for (const shader of shaders) gl.attachShader(handle, shader)
  gl.linkProgram(handle)
  // a lost context reports failure without a log; its restoration builds everything anew
  if (!gl.getProgramParameter(handle, gl.LINK_STATUS) && !gl.isContextLost()) {
    throw new Error(`The viewer's shader does not compile on this GPU: ${
      [gl.getProgramInfoLog(handle), ...shaders.map((shader) => gl.getShaderInfoLog(shader))].filter(Boolean).join('; ')
    }`)
  }
  for (const shader of shaders) gl.deleteShader(shader)
  const locations = new Map<string, WebGLUniformLocation | null>()
  return {
    handle,
    uniform(name) {
      if (!locations.has(name)) locations.set(name, gl.getUniformLocation(handle, name))
      return locations.get(name) ?? null
    },
  }
}

function compileShader(gl: WebGL2RenderingContext, type: GLenum, source: string): WebGLShader {
  const shader = gl.createShader(type)
  if (!shader) throw new Error('The GPU context is lost.')
  gl.shaderSource(shader, source)
  gl.compileShader(shader)
  return shader
}
