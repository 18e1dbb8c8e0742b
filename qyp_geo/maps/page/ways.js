// The way from a building to a facility along the streets that it uses: least walks on the network that the page carries.
// Lengths are whole millimetres. The figures told are the analysis's; a way is drawn only where its length is the figure's.

/**
 * @typedef {object} Network
 * @property {Int32Array} u the nodes at the ends of each edge
 * @property {Int32Array} v
 * @property {Int32Array} length
 * @property {Shape[]} shapes an edge without a path leads across a street
 * @property {Int32Array} owner of each access, ascending: the buildings, then the facilities
 * @property {Int32Array} edge
 * @property {Int32Array} along from u
 * @property {Int32Array} off walked before the edge is reached
 * @property {Position[]} [start] where the leg to the street begins
 * @property {Int32Array} first where the edges of each node begin in `meeting`
 * @property {Int32Array} meeting
 */
/** @typedef {{millimetres: number, street: Position[], begins: Position, ends: Position}} Way */

/** What a way may differ from the figure, which is rounded up to metres. */
const WAY_TOLERANCE = 2000;

/** @param {Uint8Array} bytes @param {any} packed @returns {Network} */
function unpackNetwork(bytes, packed) {
  /** @type {any} */
  const net = { shapes: unpackShapes(bytes, packed.shapes) };
  for (const name of ["u", "v", "length", "owner", "edge", "along", "off"])
    net[name] = unpackColumn(bytes, packed[name]);
  if (packed.start) net.start = unpackPoints(bytes, packed.start);
  return joinEdges(net);
}

/** Find the edges that meet at each node. @param {any} net @returns {Network} */
function joinEdges(net) {
  let nodes = 0;
  for (const ends of [net.u, net.v]) for (const node of ends) nodes = Math.max(nodes, node + 1);
  net.first = new Int32Array(nodes + 1);
  for (const ends of [net.u, net.v]) for (const node of ends) net.first[node + 1]++;
  for (let node = 0; node < nodes; node++) net.first[node + 1] += net.first[node];
  net.meeting = new Int32Array(2 * net.u.length);
  const next = net.first.slice();
  for (const ends of [net.u, net.v]) {
    for (let edge = 0; edge < ends.length; edge++) net.meeting[next[ends[edge]]++] = edge;
  }
  return net;
}

/** The accesses of a building or facility. @param {Network} net @param {number} owner @returns {number[]} */
function accessesOf(net, owner) {
  let [low, high] = [0, net.owner.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (net.owner[middle] < owner) low = middle + 1;
    else high = middle;
  }
  const accesses = [];
  for (; net.owner[low] === owner; low++) accesses.push(low);
  return accesses;
}

/** What waits to be looked at, the nearest first: a binary heap. */
class Waiting {
  /** @type {[number, number][]} */
  items = [];

  /** @param {number} far @param {number} node */
  add(far, node) {
    const { items } = this;
    let i = items.length;
    for (let parent; i > 0 && items[(parent = (i - 1) >> 1)][0] > far; i = parent) items[i] = items[parent];
    items[i] = [far, node];
  }

  take() {
    const { items } = this;
    const [top, last] = [items[0], /** @type {[number, number]} */ (items.pop())];
    const size = items.length;
    if (!size) return top;
    let i = 0;
    for (let child; (child = 2 * i + 1) < size; i = child) {
      if (child + 1 < size && items[child + 1][0] < items[child][0]) child++;
      if (items[child][0] >= last[0]) break;
      items[i] = items[child];
    }
    items[i] = last;
    return top;
  }
}

/**
 * The least walks from some accesses to all nodes within a bound. `by` is the edge that each node was reached along, or, of
 * those at the ends of an access's own edge, -1 less twice the access's place, and one less at its second end.
 * @param {Network} net @param {number[]} accesses @param {number} within
 */
function walksFrom(net, accesses, within) {
  const far = new Float64Array(net.first.length - 1).fill(Infinity);
  const by = new Int32Array(far.length);
  const waiting = new Waiting();
  const reach = (/** @type {number} */ node, /** @type {number} */ walk, /** @type {number} */ how) => {
    if (walk >= far[node] || walk > within) return;
    far[node] = walk;
    by[node] = how;
    waiting.add(walk, node);
  };
  accesses.forEach((access, place) => {
    const edge = net.edge[access];
    reach(net.u[edge], net.off[access] + net.along[access], -1 - 2 * place);
    reach(net.v[edge], net.off[access] + net.length[edge] - net.along[access], -2 - 2 * place);
  });
  while (waiting.items.length) {
    const [walk, node] = waiting.take();
    if (walk > far[node]) continue;
    for (let i = net.first[node]; i < net.first[node + 1]; i++) {
      const edge = net.meeting[i];
      reach(net.u[edge] === node ? net.v[edge] : net.u[edge], walk + net.length[edge], edge);
    }
  }
  return { accesses, far, by };
}

