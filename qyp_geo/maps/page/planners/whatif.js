// What if: facilities that are put on the map, and whom they would bring within reach. Walks are those of the analysis: the same
// streets, the same starts; what is newly covered is what no existing facility covers.

/**
 * @typedef {object} PlacedPoint
 * @property {string} id
 * @property {string} name
 * @property {Position} at
 * @property {number} requirement that it is to meet
 * @property {number} off metres to the street, NaN where there is none near
 * @property {number[]} gained rows of homes that it alone newly covers
 * @property {L.Marker} marker
 */
/** @typedef {{points: PlacedPoint[], placing: boolean, placed: number, homes: Accesses | null}} WhatIf `placed` counts, so that ids stay apart */

/** More than these would make the link too long. */
const MOST_POINTS = 30;
/** The class of what is newly covered. @type {ResidentClass} */
const WHAT_IF_CLASS = { colour: "#00a878", outline: "#003d2c", weight: 1.4, label: () => `✓ ${word("whatIfClass")}` };

/** @returns {WhatIf} */
function noPoints() {
  return { points: [], placing: true, placed: 0, homes: null };
}

/** Whether a click on the map puts a point there. @param {Page} page */
function isPlacing(page) {
  return page.topic === "whatIf" && !page.selected && page.colourBy >= 0 && page.whatIf.placing;
}

/** Whether walks can be found at all. @param {Page} page */
function canAsk(page) {
  return page.coverage?.ways !== undefined;
}

/** Find whom a point newly covers. @param {Page} page @param {PlacedPoint} point */
function measurePoint(page, point) {
  const { ways, covered, verdict } = coverageOf(page);
  if (!ways) return;
  page.whatIf.homes ??= fromGates(ways.homes);
  const start = snapTo(ways.network, point.at);
  point.off = start ? start.off / 1000 : NaN;
  const r = point.requirement;
  const within = start ? homesWithin(ways.network, page.whatIf.homes, start, longestWalk(page, r)).rows : [];
  point.gained = Array.from(within).filter((row) => verdict[r][row] >= 0 && covered[r][row] !== 1);
}

/** The points that are to meet what is chosen. @param {Page} page */
function pointsInView(page) {
  return page.whatIf.points.filter(({ requirement }) => requirement === page.colourBy);
}

/** The homes newly covered by some points, none twice. @param {PlacedPoint[]} points */
function gainedBy(points) {
  return new Set(points.flatMap(({ gained }) => gained));
}

/** @param {Page} page @param {Iterable<number>} rows */
function peopleOf(page, rows) {
  const people = page.overlays.find(({ role }) => role === "coverage")?.facts.people ?? [];
  let sum = 0;
  for (const row of rows) sum += Number(people[row] ?? 0);
  return sum;
}

/** Put a point on the map. @param {Page} page @param {L.LatLng} latlng @param {{name?: string, requirement?: number}} [how] */
function placePoint(page, latlng, { name, requirement = page.colourBy } = {}) {
  const { points } = page.whatIf;
  if (points.length >= MOST_POINTS || requirement < 0) return;
  const id = `W${++page.whatIf.placed}`;
  const kind = String(coverageOf(page).requirements.kind[requirement]);
  const [sign, colour] = signOf(kind, kindTitle(page, kind));
  const pin = make("span", "what-if-sign", sign);
  pin.style.backgroundColor = colour;
  const icon = L.divIcon({ className: "what-if-pin", html: pin, iconSize: [30, 30], iconAnchor: [15, 15] });
  const marker = L.marker(latlng, { icon, draggable: true, autoPan: true });
  /** @type {PlacedPoint} */
  const point = { id, name: name ?? "", at: [latlng.lat, latlng.lng], requirement, off: NaN, gained: [], marker };
  point.name ||= `${kindTitle(page, kind)} ${word("point")} ${page.whatIf.placed}`;
  points.push(point);
  marker.addTo(page.map);
  nameMarker(point);
  let waits = false;
  marker.on("drag", () => {
    if (waits) return;
    waits = true;
    requestAnimationFrame(() => {
      waits = false;
      movePoint(page, point, marker.getLatLng());
    });
  });
  marker.on("dragend", () => movePoint(page, point, marker.getLatLng()));
  movePoint(page, point, latlng);
}

/** What screen readers and the pointer are told of a marker. @param {PlacedPoint} point */
function nameMarker({ marker, name }) {
  const element = marker.getElement();
  element?.setAttribute("title", name);
  element?.setAttribute("aria-label", name);
}

/** @param {Page} page @param {PlacedPoint} point @param {L.LatLng} latlng */
function movePoint(page, point, latlng) {
  // As precise as what is exported.
  point.at = [Number(latlng.lat.toFixed(6)), Number(latlng.lng.toFixed(6))];
  point.marker.setLatLng(point.at);
  measurePoint(page, point);
  afterWhatIf(page);
}

/** @param {Page} page @param {PlacedPoint} point */
function removePoint(page, point) {
  page.whatIf.points = page.whatIf.points.filter((other) => other !== point);
  point.marker.remove();
  afterWhatIf(page);
}

/** Show what changed: colours, legend, figures. @param {Page} page */
function afterWhatIf(page) {
  recolour(page);
  fillLegend(page, byId("legend"));
  document.getElementById("what-if-result")?.replaceChildren(...whatIfResult(page));
  tellAddress(page);
}

