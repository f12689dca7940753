import { LAYERS } from '../types.ts'

/**
 * The whole viewer in one fragment shader: canvas pixel -> panorama pixel (flat, or through a perspective camera) ->
 * image, then the index layers over it.
 *
 * The seam. On a full turn, columns 0 and W - 1 are neighbours, but no texture knows that, and at +-180 degrees
 * atan() jumps by a whole turn. Three things keep the meridian invisible:
 *  1. Every texel is fetched by its place in the whole panorama. Bilinear neighbours and mip texels are found by integer
 *     arithmetic modulo W and only then looked up in a tile, so tile edges and the seam are like any other place and
 *     need no gutters.
 *  2. The mip level never comes from derivatives of x (they are huge where x jumps): flat view knows its scale, sphere
 *     view uses the derivatives of the ray's direction, which are smooth everywhere. Measured along the sphere, they
 *     also do not blur the poles, where one pixel of the screen spans many columns of the same colour.
 *  3. Displacements by a screen pixel (outlines, thin lines) are taken modulo W.
 *
 * Colours are sRGB bytes all along, blended as they are: a label at opacity 1 has its palette's exact bytes.
 */
const opacity = (layer: (typeof LAYERS)[number]): string => `uOpacity[${LAYERS.indexOf(layer)}]`

/** Rows of the palette texture; row order is shared with palette.ts. */
export const PALETTE_ROWS = { classes: 0, confidence: 1, provenance: 2, boundary: 3 } as const

