// The other half of pack.py: base64 + gzip back to text, columns of whole numbers, and shapes.

/** @typedef {[number, number]} Column where a column's bytes begin, and how many numbers it has */
/** @typedef {{dimension: Column, paths: Column, size: Column, x: Column, y: Column}} PackedShapes */
/** @typedef {[number, number]} Position latitude, longitude */
/** @typedef {{dimension: number, paths: Position[][], holes: boolean[]}} Shape */

const DEGREE = 1e-6;

/** @param {string} id of an inert script element @returns {Promise<Uint8Array>} */
async function unpackBytes(id) {
  const coded = atob(/** @type {HTMLElement} */ (document.getElementById(id)).textContent ?? "");
  const bytes = new Uint8Array(coded.length);
  for (let i = 0; i < coded.length; i++) bytes[i] = coded.charCodeAt(i);
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

/**
 * One column: four planes of bytes hold, for each number, its difference from the one before with the sign in the lowest bit.
 * @param {Uint8Array} bytes @param {Column} where @returns {Int32Array}
 */
function unpackColumn(bytes, [start, count]) {
  const out = new Int32Array(count);
  const [one, two, three] = [start + count, start + 2 * count, start + 3 * count];
  let value = 0;
  for (let i = 0; i < count; i++) {
    const folded = bytes[start + i] | (bytes[one + i] << 8) | (bytes[two + i] << 16) | (bytes[three + i] << 24);
    value += (folded >>> 1) ^ -(folded & 1);
    out[i] = value;
  }
  return out;
}

/** @param {Uint8Array} bytes @param {{x: Column, y: Column}} points @returns {Position[]} */
function unpackPoints(bytes, points) {
  const x = unpackColumn(bytes, points.x);
  const y = unpackColumn(bytes, points.y);
  return Array.from(x, (value, i) => [y[i] * DEGREE, value * DEGREE]);
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