/**
 * The least way from where the walks began to a facility, null where none is within their bound.
 * @param {Network} net @param {ReturnType<typeof walksFrom>} walks @param {number} owner @returns {Way | null}
 */
function wayTo(net, walks, owner) {
  let [least, target, origin, enters] = [Infinity, -1, -1, 0];
  for (const access of accessesOf(net, owner)) {
    const [edge, along, off] = [net.edge[access], net.along[access], net.off[access]];
    for (const [node, end] of [
      [net.u[edge], 0],
      [net.v[edge], net.length[edge]],
    ]) {
      const walk = walks.far[node] + Math.abs(along - end) + off;
      if (walk < least) [least, target, origin, enters] = [walk, access, -1, end];
    }
    // Both on one edge: no node lies between.
    for (const other of walks.accesses) {
      const walk = net.off[other] + Math.abs(along - net.along[other]) + off;
      if (net.edge[other] === edge && walk < least)
        [least, target, origin, enters] = [walk, access, other, net.along[other]];
    }
  }
  if (target < 0) return null;
  const pieces = [stretch(net, net.edge[target], enters, net.along[target])];
  if (origin < 0) {
    let node = enters ? net.v[net.edge[target]] : net.u[net.edge[target]];
    for (let edge = walks.by[node]; edge >= 0; edge = walks.by[node]) {
      const forward = net.v[edge] === node;
      pieces.push(forward ? stretch(net, edge, 0, net.length[edge]) : stretch(net, edge, net.length[edge], 0));
      node = forward ? net.u[edge] : net.v[edge];
    }
    const how = -1 - walks.by[node];
    origin = walks.accesses[how >> 1];
    pieces.push(stretch(net, net.edge[origin], net.along[origin], how % 2 ? net.length[net.edge[origin]] : 0));
  }
  const street = pieces.reverse().flat();
  return {
    millimetres: least,
    street,
    begins: net.start?.[origin] ?? street[0],
    ends: net.start?.[target] ?? street[street.length - 1],
  };
}

/**
 * Part of an edge, from one place along it to another, which may lie before it.
 * @param {Network} net @param {number} edge @param {number} from @param {number} to
 */
function stretch(net, edge, from, to) {
  const path = net.shapes[edge].paths[0];
  if (!path) return [];
  const narrow = Math.cos((path[0][0] * Math.PI) / 180);
  const far = [0];
  for (let i = 1; i < path.length; i++)
    far.push(far[i - 1] + Math.hypot(path[i][0] - path[i - 1][0], (path[i][1] - path[i - 1][1]) * narrow));
  const scale = far[far.length - 1] / (net.length[edge] || 1);
  const [low, high] = [Math.min(from, to) * scale, Math.max(from, to) * scale];
  const placeAt = (/** @type {number} */ along) => {
    const beyond = far.findIndex((end) => end >= along);
    const i = Math.max(beyond < 0 ? far.length - 1 : beyond, 1);
    const share = (along - far[i - 1]) / (far[i] - far[i - 1] || 1);
    return /** @type {Position} */ ([0, 1].map((n) => path[i - 1][n] + share * (path[i][n] - path[i - 1][n])));
  };
  const part = [placeAt(low), ...path.filter((_, i) => far[i] > low && far[i] < high), placeAt(high)];
  return from <= to ? part : part.reverse();
}

/**
 * The ways from a building to the nearest facilities of some requirements, as the analysis has them: one whose length is not
 * the figure's is not drawn. Where the figure is less than any way along the streets, within one estate, a straight line is.
 * @param {Page} page @param {Target} home @param {number[]} requirements @returns {Way[]}
 */
function waysFrom(page, { overlay, row }, requirements) {
  const { ways: net, walk, nearest, facilities } = coverageOf(page);
  const asked = requirements.filter((r) => nearest[r][row] >= 0 && walk[r][row] >= 0);
  if (!net || !asked.length) return [];
  const figures = asked.map((r) => walk[r][row] * 1000);
  const walks = walksFrom(net, accessesOf(net, row), Math.max(...figures) + WAY_TOLERANCE);
  return asked.flatMap((r, i) => {
    const facility = nearest[r][row];
    const way = wayTo(net, walks, overlay.ids.length + Number(facilities.owner[facility]));
    const excess = (way?.millimetres ?? Infinity) - figures[i];
    if (way && Math.abs(excess) <= WAY_TOLERANCE) return [way];
    const target = nearestTarget(page, facility);
    if (excess < 0 || !target || !textOf(overlay, "estate", row)) return [];
    const { lat, lng } = positionOf(target.overlay, target.row);
    return [{ millimetres: figures[i], street: [], begins: [lat, lng], ends: [lat, lng] }];
  });
}
