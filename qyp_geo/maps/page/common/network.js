// The walking network that the page carries: unpacking it, the street position nearest to a place, and the bounded search for
// least walks. Lengths are whole millimetres and apart from what is drawn: the drawing may be rounded, walks are exact.

/**
 * @typedef {object} Network
 * @property {Int32Array} u the nodes at the ends of each edge
 * @property {Int32Array} v
 * @property {Int32Array} length
 * @property {Int32Array} [side] 1 for the left kerb of a two-sided street, -1 for the right, 0 for all other edges
 * @property {Int32Array} [half] from the centre line, where kerbs are drawn, to the kerb
 * @property {Int32Array} lead the first of the edges that are drawn as one line: itself, or for a right kerb the left one
 * @property {Int32Array} begin where the drawn vertices of each edge begin and end; none of an edge that is not drawn
 * @property {Int32Array} end
 * @property {Int32Array} x vertices, in units of a degree
 * @property {Int32Array} y
 * @property {number} units of a degree
 * @property {number} east millimetres of one unit
 * @property {number} north
 * @property {Int32Array} first where the edges of each node begin in `meeting`
 * @property {Int32Array} meeting
 * @property {Scratch} scratch
 * @property {SegmentGrid} grid
 */
/**
 * What searches write, kept from one to the next: an entry of `far` and `by` counts where `seen` has the stamp of the search.
 * @typedef {object} Scratch
 * @property {number} stamp
 * @property {Int32Array} seen
 * @property {Int32Array} far
 * @property {Int32Array} by the edge that a node was reached along, or, at the ends of a start's own edge, -1 less twice the
 *   start's place, and one less at its second end
 * @property {Int32Array} nodes those that were reached
 * @property {Int32Array} bucket where a node waits, -1 if it does not
 * @property {Int32Array} before the nodes that wait in one bucket, as a chain
 * @property {Int32Array} after
 * @property {Int32Array} chain the first node of each bucket
 * @property {Int32Array} drawn stamps of edges
 */
/**
 * Which segments lie near: those of each cell, by their first vertex.
 * @typedef {{west: number, south: number, side: number, columns: number, rows: number, first: Int32Array, segment: Int32Array,
 *   edge: Int32Array, widest: number}} SegmentGrid
 */
/**
 * Things (owners) and where they stand on the network, by owner.
 * @typedef {object} Accesses
 * @property {number} owners
 * @property {Int32Array} first where the accesses of each owner begin
 * @property {Int32Array} owner
 * @property {Int32Array} edge
 * @property {Int32Array} along from `u` of the edge
 * @property {Int32Array} off walked before the edge is reached
 * @property {Int32Array} [inside] of it, within a gated estate
 * @property {(Position | undefined)[]} [from] where the leg to the street begins
 */
/** @typedef {{edge: number, along: number, off: number, from?: Position}} Start where a walk begins; `off` is walked before */
/** @typedef {Start & {at: Position, from: Position}} Snapped `at` the street */
/** @typedef {{starts: Start[], within: number, stamp: number, count: number}} Reached what a search found; good until the next */

/** Buckets of the search are 2^12 mm wide. */
const BUCKET = 12;
const FARTHEST = 2 ** 31 - 1;
/** The farthest that a place may be from its street, as in the analysis. */
const SNAP_REACH = 200_000;

/** @param {Uint8Array} bytes @param {any} packed @returns {Network} */
function unpackNetwork(bytes, packed) {
  /** @type {Record<string, Int32Array>} */
  const column = {};
  for (const name of Object.keys(packed)) if (name !== "decimals") column[name] = unpackColumn(bytes, packed[name]);
  const { u, v, length, side, half } = column;
  return makeNetwork({ u, v, length, side, half, units: 10 ** packed.decimals, ...drawnEdges(column) });
}