export const PANORAMA_FRAGMENT_SHADER = `#version 300 es
precision highp float;
precision highp int;
precision highp sampler2DArray;
precision highp usampler2DArray;

uniform vec2 uCanvas;         // device px
uniform ivec2 uSize;          // panorama px
uniform bool uCyclic;
uniform vec3 uBackground;
uniform bool uSphere;
// flat view: panorama point at the canvas's top left corner, device px per panorama px
uniform vec2 uOrigin;
uniform float uScale;
// sphere view: camera axes, distance of the image plane in device px, panorama px per radian, row of the horizon
uniform vec3 uRight;
uniform vec3 uUp;
uniform vec3 uForward;
uniform float uFocal;
uniform vec2 uPxPerRad;
uniform float uHorizon;

uniform float uOpacity[${LAYERS.length}];   // 0: hidden or not loaded
uniform float uOutlinePx;     // width of outlines, device px
uniform uint uHighlight;      // mask to outline, 0: none
uniform ivec2 uCursor;        // panorama pixel under the cursor, -1: none

uniform sampler2DArray uImage;
uniform usampler2DArray uSemantics;
uniform usampler2DArray uLabel;
uniform usampler2DArray uConfidence;
uniform usampler2DArray uProvenance;
uniform usampler2DArray uMasks;
uniform usampler2DArray uBoundary;
uniform sampler2D uPalette;
uniform ivec3 uImageTiles;    // columns of tiles (0: there is only one tile), tile width, tile height
uniform int uImageLevels;
uniform ivec3 uIndexTiles;

out vec4 outColor;

ivec2 wrapped(ivec2 p) {
  if (uCyclic) {
    p.x = p.x < 0 ? p.x + uSize.x : (p.x >= uSize.x ? p.x - uSize.x : p.x);
  }
  return clamp(p, ivec2(0), uSize - 1);
}

ivec3 texelPlace(ivec2 texel, ivec3 tiles) {
  if (tiles.x == 0) return ivec3(texel, 0);
  ivec2 tile = texel / tiles.yz;
  return ivec3(texel - tile * tiles.yz, tile.y * tiles.x + tile.x);
}

uint indexAt(usampler2DArray layer, ivec2 p) {
  return texelFetch(layer, texelPlace(p, uIndexTiles), 0).r;
}

// texel t of a mip level covers panorama pixels t * 2^level and the following
vec3 imageTexel(ivec2 t, int level) {
  int middle = (1 << level) >> 1;
  ivec2 p = wrapped((t << level) + middle) >> level;
  ivec3 tiles = ivec3(uImageTiles.x, uImageTiles.yz >> level);
  return texelFetch(uImage, texelPlace(p, tiles), level).rgb;
}

vec3 imageBilinear(vec2 p, int level) {
  vec2 q = p / float(1 << level) - 0.5;
  vec2 corner = floor(q);
  vec2 f = q - corner;
  ivec2 t = ivec2(corner);
  vec3 above = mix(imageTexel(t, level), imageTexel(t + ivec2(1, 0), level), f.x);
  vec3 below = mix(imageTexel(t + ivec2(0, 1), level), imageTexel(t + ivec2(1, 1), level), f.x);
  return mix(above, below, f.y);
}

vec3 imageAt(vec2 p, float lod) {
  float level = clamp(lod, 0.0, float(uImageLevels - 1));
  int fine = int(level);
  vec3 color = imageBilinear(p, fine);
  float coarse = level - float(fine);
  return coarse > 0.0 ? mix(color, imageBilinear(p, fine + 1), coarse) : color;
}

vec3 over(vec3 below, uint value, int row, float opacity) {
  vec4 color = texelFetch(uPalette, ivec2(int(value), row), 0);
  return mix(below, color.rgb, color.a * opacity);
}

// golden-ratio hues: neighbouring ids look different
vec3 maskColor(uint id) {
  float hue = float((id * 2654435769u) >> 8) / 16777216.0;
  vec3 pure = clamp(abs(fract(hue + vec3(0.0, 2.0, 1.0) / 3.0) * 6.0 - 3.0) - 1.0, 0.0, 1.0);
  return mix(vec3(1.0), pure, 0.75) * ((id & 1u) == 0u ? 1.0 : 0.8);
}

ivec2 displaced(vec2 p, vec2 by) {
  return wrapped(ivec2(floor(p + by)));
}

void main() {
  vec2 canvas = vec2(gl_FragCoord.x, uCanvas.y - gl_FragCoord.y);
  vec2 size = vec2(uSize);
  vec2 p;
  vec2 right;  // panorama px per device px to the right
  vec2 down;
  float lod;
  if (uSphere) {
    vec2 offset = canvas - 0.5 * uCanvas;
    vec3 ray = normalize(uForward * uFocal + uRight * offset.x - uUp * offset.y);
    float yaw = atan(ray.x, ray.z);
    float pitch = atan(ray.y, length(ray.xz));
    p = vec2(yaw * uPxPerRad.x + 0.5 * size.x, uHorizon - pitch * uPxPerRad.y);
    right = dFdx(p);
    down = -dFdy(p);
    right.x -= size.x * round(right.x / size.x);
    down.x -= size.x * round(down.x / size.x);
    float angle = max(length(dFdx(ray)), length(dFdy(ray)));
    lod = log2(angle * min(uPxPerRad.x, uPxPerRad.y));
  } else {
    p = uOrigin + canvas / uScale;
    right = vec2(1.0 / uScale, 0.0);
    down = vec2(0.0, 1.0 / uScale);
    lod = -log2(uScale);
  }
  if (uCyclic) p.x -= size.x * floor(p.x / size.x);
  outColor = vec4(uBackground, 1.0);
  if (p.x < 0.0 || p.y < 0.0 || p.x > size.x || p.y >= size.y || (!uCyclic && p.x >= size.x)) return;
  ivec2 pixel = wrapped(ivec2(p));

  vec3 color = uBackground;
  if (${opacity('image')} > 0.0) color = mix(color, imageAt(p, lod), ${opacity('image')});
  if (${opacity('semantics')} > 0.0) {
    color = over(color, indexAt(uSemantics, pixel), ${PALETTE_ROWS.classes}, ${opacity('semantics')});
  }
  if (${opacity('label')} > 0.0) {
    color = over(color, indexAt(uLabel, pixel), ${PALETTE_ROWS.classes}, ${opacity('label')});
  }
  if (${opacity('confidence')} > 0.0) {
    color = over(color, indexAt(uConfidence, pixel), ${PALETTE_ROWS.confidence}, ${opacity('confidence')});
  }
  if (${opacity('provenance')} > 0.0) {
    color = over(color, indexAt(uProvenance, pixel), ${PALETTE_ROWS.provenance}, ${opacity('provenance')});
  }
  if (${opacity('masks')} > 0.0 || uHighlight != 0u) {
    uint id = indexAt(uMasks, pixel);
    uint east = indexAt(uMasks, displaced(p, right * uOutlinePx));
    uint west = indexAt(uMasks, displaced(p, -right * uOutlinePx));
    uint south = indexAt(uMasks, displaced(p, down * uOutlinePx));
    uint north = indexAt(uMasks, displaced(p, -down * uOutlinePx));
    bool edge = east != id || west != id || south != id || north != id;
    if (id != 0u) color = mix(color, maskColor(id) * (edge ? 0.45 : 1.0), ${opacity('masks')} * (edge ? 1.0 : 0.7));
    if (uHighlight != 0u && edge
      && (id == uHighlight || east == uHighlight || west == uHighlight || south == uHighlight || north == uHighlight)) {
      color = vec3(1.0);
    }
  }
  if (${opacity('boundary')} > 0.0) {
    // a line one panorama pixel wide must not vanish where one screen pixel covers several of them
    int n = clamp(int(ceil(exp2(lod))), 1, 4);
    uint line = 0u;
    for (int i = 0; i < n; i++) {
      for (int j = 0; j < n; j++) {
        vec2 part = (vec2(i, j) + 0.5) / float(n) - 0.5;
        line = max(line, indexAt(uBoundary, displaced(p, right * part.x + down * part.y)));
      }
    }
    color = over(color, line, ${PALETTE_ROWS.boundary}, ${opacity('boundary')});
  }
  if (pixel == uCursor && !uSphere) {
    // a frame around the pixel under the cursor, once pixels are large enough to aim at
    vec2 inPixel = fract(p);
    vec2 toEdge = min(inPixel, 1.0 - inPixel) * uScale;
    if (min(toEdge.x, toEdge.y) < 1.0) color = dot(color, vec3(0.299, 0.587, 0.114)) > 0.5 ? vec3(0.0) : vec3(1.0);
  }
  outColor = vec4(color, 1.0);
}
`
