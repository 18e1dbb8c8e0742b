// Opens the residents' page: unpacks, draws, wires the controls, and changes what is shown. Folium's own script calls startPage.

/**
 * @typedef {Content & {
 *   map: L.Map,
 *   canvases: ReturnType<typeof makeCanvases>,
 *   base: L.FeatureGroup,
 *   roads: {look: keyof typeof ROADS, part: "edge" | "middle", line: L.Polyline}[],
 *   homesLayer: HomesLayer,
 *   signs: L.FeatureGroup[],
 *   nearest: L.FeatureGroup,
 *   circle: L.FeatureGroup,
 *   way: L.FeatureGroup,
 *   pin: L.Marker,
 *   labels: any,
 *   start: Outset | null,
 *   walks: Walks | null,
 *   need: number,
 *   facility: number,
 *   speed: string,
 *   colourBy: number,
 *   message: string,
 *   about: Node[],
 *   painted: string,
 *   signRadius: number,
 * }} Page `need` is the one whose way is drawn, `facility` the one the panel tells of, -1 for none; `message` a word's key
 */

/** Farther out than this, a circle is too small to be read. */
const CLOSE_ZOOM = 14.5;

/** @param {L.Map} map */
async function startPage(map) {
  try {
    if (!("DecompressionStream" in window)) throw new Error(word("oldBrowser"));
    openPage(map, await readContent());
    document.documentElement.dataset.ready = "1";
  } catch (error) {
    document.documentElement.dataset.ready = "failed";
    byId("view").replaceChildren(make("p", "warning", word("cannotOpen") + String(error)));
    throw error;
  }
}

/** @param {L.Map} map @param {Content} content */
function openPage(map, content) {
  const canvases = makeCanvases(map);
  const group = () => L.featureGroup().addTo(map);
  const { bytes, homes } = content;
  const homesLayer = new HomesLayer(bytes, homes.shapes, { renderer: canvases.homes, interactive: false });
  /** @type {Page} */
  const page = {
    ...content,
    map,
    canvases,
    homesLayer,
    base: group(),
    roads: [],
    signs: [],
    circle: group(),
    way: group(),
    nearest: group(),
    pin: L.marker([0, 0]),
    labels: null,
    start: null,
    walks: null,
    need: -1,
    facility: -1,
    speed: content.speeds[0].id,
    colourBy: BY_ALL,
    message: "",
    about: [],
    painted: "",
    signRadius: 0,
  };
  language = page.languages[0];
  page.overlays.push(walkedStreets(page));
  fitAll(page);
  drawBase(page);
  homesLayer.addTo(map);
  paintHomes(page);
  page.pin = makePin(page);
  page.labels = new LabelLayer(labelsOnMap(page), () => true).addTo(map);
  layBasemap(map, page.basemap);
  markDraft(map.getContainer());
  setUpMap(page);
  setUpSheet();
  setUpSearch(page);
  byId("locate").append(iconOf("locate"));
  byId("locate").addEventListener("click", () => locate(page));
  byId("language").hidden = page.languages.length < 2;
  byId("language").addEventListener("click", () => speak(page, language === "zh" ? "en" : "zh"));
  openAddress(page);
  window.addEventListener("hashchange", () => openAddress(page));
}

/** @param {Page} page */
function setUpMap(page) {
  const { map } = page;
  placeControls(map);
  map.on("click", ({ containerPoint, latlng }) => {
    const facility = facilityAt(page, containerPoint);
    if (facility >= 0) chooseFacility(page, facility);
    else setStart(page, pointed([latlng.lat, latlng.lng]), { fit: map.getZoom() < CLOSE_ZOOM, focus: false });
  });
  map.on("zoomend", () => {
    scaleRoads(page);
    sizeSigns(page);
    drawCircle(page);
    drawWay(page);
  });
  map.on("moveend", () => tellAddress(page));
  // Print has a layout of its own, which the map has to be fitted to.
  window.matchMedia("print").addEventListener("change", () => {
    map.invalidateSize({ animate: false, pan: false });
    if (page.start) fitStart(page, false);
    else fitAll(page);
    for (const canvas of map.getContainer().querySelectorAll("canvas")) settle(canvas);
  });
}

/**
 * Chromium prints what was drawn on a canvas since it was last cleared as drawing, and the clearing as a white sheet over all
 * that lies below. Copied twice, with something drawn in between, a canvas is printed as the picture that it is.
 * @param {HTMLCanvasElement} canvas
 */