/** The vertices of all edges, from those of the nodes and those between. @param {Record<string, Int32Array>} column */
function drawnEdges({ u, v, inner, nodeX, nodeY, x: innerX, y: innerY }) {
  let size = 0;
  for (const count of inner) if (count >= 0) size += count + 2;
  const [x, y] = [new Int32Array(size), new Int32Array(size)];
  const [lead, begin, end] = [new Int32Array(u.length), new Int32Array(u.length), new Int32Array(u.length)];
  let [vertex, between] = [0, 0];
  for (let edge = 0; edge < u.length; edge++) {
    const asBefore = inner[edge] === -2;
    lead[edge] = asBefore ? lead[edge - 1] : edge;
    begin[edge] = asBefore ? begin[edge - 1] : vertex;
    if (inner[edge] >= 0) {
      x[vertex] = nodeX[u[edge]];
      y[vertex++] = nodeY[u[edge]];
      for (const last = between + inner[edge]; between < last; between++) {
        x[vertex] = innerX[between];
        y[vertex++] = innerY[between];
      }
      x[vertex] = nodeX[v[edge]];
      y[vertex++] = nodeY[v[edge]];
    }
    end[edge] = asBefore ? end[edge - 1] : vertex;
  }
  return { lead, begin, end, x, y };
}

/**
 * Join edges into a network that can be searched.
 * @param {Omit<Network, "east" | "north" | "first" | "meeting" | "scratch" | "grid">} edges @returns {Network}
 */
function makeNetwork(edges) {
  const { u, v, y, units } = edges;
  const { low, high } = extentOf(y);
  const degree = degreeAt((low + high) / 2 / units);
  const nodes = u.length ? Math.max(extentOf(u).high, extentOf(v).high) + 1 : 0;
  const first = new Int32Array(nodes + 1);
  for (let edge = 0; edge < u.length; edge++) {
    first[u[edge] + 1]++;
    first[v[edge] + 1]++;
  }
  for (let node = 0; node < nodes; node++) first[node + 1] += first[node];
  const meeting = new Int32Array(2 * u.length);
  const next = first.slice();
  for (let edge = 0; edge < u.length; edge++) {
    meeting[next[u[edge]]++] = edge;
    meeting[next[v[edge]]++] = edge;
  }
  const scratch = {
    stamp: 0,
    seen: new Int32Array(nodes),
    far: new Int32Array(nodes),
    by: new Int32Array(nodes),
    nodes: new Int32Array(nodes),
    bucket: new Int32Array(nodes).fill(-1),
    before: new Int32Array(nodes),
    after: new Int32Array(nodes),
    chain: new Int32Array(0),
    drawn: new Int32Array(u.length),
  };
  const net = { ...edges, east: degree.east / units, north: degree.north / units, first, meeting, scratch };
  return { ...net, grid: gridOf(net) };
}

/** The least and the greatest of some numbers; 0 of none. @param {Int32Array} values */
function extentOf(values) {
  let [low, high] = [values[0] ?? 0, values[0] ?? 0];
  for (let i = 1; i < values.length; i++) {
    if (values[i] < low) low = values[i];
    else if (values[i] > high) high = values[i];
  }
  return { low, high };
}

/** The millimetres of a degree of WGS 84: its series in the latitude, to less than 1 in 100,000. @param {number} latitude */
function degreeAt(latitude) {
  const turn = (latitude * Math.PI) / 180;
  return {
    east: 111_412_840 * Math.cos(turn) - 93_500 * Math.cos(3 * turn) + 118 * Math.cos(5 * turn),
    north: 111_132_954 - 559_822 * Math.cos(2 * turn) + 1175 * Math.cos(4 * turn),
  };
}

/** @param {Uint8Array} bytes @param {any} packed @returns {Accesses} */
function unpackAccesses(bytes, packed) {
  /** @type {any} */
  const accesses = { owners: packed.owners, first: new Int32Array(packed.owners + 1) };
  for (const name of ["owner", "edge", "along", "off", "inside"]) {
    if (packed[name]) accesses[name] = unpackColumn(bytes, packed[name]);
  }
  if (packed.from) {
    // One that is not known, or not to be shown, is packed as (0, 0).
    accesses.from = unpackPoints(bytes, packed.from).map((at) => (at[0] || at[1] ? at : undefined));
  }
  for (const owner of accesses.owner) accesses.first[owner + 1]++;
  for (let owner = 0; owner < packed.owners; owner++) accesses.first[owner + 1] += accesses.first[owner];
  return accesses;
}

/** The accesses of one owner, as starts of a search. @param {Accesses} accesses @param {number} owner @returns {Start[]} */
function accessesOf({ first, edge, along, off, from }, owner) {
  const starts = [];
  for (let i = first[owner]; i < first[owner + 1]; i++)
    starts.push({ edge: edge[i], along: along[i], off: off[i], from: from?.[i] });
  return starts;
}

