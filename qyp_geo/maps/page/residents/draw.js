// What lies on the base map: homes by class, facilities as signs, the pin of the start.

/** Homes of one need. @type {ResidentClass[]} */
const NEED_CLASSES = [
  { colour: "#2b7bba", label: () => word("near") },
  { colour: "#fdae61", outline: BEYOND_EDGE, weight: 0.8, label: () => word("far") },
  { ...NO_DATA, label: () => word("unknown") },
];
/** @type {ResidentClass} */
const PLAIN_HOME = { colour: "#d5cec2", label: () => word("homesHead") };
/** What homes may be coloured by, beside the rows of `needs`. */
const BY_ALL = -1;
const BY_NOTHING = -2;
/** What a pointer and a finger may miss a sign by, in pixels. */
const SIGN_REACH = 14;
const FINGER_REACH = 22;

/** Classes of the colouring that is chosen. @param {Page} page @returns {ResidentClass[]} */
function homeClasses(page) {
  if (page.colourBy === BY_NOTHING) return [PLAIN_HOME];
  return page.colourBy === BY_ALL ? [...SHARE_CLASSES, NO_DATA] : NEED_CLASSES;
}

/** Colour the homes; beside a circle they step back. @param {Page} page */
function paintHomes(page) {
  const asked = `${page.colourBy} ${page.walks !== null}`;
  // Tens of thousands are not painted again for every step of the pin.
  if (asked === page.painted) return;
  page.painted = asked;
  const classes = homeClasses(page);
  const looks = [...classes, PLAIN_HOME].map((look) => (page.walks ? fadedLook(look) : look));
  const { need, share } = page.homes;
  const given = page.colourBy >= 0 ? need[page.colourBy] : share;
  const last = classes.length;
  page.homesLayer.setClasses(
    Uint8Array.from(given, (place) => (page.colourBy === BY_NOTHING || place < 0 ? last : Math.min(place, last))),
    looks,
  );
}

/** The same look, near the colour of the ground. @param {ResidentClass} look @returns {ResidentClass} */
function fadedLook({ colour, outline, ...look }) {
  return { ...look, colour: faded(colour), outline: faded(outline ?? colour) };
}

/** @param {string} colour as #rrggbb */
function faded(colour) {
  const parts = [1, 3, 5].map((i) => parseInt(colour.slice(i, i + 2), 16));
  const ground = [244, 242, 237];
  return `rgb(${parts.map((part, i) => Math.round(part * 0.34 + ground[i] * 0.66)).join(" ")})`;
}

/** @param {Page} page @param {number} row @param {number} radius */
function signAt(page, row, radius) {
  const { layer, layers, at } = page.facilities;
  const [sign, colour] = signOf(page.facilities.kind[row], layers[layer[row]].label);
  const options = { renderer: page.canvases.facilities, interactive: false, sign, colour, existing: true, radius };
  return new SymbolMarker(at[row], options);
}

/** One group of signs per layer. @param {Page} page */
function drawFacilities(page) {
  page.signs = page.facilities.layers.map(() => L.featureGroup());
  page.facilities.at.forEach((_, row) => page.signs[page.facilities.layer[row]].addLayer(signAt(page, row, 6)));
  page.facilities.layers.forEach(({ visible }, i) => visible && page.map.addLayer(page.signs[i]));
  sizeSigns(page);
}

/** Size the signs to the zoom; beside a circle only those it names are large. @param {Page} page */
function sizeSigns(page) {
  const zoom = page.map.getZoom();
  // Far out, signs would hide the homes.
  const full = zoom < 13.5 ? 1.6 : symbolRadius(zoom);
  const radius = page.walks ? Math.min(full, 3.5) : full;
  if (radius === page.signRadius) return;
  page.signRadius = radius;
  for (const group of page.signs)
    group.eachLayer((layer) => {
      if (layer instanceof SymbolMarker) /** @type {L.CircleMarker} */ (layer).setRadius(radius);
    });
}