/** @param {Page} page @returns {Node[]} */
function whatIfView(page) {
  const coverage = coverageOf(page);
  const asked = coverage.requirements.id.map((_, r) => r).filter((r) => coverage.verdict[r].some((place) => place >= 0));
  const need = /** @type {HTMLSelectElement} */ (make("select"));
  need.id = "what-if-need";
  need.append(new Option(word("chooseNeedFirst"), "-1"), ...asked.map((r) => new Option(limitText(page, r), String(r))));
  need.value = String(page.colourBy);
  need.addEventListener("change", () => colourBy(page, Number(need.value)));
  const label = make("label", "", word("chooseNeed"));
  label.setAttribute("for", need.id);
  const place = button(word("placing"), () => {
    page.whatIf.placing = !page.whatIf.placing;
    refreshPlacing(page);
    place.setAttribute("aria-pressed", String(page.whatIf.placing));
  }, "choice");
  place.setAttribute("aria-pressed", String(page.whatIf.placing));
  const centre = button(word("placeCentre"), () => placePoint(page, page.map.getCenter()), "choice");
  const ready = page.colourBy >= 0;
  const result = make("div", "", ...whatIfResult(page));
  result.id = "what-if-result";
  return [
    make("p", "footnote", word("whatIfHow")),
    make("div", "field", label, need),
    ...(ready ? [make("p", "", ruleOf(page, page.colourBy)), make("div", "choices", place, centre)] : []),
    result,
    make("p", "footnote", word("whatIfNote")),
    footnote(page, false),
  ];
}

/** Whom the points bring within reach, the list of points, and the export. @param {Page} page @returns {Node[]} */
function whatIfResult(page) {
  const { points } = page.whatIf;
  const inView = pointsInView(page);
  /** @type {Node[]} */
  const made = [];
  if (page.colourBy >= 0) {
    const gained = gainedBy(inView);
    const total = make("strong", "big", peopleText(peopleOf(page, gained)));
    total.id = "what-if-total";
    const homes = make("span", "small", `${number(gained.size)} ${word("demandPoints")}`);
    const box = make("div", "total", make("span", "small", word("whatIfTotal")), total, homes);
    box.setAttribute("role", "status");
    made.push(box);
    if (!hasData(page, page.colourBy)) made.push(make("p", "warning", word("whatIfNoData")));
    made.push(...gainedByTownship(page, gained));
  }
  made.push(make("h3", "", `${word("whatIfPoints")} (${points.length})`));
  if (!points.length) return [...made, make("p", "small", word("whatIfNone"))];
  const before = new Map(coverageOf(page).requirements.id.map((_, r) => [r, /** @type {PlacedPoint[]} */ ([])]));
  const items = points.map((point) => {
    const others = before.get(point.requirement) ?? [];
    const item = pointItem(page, point, others);
    others.push(point);
    return item;
  });
  return [...made, make("ol", "points", ...items), ...exportButtons(page)];
}

/** @param {Page} page @param {PlacedPoint} point @param {PlacedPoint[]} before those for the same need */
function pointItem(page, point, before) {
  const name = /** @type {HTMLInputElement} */ (make("input"));
  name.value = point.name;
  name.maxLength = 60;
  name.setAttribute("aria-label", `${word("pointName")} ${point.id}`);
  name.addEventListener("change", () => {
    point.name = name.value.trim() || point.id;
    nameMarker(point);
    tellAddress(page);
  });
  const earlier = gainedBy(before);
  const more = point.gained.filter((row) => !earlier.has(row));
  const told = Number.isNaN(point.off)
    ? make("p", "warning", word("noStreet"))
    : facts([
        [word("requirement"), limitText(page, point.requirement)],
        [word("alone"), peopleText(peopleOf(page, point.gained))],
        [word("more"), before.length ? peopleText(peopleOf(page, more)) : ""],
        [word("offStreet"), figure(Math.ceil(point.off), "m")],
      ]);
  const move = button(word("moveHere"), () => movePoint(page, point, page.map.getCenter()));
  const gone = button(word("remove"), () => removePoint(page, point));
  for (const one of [move, gone]) one.setAttribute("aria-label", `${one.textContent}: ${point.name}`);
  return make("li", "", name, told, make("p", "actions", move, gone));
}

/** @param {Page} page @param {Set<number>} gained */
function gainedByTownship(page, gained) {
  const townships = page.overlays.find(({ role }) => role === "coverage")?.facts.township;
  if (!townships || !gained.size) return [];
  /** @type {Map<string, number[]>} */
  const rows = new Map();
  for (const row of gained) {
    const name = plainText(townships[row]);
    rows.set(name, [...(rows.get(name) ?? []), row]);
  }
  const bars = [...rows].map(([label, some]) => {
    const value = peopleOf(page, some);
    return { label, value, text: peopleText(value), colour: WHAT_IF_CLASS.colour };
  });
  return [barChart(word("byTownship"), bars.sort((a, b) => b.value - a.value))];
}

/** Turn the cross at the map's centre and its cursor on or off. @param {Page} page */
function refreshPlacing(page) {
  page.map.getContainer().classList.toggle("placing", isPlacing(page));
}