/** The same accesses, walks counted from the gate of a gated estate. @param {Accesses} accesses @returns {Accesses} */
function fromGates(accesses) {
  const { off, inside } = accesses;
  return inside ? { ...accesses, off: off.map((millimetres, i) => millimetres - inside[i]) } : accesses;
}

/** @param {Omit<Network, "grid">} net @returns {SegmentGrid} */
function gridOf(net) {
  const { x, y, begin, end, lead, east, north } = net;
  const { low: west, high: right } = extentOf(x);
  const { low: south, high: top } = extentOf(y);
  const [width, height] = [(right - west) * east, (top - south) * north];
  // A few segments to a cell.
  const side = Math.max(2 * Math.sqrt((width * height) / (x.length || 1)), Math.max(width, height) / 1000, 20_000);
  const [columns, rows] = [Math.floor(width / side) + 1, Math.floor(height / side) + 1];
  const columnOf = x.map((one) => ((one - west) * east) / side);
  const rowOf = y.map((one) => ((one - south) * north) / side);
  const eachCell = (/** @type {(cell: number, vertex: number, edge: number) => void} */ visit) => {
    for (let edge = 0; edge < lead.length; edge++) {
      if (lead[edge] !== edge) continue;
      for (let i = begin[edge]; i < end[edge] - 1; i++) {
        const lastColumn = Math.max(columnOf[i], columnOf[i + 1]);
        const lastRow = Math.max(rowOf[i], rowOf[i + 1]);
        for (let row = Math.min(rowOf[i], rowOf[i + 1]); row <= lastRow; row++) {
          for (let column = Math.min(columnOf[i], columnOf[i + 1]); column <= lastColumn; column++)
            visit(row * columns + column, i, edge);
        }
      }
    }
  };
  const first = new Int32Array(columns * rows + 1);
  eachCell((cell) => first[cell + 1]++);
  for (let cell = 0; cell < columns * rows; cell++) first[cell + 1] += first[cell];
  const segment = new Int32Array(first[columns * rows]);
  const edgeOf = new Int32Array(x.length);
  const next = first.slice();
  eachCell((cell, vertex, edge) => {
    segment[next[cell]++] = vertex;
    edgeOf[vertex] = edge;
  });
  const widest = net.half ? extentOf(net.half).high : 0;
  return { west, south, side, columns, rows, first, segment, edge: edgeOf, widest };
}

/**
 * The street position nearest to a place: of a two-sided street on the kerb at that side, to which the leg is half the width
 * shorter. Null where no street is near enough.
 * @param {Network} net @param {Position} place @param {number} [within] @returns {Snapped | null}
 */
function snapTo(net, place, within = SNAP_REACH) {
  const { grid, x, y, east, north, half, units } = net;
  const [placeX, placeY] = [place[1] * units, place[0] * units];
  const column = Math.floor(((placeX - grid.west) * east) / grid.side);
  const row = Math.floor(((placeY - grid.south) * north) / grid.side);
  let [best, bestOff, bestFar, bestShare] = [-1, within, Infinity, 0];
  const look = (/** @type {number} */ cell) => {
    for (let i = grid.first[cell]; i < grid.first[cell + 1]; i++) {
      const vertex = grid.segment[i];
      const [dx, dy] = [(x[vertex + 1] - x[vertex]) * east, (y[vertex + 1] - y[vertex]) * north];
      const [px, py] = [(placeX - x[vertex]) * east, (placeY - y[vertex]) * north];
      const share = Math.min(Math.max((px * dx + py * dy) / (dx * dx + dy * dy || 1), 0), 1);
      const far = Math.hypot(px - share * dx, py - share * dy);
      const off = Math.max(far - (half?.[grid.edge[vertex]] ?? 0), 0);
      if (off > bestOff || (off === bestOff && (far > bestFar || (far === bestFar && vertex > best)))) continue;
      [best, bestOff, bestFar, bestShare] = [vertex, off, far, share];
    }
  };
  // Ring by ring; what lies beyond a ring is farther off than its distance.
  for (let ring = 0; (ring - 1) * grid.side <= bestOff + grid.widest; ring++) {
    for (let r = Math.max(row - ring, 0); r <= Math.min(row + ring, grid.rows - 1); r++) {
      const step = Math.abs(r - row) === ring ? 1 : 2 * ring;
      for (let c = column - ring; c <= column + ring; c += step)
        if (c >= 0 && c < grid.columns) look(r * grid.columns + c);
    }
  }
  if (best < 0) return null;
  const lead = grid.edge[best];
  const hasTwin = net.lead[lead + 1] === lead;
  const edge = hasTwin && sideOf(net, lead, best, bestShare, placeX, placeY) < 0 ? lead + 1 : lead;
  /** @type {Position} */
  const at = [
    (y[best] + bestShare * (y[best + 1] - y[best])) / units,
    (x[best] + bestShare * (x[best + 1] - x[best])) / units,
  ];
  const along = Math.round(shareAlong(net, lead, best, bestShare) * net.length[edge]);
  return { edge, along, off: Math.round(bestOff), at, from: place };
}