/** The nearest facility of each need, and what is chosen, as large signs. @param {Page} page */
function drawNearest(page) {
  page.nearest.clearLayers();
  const { walks } = page;
  const rows = walks ? walks.nearest.filter((row, need) => row >= 0 && answerOf(page, walks, need) === "near") : [];
  const chosen = walks && page.need >= 0 ? walks.nearest[page.need] : page.facility;
  for (const row of new Set(rows)) if (row !== chosen) page.nearest.addLayer(signAt(page, row, 10));
  if (chosen < 0) return;
  const options = { renderer: page.canvases.facilities, interactive: false, fill: false, color: INK, weight: 3 };
  page.nearest.addLayer(signAt(page, chosen, 13));
  page.nearest.addLayer(L.circleMarker(page.facilities.at[chosen], { ...options, radius: 16 }));
}

/** The facility whose sign is meant, -1 for none. @param {Page} page @param {L.Point} point in the map's container */
function facilityAt(page, point) {
  const reach = window.matchMedia("(pointer: coarse)").matches ? FINGER_REACH : SIGN_REACH;
  let [least, found] = [reach, -1];
  page.facilities.at.forEach((at, row) => {
    if (!isOnMap(page, row)) return;
    const off = page.map.latLngToContainerPoint(at).distanceTo(point);
    if (off <= least) [least, found] = [off, row];
  });
  return found;
}

/** Whether the sign of a facility is large enough to be meant. @param {Page} page @param {number} row */
function isOnMap(page, row) {
  if (page.walks?.nearest.includes(row)) return true;
  return page.map.hasLayer(page.signs[page.facilities.layer[row]]) && page.map.getZoom() >= 14;
}

/** The pin of the start, which can be dragged and moved by keys. @param {Page} page */
function makePin(page) {
  const icon = L.divIcon({
    className: "pin",
    html: make("span", "pin-head"),
    iconSize: [44, 52],
    iconAnchor: [22, 50],
  });
  const pin = L.marker([0, 0], { icon, draggable: true, autoPan: true, keyboard: true, zIndexOffset: 1000 });
  let waiting = 0;
  pin.on("drag", () => {
    cancelAnimationFrame(waiting);
    waiting = requestAnimationFrame(() => followPin(page));
  });
  pin.on("dragend", () => {
    cancelAnimationFrame(waiting);
    leavePin(page);
  });
  pin.on("add", () => pin.getElement()?.addEventListener("keydown", (event) => nudgePin(page, event)));
  return pin;
}

const NUDGES = new Map([
  ["ArrowUp", [0, -12]],
  ["ArrowDown", [0, 12]],
  ["ArrowLeft", [-12, 0]],
  ["ArrowRight", [12, 0]],
]);

/** @param {Page} page @param {KeyboardEvent} event */
function nudgePin(page, event) {
  const nudge = NUDGES.get(event.key);
  if (!nudge) return;
  event.preventDefault();
  event.stopPropagation();
  const from = page.map.latLngToContainerPoint(page.pin.getLatLng());
  page.pin.setLatLng(page.map.containerPointToLatLng(from.add(/** @type {L.PointTuple} */ (nudge))));
  leavePin(page);
}

/** Redraw the circle while the pin is dragged; the panel waits. @param {Page} page */
function followPin(page) {
  if (!page.start?.confirmed) return;
  const { lat, lng } = page.pin.getLatLng();
  page.start = { ...page.start, at: [lat, lng], place: -1 };
  page.walks = walksFrom(page, page.start.at);
  drawCircle(page);
  drawWay(page);
  drawNearest(page);
}

/** The pin was put somewhere. @param {Page} page */
function leavePin(page) {
  const { lat, lng } = page.pin.getLatLng();
  const start = /** @type {Outset} */ (page.start);
  setStart(page, { ...start, at: [lat, lng], place: -1 }, { fit: false, focus: false });
}
