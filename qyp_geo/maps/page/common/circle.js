// What a search tells: walks to any street position, the nearest of things, the streets within reach, the way to something.

/** @typedef {{millimetres: number, street: Position[], begins: Position, ends: Position}} Way */

/**
 * The least walk to a position on an edge; Infinity beyond the bound of the search.
 * @param {Network} net @param {Reached} reached @param {number} edge @param {number} along
 */
function distanceAt(net, { starts, within, stamp }, edge, along) {
  const { seen, far } = net.scratch;
  const [u, v] = [net.u[edge], net.v[edge]];
  let least = Infinity;
  if (seen[u] === stamp) least = far[u] + along;
  if (seen[v] === stamp) least = Math.min(least, far[v] + net.length[edge] - along);
  // Both on one edge: no node lies between.
  for (const start of starts) if (start.edge === edge) least = Math.min(least, start.off + Math.abs(along - start.along));
  return least <= within ? least : Infinity;
}

/**
 * The least walk to each owner of some accesses, -1 beyond the bound of the search.
 * @param {Network} net @param {Reached} reached @param {Accesses} accesses @returns {{mm: Int32Array}}
 */
function nearestOf(net, reached, { owners, owner, edge, along, off }) {
  const mm = new Int32Array(owners).fill(-1);
  for (let i = 0; i < owner.length; i++) {
    const walk = distanceAt(net, reached, edge[i], along[i]) + off[i];
    if (walk <= reached.within && (mm[owner[i]] < 0 || walk < mm[owner[i]])) mm[owner[i]] = walk;
  }
  return { mm };
}

/**
 * The owners within a walk of one place, and their walks: the homes that a new facility serves.
 * @param {Network} net @param {Accesses} homes @param {Start} start @param {number} limit inclusive
 */
function homesWithin(net, homes, start, limit) {
  const { mm } = nearestOf(net, searchFrom(net, [start], limit), homes);
  const rows = Int32Array.from(mm.keys()).filter((row) => mm[row] >= 0);
  return { rows, mm: rows.map((row) => mm[row]) };
}

/**
 * The streets within reach, by limits that ascend: for each the lines within it and not within the one before, cut exactly there.
 * @param {Network} net @param {Reached} reached @param {number[]} limits @returns {Position[][][]}
 */
function reachedPieces(net, reached, limits) {
  const { drawn, far, nodes } = net.scratch;
  const farthest = limits[limits.length - 1];
  const stamp = ++net.scratch.stamp;
  /** @type {Position[][][]} */
  const pieces = limits.map(() => []);
  const cut = (/** @type {number} */ lead) => {
    if (drawn[lead] === stamp || net.end[lead] === net.begin[lead]) return;
    drawn[lead] = stamp;
    /** @type {Stretch[]} */
    let before = [];
    limits.forEach((limit, n) => {
      const within = stretchesWithin(net, reached, lead, limit);
      for (const [from, to] of without(within, before)) pieces[n].push(lineOf(net, lead, from, to));
      before = within;
    });
  };
  for (const { edge } of reached.starts) cut(net.lead[edge]);
  for (let i = 0; i < reached.count; i++) {
    if (far[nodes[i]] > farthest) continue;
    for (let k = net.first[nodes[i]]; k < net.first[nodes[i] + 1]; k++) cut(net.lead[net.meeting[k]]);
  }
  return pieces;
}

/** @typedef {[number, number]} Stretch of an edge, as shares of it */

/** The stretches of a drawn line within a limit, in order and apart. @param {Network} net @param {Reached} reached @param {number} lead @param {number} limit @returns {Stretch[]} */
function stretchesWithin(net, { starts, stamp }, lead, limit) {
  const { seen, far } = net.scratch;
  /** @type {Stretch[]} */
  const stretches = [];
  for (let edge = lead; net.lead[edge] === lead; edge++) {
    const [u, v, whole] = [net.u[edge], net.v[edge], net.length[edge] || 1];
    const left = seen[u] === stamp ? (limit - far[u]) / whole : -1;
    const right = seen[v] === stamp ? (limit - far[v]) / whole : -1;
    if (left >= 1 || right >= 1 || (left >= 0 && right >= 0 && left + right >= 1)) return [[0, 1]];
    if (left >= 0) stretches.push([0, left]);
    if (right >= 0) stretches.push([1 - right, 1]);
    for (const start of starts) {
      if (start.edge !== edge || start.off > limit) continue;
      const [place, reach] = [start.along / whole, (limit - start.off) / whole];
      stretches.push([Math.max(place - reach, 0), Math.min(place + reach, 1)]);
    }
  }
  return stretches.length > 1 ? joined(stretches) : stretches;
}