/** How far along an edge, as a share of what is drawn, a place on one of its segments is. @param {Network} net @param {number} edge @param {number} vertex @param {number} share */
function shareAlong({ x, y, begin, end, east, north }, edge, vertex, share) {
  let [before, whole] = [0, 0];
  for (let i = begin[edge]; i < end[edge] - 1; i++) {
    const long = Math.hypot((x[i + 1] - x[i]) * east, (y[i + 1] - y[i]) * north);
    if (i < vertex) before += long;
    if (i === vertex) before += share * long;
    whole += long;
  }
  return before / (whole || 1);
}

/** On which side of an edge a place is, seen from its nearest point: above 0 left. At a bend the mean of both arms decides. @param {Network} net @param {number} edge @param {number} vertex @param {number} share @param {number} placeX @param {number} placeY */
function sideOf({ x, y, begin, end, east, north }, edge, vertex, share, placeX, placeY) {
  const corner = vertex + Math.round(share);
  const atBend = (share === 0 || share === 1) && corner > begin[edge] && corner < end[edge] - 1;
  let [wayX, wayY] = [0, 0];
  for (const i of atBend ? [corner - 1, corner] : [vertex]) {
    const [dx, dy] = [(x[i + 1] - x[i]) * east, (y[i + 1] - y[i]) * north];
    const long = Math.hypot(dx, dy) || 1;
    [wayX, wayY] = [wayX + dx / long, wayY + dy / long];
  }
  return wayX * (placeY - y[corner]) * north - wayY * (placeX - x[corner]) * east;
}

/**
 * The least walks from some starts to all nodes within a bound, inclusive. Nodes wait in buckets by the walk so far; those of
 * one bucket are taken in any order, and again where a lesser walk is found, so that in the end none is longer than need be.
 * @param {Network} net @param {Start[]} starts @param {number} within @returns {Reached}
 */
function searchFrom(net, starts, within) {
  const { u, v, length, first, meeting, scratch } = net;
  const { seen, far, by, nodes, bucket, before, after } = scratch;
  const bound = Math.min(within, FARTHEST);
  const stamp = ++scratch.stamp;
  if (scratch.chain.length <= bound >> BUCKET) scratch.chain = new Int32Array((bound >> BUCKET) + 1).fill(-1);
  const { chain } = scratch;
  let [count, waiting] = [0, 0];

  const leave = (/** @type {number} */ node) => {
    if (before[node] < 0) chain[bucket[node]] = after[node];
    else after[before[node]] = after[node];
    if (after[node] >= 0) before[after[node]] = before[node];
    bucket[node] = -1;
    waiting--;
  };
  const reach = (/** @type {number} */ node, /** @type {number} */ walk, /** @type {number} */ how) => {
    if (walk > bound) return;
    if (seen[node] !== stamp) {
      seen[node] = stamp;
      nodes[count++] = node;
    } else {
      if (walk >= far[node]) return;
      if (bucket[node] >= 0) leave(node);
    }
    far[node] = walk;
    by[node] = how;
    const place = walk >> BUCKET;
    bucket[node] = place;
    before[node] = -1;
    after[node] = chain[place];
    if (chain[place] >= 0) before[chain[place]] = node;
    chain[place] = node;
    waiting++;
  };

  starts.forEach(({ edge, along, off }, place) => {
    reach(u[edge], off + along, -1 - 2 * place);
    reach(v[edge], off + length[edge] - along, -2 - 2 * place);
  });
  for (let place = 0; waiting; place++) {
    for (let node = chain[place]; node >= 0; node = chain[place]) {
      leave(node);
      for (let i = first[node]; i < first[node + 1]; i++) {
        const edge = meeting[i];
        reach(u[edge] ^ v[edge] ^ node, far[node] + length[edge], edge);
      }
    }
  }
  return { starts, within: bound, stamp, count };
}
