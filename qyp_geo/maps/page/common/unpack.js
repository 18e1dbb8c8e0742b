// The other half of pack.py: base64 + gzip back to text, columns of whole numbers, and shapes.

/** @typedef {[number, number, number]} Column where a column's bytes begin, how many numbers it has, and how many planes of bytes */
/** @typedef {{decimals: number, x: Column, y: Column}} PackedPoints whole numbers of the last of so many decimals of a degree */
/** @typedef {PackedPoints & {dimension: Column, paths: Column, size: Column}} PackedShapes */
/** @typedef {[number, number]} Position latitude, longitude */
/** @typedef {{dimension: number, paths: Position[][], holes: boolean[]}} Shape */

/** @param {string} id of an inert script element @returns {Promise<Uint8Array>} */
async function unpackBytes(id) {
  const coded = atob(/** @type {HTMLElement} */ (document.getElementById(id)).textContent ?? "");
  const bytes = new Uint8Array(coded.length);
  for (let i = 0; i < coded.length; i++) bytes[i] = coded.charCodeAt(i);
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

/**
 * One column: planes of bytes, the lowest first, hold for each number its difference from the one before with the sign in the
 * lowest bit; planes that would be all zero are left out.
 * @param {Uint8Array} bytes @param {Column} where @returns {Int32Array}
 */
function unpackColumn(bytes, [start, count, planes]) {
  const out = new Int32Array(count);
  for (let plane = 0; plane < planes; plane++) {
    const first = start + plane * count;
    for (let i = 0; i < count; i++) out[i] |= bytes[first + i] << (8 * plane);
  }
  let value = 0;
  for (let i = 0; i < count; i++) {
    value += (out[i] >>> 1) ^ -(out[i] & 1);
    out[i] = value;
  }
  return out;
}

/** @param {Uint8Array} bytes @param {PackedPoints} points @returns {Position[]} */
function unpackPoints(bytes, points) {
  const x = unpackColumn(bytes, points.x);
  const y = unpackColumn(bytes, points.y);
  const degree = 10 ** points.decimals;
  return Array.from(x, (value, i) => [y[i] / degree, value / degree]);
}

/** @param {Uint8Array} bytes @param {PackedShapes} packed @returns {Shape[]} */
function unpackShapes(bytes, packed) {
  const positions = unpackPoints(bytes, packed);
  const sizes = unpackColumn(bytes, packed.size);
  const counts = unpackColumn(bytes, packed.paths);
  let path = 0;
  let vertex = 0;
  return Array.from(unpackColumn(bytes, packed.dimension), (dimension, i) => {
    /** @type {Shape} */
    const shape = { dimension, paths: [], holes: [] };
    for (const last = path + counts[i]; path < last; path++) {
      const size = Math.abs(sizes[path]);
      shape.paths.push(positions.slice(vertex, vertex + size));
      shape.holes.push(sizes[path] < 0);
      vertex += size;
    }
    return shape;
  });
}

/** The rings of a polygonal shape as Leaflet takes them: polygons of rings, the outer one first. @param {Shape} shape */
function polygonsOf(shape) {
  /** @type {Position[][][]} */
  const polygons = [];
  shape.paths.forEach((ring, i) => {
    if (shape.holes[i]) polygons[polygons.length - 1].push(ring);
    else polygons.push([ring]);
  });
  return polygons;
}