function settle(canvas) {
  const own = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  const copy = /** @type {HTMLCanvasElement} */ (make("canvas")).getContext("2d");
  copy?.drawImage(canvas, 0, 0);
  own.save();
  own.resetTransform();
  own.fillStyle = "rgb(0 0 0 / 1%)";
  own.fillRect(0, 0, 1, 1);
  own.restore();
  copy?.drawImage(canvas, 0, 0);
}

/** What covers the map's edges. @param {Page} page @returns {L.FitBoundsOptions} */
function roomOnMap(page) {
  const narrow = isNarrow();
  const legend = !narrow && page.map.getSize().x > 700 ? 270 : 0;
  return {
    paddingTopLeft: [narrow ? 16 : 50, narrow ? 76 : 24],
    paddingBottomRight: [16 + legend, 28 + sheetCover()],
    animate: false,
  };
}

/** Show all homes. @param {Page} page */
function fitAll(page) {
  const bounds = page.homesLayer.getBounds();
  page.map.invalidateSize(false);
  if (bounds.isValid()) page.map.fitBounds(bounds, roomOnMap(page));
  else page.map.setView([0, 0], 2);
}

/** Show the circle. @param {Page} page @param {boolean} animate */
function fitStart(page, animate) {
  const bounds = page.walks ? circleBounds(page) : L.latLngBounds([]);
  const still = !animate || window.matchMedia("(prefers-reduced-motion: reduce)").matches;
  const start = /** @type {Outset} */ (page.start);
  if (bounds.isValid()) page.map.fitBounds(bounds, { ...roomOnMap(page), maxZoom: 17, animate: !still });
  else page.map.setView(start.at, Math.max(page.map.getZoom(), 15), { animate: !still });
}

/** A start that somebody pointed at, and so knows. @param {Position} at @returns {Outset} */
function pointed(at, place = -1) {
  return { at, place, confirmed: true, accuracy: 0 };
}

/** Begin at a place, or move there. @param {Page} page @param {Outset} start @param {{fit: boolean, focus: boolean}} how */
function setStart(page, { at, ...others }, { fit, focus }) {
  const first = !page.start;
  // As a link tells it, so that whoever opens the link is told the same.
  const start = { ...others, at: /** @type {Position} */ (at.map((degrees) => Number(degrees.toFixed(6)))) };
  Object.assign(page, { start, facility: -1, message: "" });
  page.walks = start.confirmed ? walksFrom(page, start.at) : null;
  page.pin.setLatLng(start.at).addTo(page.map);
  namePin(page);
  show(page);
  if (fit) fitStart(page, true);
  if (first || focus) raiseSheet("half");
  if (focus) focusTitle();
}

/** @param {Page} page */
function leaveStart(page) {
  Object.assign(page, { start: null, walks: null, need: -1, facility: -1 });
  page.pin.remove();
  show(page);
}

/** @param {Page} page */
function startFromCentre(page) {
  const { lat, lng } = page.map.getCenter();
  setStart(page, pointed([lat, lng]), { fit: true, focus: true });
}

/** Go to what was searched for: a facility is shown, all else is begun at. @param {Page} page @param {number} place */
function choosePlace(page, place) {
  const { kind, row, at } = page.places;
  if (kind[place] === "facility" && row[place] >= 0) {
    page.map.setView(at[place], Math.max(page.map.getZoom(), 16), { animate: false });
    chooseFacility(page, row[place]);
  } else setStart(page, pointed(at[place], place), { fit: true, focus: true });
}

/** Draw the way to the nearest facility of a need; -1 draws none. @param {Page} page @param {number} need */
function chooseNeed(page, need) {
  page.facility = -1;
  page.need = need;
  show(page);
  // The way is seen on the map, which a sheet drawn up hides.
  const isHigh = need >= 0 && byId("panel").dataset.sheet === "high";
  if (isHigh) raiseSheet("half");
  const bounds = page.way.getBounds();
  if (need >= 0 && bounds.isValid()) page.map.fitBounds(bounds, { ...roomOnMap(page), maxZoom: 16 });
  const row = /** @type {HTMLElement | null} */ (byId("view").querySelector("[aria-pressed=true]"));
  // At the top it stays in view while the sheet comes down.
  row?.scrollIntoView({ block: isHigh ? "start" : "nearest" });
  row?.focus({ preventScroll: true });
}

/** Tell of a facility; -1 goes back. @param {Page} page @param {number} facility */
function chooseFacility(page, facility) {
  page.facility = facility;
  page.need = -1;
  if (facility >= 0 && !page.map.getBounds().contains(page.facilities.at[facility]))
    page.map.setView(page.facilities.at[facility], Math.max(page.map.getZoom(), 16), { animate: false });
  show(page);
  raiseSheet("half");
  focusTitle();
}

