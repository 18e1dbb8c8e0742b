// The ways from a building to the nearest facilities as the analysis has them.

/** @typedef {{network: Network, homes: Accesses, facilities: Accesses}} Ways */

/** What a way may differ from the figure, which is rounded up to metres. */
const WAY_TOLERANCE = 2000;

/** @param {Uint8Array} bytes @param {any} packed @returns {Ways} */
function unpackWays(bytes, { network, homes, facilities }) {
  return {
    network: unpackNetwork(bytes, network),
    homes: unpackAccesses(bytes, homes),
    facilities: unpackAccesses(bytes, facilities),
  };
}

/**
 * The ways from a building to the nearest facilities of some requirements, as the analysis has them: one whose length is not
 * the figure's is not drawn. Where the figure is less than any way along the streets, within one estate, a straight line is.
 * @param {Page} page @param {Target} home @param {number[]} requirements @returns {Way[]}
 */
function waysFrom(page, { overlay, row }, requirements) {
  const { ways, walk, nearest, facilities } = coverageOf(page);
  const asked = requirements.filter((r) => nearest[r][row] >= 0 && walk[r][row] >= 0);
  if (!ways || !asked.length) return [];
  const figures = asked.map((r) => walk[r][row] * 1000);
  const reached = searchFrom(ways.network, accessesOf(ways.homes, row), Math.max(...figures) + WAY_TOLERANCE);
  return asked.flatMap((r, i) => {
    const facility = nearest[r][row];
    const way = wayTo(ways.network, reached, ways.facilities, Number(facilities.owner[facility]));
    const excess = (way?.millimetres ?? Infinity) - figures[i];
    if (way && Math.abs(excess) <= WAY_TOLERANCE) return [way];
    const target = nearestTarget(page, facility);
    if (excess < 0 || !target || !textOf(overlay, "estate", row)) return [];
    const { lat, lng } = positionOf(target.overlay, target.row);
    return [{ millimetres: figures[i], street: [], begins: [lat, lng], ends: [lat, lng] }];
  });
}
