// The live circle: where one gets from a start along the streets, and the nearest facility of each kind.

/** @typedef {{at: Position, place: number, confirmed: boolean, accuracy: number}} Outset `place` is the row of `places`, or -1 */
/**
 * @typedef {object} Walks
 * @property {Snapped} snap where on a street the walk begins, `off` mm away
 * @property {Reached} reached
 * @property {Int32Array} mm the walk to each facility in millimetres, -1 beyond the search
 * @property {number[]} nearest the facility of each need, -1 for none
 */

const CIRCLE_MINUTES = [5, 10, 15];
/** From the nearest out. Dark blue, teal and amber differ in lightness too, and lines grow thinner outwards. */
const CIRCLE_LOOKS = [
  { colour: "#173a8f", weight: 6 },
  { colour: "#0f918d", weight: 4.5 },
  { colour: "#e39a0b", weight: 3.2 },
];
/** How far facilities are searched, in millimetres: three times the longest circle. */
const SEARCHED_MM = 3_000_000;
/** Walk from a position to everything; null where no street is near. @param {Page} page @param {Position} at @returns {Walks | null} */
function walksFrom(page, at) {
  const snap = snapTo(page.network, at);
  if (!snap) return null;
  const reached = searchFrom(page.network, [snap], SEARCHED_MM);
  const { mm } = nearestOf(page.network, reached, page.facilityAccess);
  const nearest = page.needs.serves.map((rows) => {
    let [least, found] = [Infinity, -1];
    for (const row of rows) if (mm[row] >= 0 && mm[row] < least) [least, found] = [mm[row], row];
    return found;
  });
  return { snap, reached, mm, nearest };
}

/** The walk to the nearest facility of a need in millimetres, -1 for none. @param {Walks} walks @param {number} need */
function walkOf(walks, need) {
  const facility = walks.nearest[need];
  return facility < 0 ? -1 : walks.mm[facility];
}

/** The limit of a need with its sign. @param {Page} page @param {number} need */
function signedLimit({ needs }, need) {
  return `${needs.strict?.[need] === true ? "<" : "≤"} ${number(needs.limit_m[need])} m`;
}

/** By metres alone, whatever the speed. @param {Page} page @param {Walks} walks @param {number} need @returns {"near" | "far" | "unknown"} */
function answerOf(page, walks, need) {
  if (!page.needData[need]) return "unknown";
  const [mm, limit] = [walkOf(walks, need), page.needs.limit_m[need]];
  if (mm >= 0 && mm <= limit * 1000 - Number(page.needs.strict?.[need] === true)) return "near";
  // One whose entrance is not known may be nearer.
  const unsure = page.needs.unsure[need].some(
    (row) => page.map.distance(page.facilities.at[row], walks.snap.from) <= limit,
  );
  return unsure ? "unknown" : "far";
}

/** Metres rounded up, so that a figure never says less than the walk. @param {number} mm */
function metresOf(mm) {
  return Math.ceil(mm / 1000);
}

/** @param {Page} page @param {number} mm */
function minutesOf(page, mm) {
  return Math.ceil((mm * 60) / (speedOf(page).kmh * 1e6) - 1e-9);
}

/** @param {Page} page @returns {Speed} */
function speedOf(page) {
  return page.speeds.find(({ id }) => id === page.speed) ?? page.speeds[0];
}

/** How far one walks in each circle's minutes, in millimetres. @param {Page} page */
function circleLimits(page) {
  return CIRCLE_MINUTES.map((minutes) => Math.round((speedOf(page).kmh * 1e6 * minutes) / 60));
}

/** Draw the streets that are reached: a soft band below, a line above. @param {Page} page */
function drawCircle(page) {
  page.circle.clearLayers();
  const { walks } = page;
  if (!walks) return;
  const pieces = reachedPieces(page.network, walks.reached, circleLimits(page));
  const renderer = page.canvases.circle;
  const scale = Math.min(Math.max(1.3 ** (page.map.getZoom() - 15), 0.5), 2.2);
  const line = (/** @type {number} */ i, /** @type {L.PolylineOptions} */ look) =>
    page.circle.addLayer(L.polyline(pieces[i], { renderer, interactive: false, ...look }));
  const outwards = CIRCLE_LOOKS.map((look, i) => ({ ...look, i })).reverse();
  for (const { colour, i } of outwards) line(i, { color: colour, weight: 26 * scale, opacity: 0.13 });
  for (const { weight, i } of outwards) line(i, { color: "#ffffff", weight: weight * scale + 2.5, opacity: 0.9 });
  for (const { colour, weight, i } of outwards) line(i, { color: colour, weight: weight * scale, opacity: 1 });
  const { at } = /** @type {Outset} */ (page.start);
  page.circle.addLayer(
    L.polyline([at, walks.snap.at], { renderer, interactive: false, color: INK, weight: 2.5, dashArray: "1 5" }),
  );
}

/** Draw the way to the nearest facility of the need that is chosen. @param {Page} page */
function drawWay(page) {
  page.way.clearLayers();
  const { walks, start, facility } = page;
  const target = page.need >= 0 && walks ? walks.nearest[page.need] : facility;
  const way = walks && start && target >= 0 ? wayTo(page.network, walks.reached, page.facilityAccess, target) : null;
  if (!way || !start) return;
  const goal = page.facilities.at[target];
  const legs = [
    [start.at, way.street[0] ?? way.ends],
    [way.street[way.street.length - 1] ?? start.at, way.ends, goal],
  ];
  for (const [color, weight] of /** @type {[string, number][]} */ ([
    [INK, 8],
    ["#ffdd33", 4.5],
  ])) {
    const options = { renderer: page.canvases.circle, interactive: false, color, weight, opacity: 1 };
    page.way.addLayer(L.polyline(way.street, options));
    for (const leg of legs) page.way.addLayer(L.polyline(leg, { ...options, weight: weight / 1.8, dashArray: "1 7" }));
  }
}

/** What the circle takes up, to fit the map to. @param {Page} page */
function circleBounds(page) {
  const bounds = L.latLngBounds([]);
  if (page.start) bounds.extend(page.start.at);
  page.circle.eachLayer((layer) => {
    if (layer instanceof L.Polyline) bounds.extend(layer.getBounds());
  });
  return bounds;
}