/** @param {Page} page @param {string} speed */
function chooseSpeed(page, speed) {
  page.speed = speed;
  show(page);
  /** @type {HTMLElement | null} */ (byId("view").querySelector("input[name=speed]:checked"))?.focus();
}

/** @param {Page} page @param {number} chosen a need, or all, or nothing */
function colourBy(page, chosen) {
  page.colourBy = chosen;
  show(page);
}

/** Redraw what depends on what is chosen, and say it. @param {Page} page */
function show(page) {
  paintHomes(page);
  drawCircle(page);
  drawWay(page);
  drawNearest(page);
  sizeSigns(page);
  fillLegend(page);
  fillView(page);
  tellAddress(page);
}

/** @param {Page} page */
function fillView(page) {
  const panel = byId("view");
  const before = panel.dataset.of;
  panel.dataset.of = page.facility >= 0 ? `facility ${page.facility}` : page.start ? `${page.start.at}` : "";
  const top = panel.scrollTop;
  panel.replaceChildren(...viewOf(page));
  panel.scrollTop = panel.dataset.of === before ? top : 0;
}

function focusTitle() {
  byId("view").querySelector("h2")?.focus({ preventScroll: true });
}

/** @param {Page} page */
function namePin(page) {
  const icon = page.pin.getElement();
  icon?.setAttribute("aria-label", word("pin"));
  icon?.setAttribute("title", word("dragHint"));
}

/** Put what is seen into the address. @param {Page} page */
function tellAddress(page) {
  const { start, map, needs } = page;
  // A position that the device told is in no link before its owner has confirmed it.
  const known = start?.confirmed ? start : null;
  const { lat, lng } = map.getCenter();
  writeAddress({
    at: known ? positionText(known.at, 6) : undefined,
    place: known && known.place >= 0 ? String(known.place) : undefined,
    speed: page.speed === page.speeds[0].id ? undefined : page.speed,
    way: page.need >= 0 ? needs.id[page.need] : undefined,
    facility: page.facility >= 0 ? String(page.facility) : undefined,
    colour: page.colourBy === BY_NOTHING ? "none" : needs.id[page.colourBy],
    lang: language === page.languages[0] ? undefined : language,
    map: `${positionText([lat, lng], 4)},${map.getZoom()}`,
  });
}

/** Show what the address says, as far as it makes sense. @param {Page} page */
function openAddress(page) {
  const said = readAddress();
  const rowIn = (/** @type {string | undefined} */ text, /** @type {number} */ count) =>
    /^\d+$/.test(text ?? "") && Number(text) < count ? Number(text) : -1;
  const at = readPosition(said.at);
  const place = rowIn(said.place, page.places.name.length);
  page.speed = page.speeds.find(({ id }) => id === said.speed)?.id ?? page.speeds[0].id;
  page.colourBy = said.colour === "none" ? BY_NOTHING : page.needs.id.indexOf(said.colour ?? "");
  page.start = at && pointed(at, place);
  page.walks = at && walksFrom(page, at);
  page.need = page.walks ? page.needs.id.indexOf(said.way ?? "") : -1;
  page.facility = rowIn(said.facility, page.facilities.names.length);
  if (at) page.pin.setLatLng(at).addTo(page.map);
  else page.pin.remove();
  const view = readNumbers(said.map, 3);
  speak(page, page.languages.includes(said.lang ?? "") ? said.lang : page.languages[0]);
  if (view && Math.abs(view[0]) <= 85 && Math.abs(view[1]) <= 180)
    page.map.setView([view[0], view[1]], view[2], { animate: false });
  else if (at) fitStart(page, false);
}

/** Give the reader the link of what is seen. */
async function shareLink() {
  try {
    await navigator.clipboard.writeText(location.href);
    byId("said").textContent = word("shared");
  } catch {
    byId("said").textContent = word("shareBy");
  }
  byId("said").classList.remove("hidden");
  setTimeout(() => byId("said").classList.add("hidden"), 2500);
}

/** Say everything in one language. @param {Page} page @param {string} chosen */
function speak(page, chosen) {
  sayFrame(page, chosen);
  /** @type {HTMLInputElement} */ (byId("search")).placeholder = word("placeHint");
  byId("dates").textContent = page.date ? `${word("dataDate")} ${page.date}` : "";
  byId("review").textContent = reviewText(page);
  byId("base-mark").hidden = !page.marks.base;
  namePin(page);
  page.about = aboutFolds(page);
  show(page);
}

/** By what right the page is shown. @param {Page} page */
function reviewText(page) {
  if (isDraft()) return word("draft");
  if (page.reviewNumber) return `${word("reviewNumber")} ${page.reviewNumber}`;
  return page.exemption ? `${word("exempt")} ${page.exemption.clause}` : "";
}