/** @param {Stretch[]} stretches */
function joined(stretches) {
  stretches.sort((a, b) => a[0] - b[0]);
  /** @type {Stretch[]} */
  const apart = [];
  for (const [from, to] of stretches) {
    const last = apart[apart.length - 1];
    if (last && from <= last[1]) last[1] = Math.max(last[1], to);
    else apart.push([from, to]);
  }
  return apart;
}

/** What some stretches have beside others that lie within them. @param {Stretch[]} stretches @param {Stretch[]} others */
function without(stretches, others) {
  if (!others.length) return stretches;
  /** @type {Stretch[]} */
  const rest = [];
  for (const [from, to] of stretches) {
    let at = from;
    for (const [begins, ends] of others) {
      if (ends < from || begins > to) continue;
      if (begins > at) rest.push([at, begins]);
      at = Math.max(at, ends);
    }
    if (at < to) rest.push([at, to]);
  }
  return rest;
}

/**
 * Part of what is drawn of an edge, from one share of it to another, which may lie before it.
 * @param {Network} net @param {number} edge @param {number} from @param {number} to @returns {Position[]}
 */
function lineOf({ x, y, begin, end, east, north, units }, edge, from, to) {
  const [low, high] = from <= to ? [from, to] : [to, from];
  const [start, stop] = [begin[edge], end[edge] - 1];
  if (stop < start) return [];
  /** @type {Position[]} */
  const line = [];
  if (low === 0 && high === 1) {
    for (let i = start; i <= stop; i++) line.push([y[i] / units, x[i] / units]);
    return from <= to ? line : line.reverse();
  }
  let whole = 0;
  for (let i = start; i < stop; i++) whole += Math.hypot((x[i + 1] - x[i]) * east, (y[i + 1] - y[i]) * north);
  const add = (/** @type {number} */ i, /** @type {number} */ share) => {
    line.push([(y[i] + share * (y[i + 1] - y[i])) / units, (x[i] + share * (x[i + 1] - x[i])) / units]);
  };
  let before = 0;
  for (let i = start; i < stop; i++) {
    const long = Math.hypot((x[i + 1] - x[i]) * east, (y[i + 1] - y[i]) * north) / (whole || 1);
    const [after, isLast] = [before + long, i === stop - 1];
    if (!line.length && (low <= after || isLast)) add(i, Math.min(Math.max((low - before) / (long || 1), 0), 1));
    else if (line.length) add(i, 0);
    if (high <= after || isLast) {
      add(i, Math.min(Math.max((high - before) / (long || 1), 0), 1));
      break;
    }
    before = after;
  }
  return from <= to ? line : line.reverse();
}

/**
 * The least way from where the search began to one owner of some accesses, null where there is none within its bound.
 * @param {Network} net @param {Reached} reached @param {Accesses} accesses @param {number} owner @returns {Way | null}
 */
function wayTo(net, reached, accesses, owner) {
  const { scratch, length } = net;
  let [least, target, origin, enters] = [Infinity, -1, -1, 0];
  for (let i = accesses.first[owner]; i < accesses.first[owner + 1]; i++) {
    const [edge, along, off] = [accesses.edge[i], accesses.along[i], accesses.off[i]];
    for (const [node, end] of [
      [net.u[edge], 0],
      [net.v[edge], length[edge]],
    ]) {
      if (scratch.seen[node] !== reached.stamp) continue;
      const walk = scratch.far[node] + Math.abs(along - end) + off;
      if (walk < least) [least, target, origin, enters] = [walk, i, -1, end];
    }
    reached.starts.forEach((start, place) => {
      const walk = start.off + Math.abs(along - start.along) + off;
      if (start.edge === edge && walk < least) [least, target, origin, enters] = [walk, i, place, start.along];
    });
  }
  if (least > reached.within) return null;
  const part = (/** @type {number} */ edge, /** @type {number} */ from, /** @type {number} */ to) =>
    lineOf(net, edge, from / (length[edge] || 1), to / (length[edge] || 1));
  const last = accesses.edge[target];
  const pieces = [part(last, accesses.along[target], enters)];
  if (origin < 0) {
    let node = enters ? net.v[last] : net.u[last];
    for (let edge = scratch.by[node]; edge >= 0; edge = scratch.by[node]) {
      const forward = net.v[edge] === node;
      pieces.push(forward ? part(edge, length[edge], 0) : part(edge, 0, length[edge]));
      node = net.u[edge] ^ net.v[edge] ^ node;
    }
    const how = -1 - scratch.by[node];
    origin = how >> 1;
    const { edge, along } = reached.starts[origin];
    pieces.push(part(edge, how % 2 ? length[edge] : 0, along));
  }
  const street = pieces.flat().reverse();
  const [home, there] = [reached.starts[origin].from, accesses.from?.[target]];
  return {
    millimetres: least,
    street,
    begins: home ?? street[0] ?? there,
    ends: there ?? street[street.length - 1] ?? home,
  };
}
