// Opens the page: unpacks the data, draws it, wires the controls. Folium's own script calls startPage with its map.

/** @typedef {Record<string, unknown[]>} Columns */
/** @typedef {{labels: (string | boolean)[], ordered?: boolean, shares?: boolean, of: number[]}} Theme the class of each row, -1 if it has none */
/**
 * @typedef {object} Overlay
 * @property {string} of
 * @property {string} label
 * @property {boolean} visible
 * @property {string} role
 * @property {string} kind
 * @property {string[]} ids
 * @property {string[]} names
 * @property {Columns} facts
 * @property {{heading: string, values: unknown[]}[]} fields
 * @property {Shape[]} shapes
 * @property {HomesLayer} [homes] instead of shapes, where there are many
 * @property {Position[]} [at]
 * @property {Theme} [theme]
 * @property {Record<string, string>} [where] which rows of a part are shown, by column
 * @property {string} [choice]
 * @property {L.FeatureGroup} group
 * @property {L.Layer[]} layers
 * @property {HTMLInputElement} box
 */
/**
 * @typedef {object} Coverage
 * @property {Columns} requirements
 * @property {Columns} facilities
 * @property {unknown[]} verdicts
 * @property {Columns} areas
 * @property {Columns} [headline]
 * @property {Int32Array[]} covered
 * @property {Int32Array[]} walk
 * @property {Int32Array[]} nearest
 * @property {Int32Array[]} verdict
 * @property {Int32Array[]} [fromGate] the walk from the 小区出入口
 * @property {Int32Array[]} [radius] the straight distance
 * @property {Int32Array[]} [withinRadius]
 * @property {boolean[]} known whether anything is known of a requirement
 * @property {Int32Array[]} [arterial] whether the walk crosses a 干路
 * @property {Ways} [ways]
 */
/** @typedef {{overlay: Overlay, row: number}} Target */
/** @typedef {Record<"title" | "publisher" | "licence" | "retrieved" | "asOf" | "completeness" | "note", string> & {rows: number}} Source */
/**
 * @typedef {object} Page
 * @property {L.Map} map
 * @property {ReturnType<typeof makeRenderers>} renderers
 * @property {L.FeatureGroup} highlight
 * @property {string} title
 * @property {string[]} languages
 * @property {string} reviewNumber
 * @property {Basemap | null} basemap
 * @property {{name: string, title: string, note: string, walkKmh: number}} district
 * @property {Overlay[]} overlays
 * @property {Coverage} [coverage]
 * @property {Columns} [checks]
 * @property {Source[]} sources
 * @property {string[]} notes
 * @property {number} colourBy -1 for all requirements
 * @property {number[]} peopleByClass
 * @property {Target | null} selected
 * @property {Map<string, string[]>} kinds
 * @property {Map<string, Target[]>} facilityTargets
 * @property {Map<number, Target[]>} gapsOf
 * @property {any} labels
 * @property {Decision[]} [decisions]
 * @property {string} topic what the panel shows while nothing is selected
 * @property {WhatIf} whatIf
 * @property {string} [supply] that is looked at
 * @property {number} table the place of the overlay that is shown as a table
 * @property {boolean} isOpen whether what is done is the reader's
 * @property {Overlay[]} revealed shown only because a requirement of their kind is chosen
 */

/** The figures of coverage that travel as one number per building and requirement. */
const BY_UNIT = ["walk", "nearest", "verdict", "covered", "fromGate", "radius", "withinRadius", "arterial"];

/** @param {L.Map} map */
async function startPage(map) {
  try {
    if (!("DecompressionStream" in window)) throw new Error(word("oldBrowser"));
    openPage(map, await readPage(map));
    document.documentElement.dataset.ready = "1";
  } catch (error) {
    document.documentElement.dataset.ready = "failed";
    byId("panel").replaceChildren(make("p", "warning", word("cannotOpen") + String(error)));
    throw error;
  }
}

/** @param {L.Map} map @returns {Promise<Page>} */
async function readPage(map) {
  const [text, bytes] = await Promise.all([unpackBytes("qyp-text"), unpackBytes("qyp-numbers")]);
  const content = JSON.parse(new TextDecoder().decode(text));
  /** @type {Page} */
  const page = {
    ...content,
    map,
    renderers: makeRenderers(map),
    highlight: L.featureGroup(),
    colourBy: -1,
    peopleByClass: [],
    selected: null,
    revealed: [],
    topic: "overview",
    whatIf: noPoints(),
    table: 0,
    isOpen: false,
  };
  for (const overlay of content.overlays) {
    if (isOfHomes(overlay, unpackColumn(bytes, overlay.shapes.dimension)))
      overlay.homes = new HomesLayer(bytes, overlay.shapes, { renderer: page.renderers.front });
    overlay.shapes = overlay.homes ? [] : unpackShapes(bytes, overlay.shapes);
    if (overlay.at) overlay.at = unpackPoints(bytes, overlay.at);
  }
  for (const name of BY_UNIT) {
    if (content.coverage?.[name])
      content.coverage[name] = content.coverage[name].map((/** @type {Column} */ where) => unpackColumn(bytes, where));
  }
  /** @type {Coverage | undefined} */
  const coverage = content.coverage;
  if (coverage) coverage.known = coverage.requirements.id.map((_, r) => isKnown(coverage, r));
  if (content.coverage?.ways) content.coverage.ways = unpackWays(bytes, content.coverage.ways);
  page.kinds = new Map(Object.entries(content.kinds));
  page.facilityTargets = facilityTargets(page);
  page.gapsOf = gapsOf(
    page,
    content.members && unpackColumn(bytes, content.members.gap),
    content.members && unpackColumn(bytes, content.members.unit),
  );
  return page;
}

/** Facilities on the map by id, which layers may share. @param {Page} page */
function facilityTargets(page) {
  /** @type {Page["facilityTargets"]} */
  const targets = new Map();
  for (const overlay of page.overlays) {
    if (overlay.role !== "facility") continue;
    overlay.ids.forEach((id, row) => targets.set(id, [...(targets.get(id) ?? []), { overlay, row }]));
  }
  return targets;
}

/** The gaps that each building belongs to. @param {Page} page @param {Int32Array} [gaps] @param {Int32Array} [units] */
function gapsOf(page, gaps, units) {
  /** @type {Page["gapsOf"]} */
  const targets = new Map();
  const overlay = page.overlays.find(({ role }) => role === "gaps");
  if (!overlay || !gaps || !units) return targets;
  units.forEach((unit, i) => targets.set(unit, [...(targets.get(unit) ?? []), { overlay, row: gaps[i] }]));
  return targets;
}

/** @param {L.Map} map @param {Page} page */
function openPage(map, page) {
  language = page.languages[0];
  fitView(map, page);
  for (const overlay of page.overlays) {
    overlay.group = drawOverlay(page, overlay);
    overlay.layers = overlay.group.getLayers();
  }
  for (const role of DRAW_ORDER) {
    for (const overlay of page.overlays) {
      if (overlay.role !== role) continue;
      if (overlay.visible) map.addLayer(overlay.group);
      if (!BACKGROUND.has(role)) listen(page, overlay);
    }
  }
  page.highlight.addTo(map);
  page.labels = new LabelLayer(labelsOf(page.overlays), (/** @type {Label} */ { look, overlay, row }) => {
    return look !== "gaps" || !page.coverage || requirementOfGap(page, overlay, row) === page.colourBy;
  }).addTo(map);
  map.on("zoomend", () => resizeSymbols(page));
  resizeSymbols(page);
  placeControls(map);
  layBasemap(map, page.basemap);
  markDraft(map.getContainer());
  setUpSearch(page);
  byId("language").hidden = page.languages.length < 2;
  byId("language").addEventListener("click", () => speak(page, language === "zh" ? "en" : "zh"));
  byId("colour-by").addEventListener("change", (event) =>
    colourBy(page, Number(/** @type {HTMLSelectElement} */ (event.target).value)),
  );
  byId("colour-tool").hidden = !page.coverage;
  fillLegend(page, byId("legend"));
  followAddress(page);
  recolourPage(page);
  speak(page, language);
  map.on("click", ({ latlng }) => {
    if (isPlacing(page)) placePoint(page, latlng);
  });
  map.on("moveend", () => tellAddress(page));
  page.isOpen = true;
}

/** What the legend, where it lies open, leaves of the map. @returns {L.FitBoundsOptions} */
function roomOnMap() {
  return { paddingTopLeft: [12, 12], paddingBottomRight: [isNarrow() ? 12 : 284, 28] };
}

/** Whether the page is laid out for a phone, as page.css decides it. */
function isNarrow() {
  return window.matchMedia("(max-width: 760px)").matches;
}

/** Show the boundary, or all there is. @param {L.Map} map @param {Page} page */
function fitView(map, page) {
  const boundary = page.overlays.filter(({ role }) => role === "boundary");
  const bounds = L.latLngBounds([]);
  for (const { homes, shapes } of boundary.length ? boundary : page.overlays) {
    if (homes) bounds.extend(homes.getBounds());
    for (const shape of shapes) for (const path of shape.paths) for (const position of path) bounds.extend(position);
  }
  map.invalidateSize(false);
  if (bounds.isValid()) map.fitBounds(bounds, { ...roomOnMap(), animate: false });
  else map.setView([0, 0], 2);
}

/** @param {Page} page @param {Overlay} overlay */
function listen(page, overlay) {
  const tip = L.tooltip({ direction: "top", offset: [0, -8], opacity: 1 });
  overlay.group.on("click", (event) => {
    L.DomEvent.stopPropagation(event);
    if (isPlacing(page)) placePoint(page, event.latlng);
    else select(page, { overlay, row: rowOf(overlay, event) });
  });
  const tell = (/** @type {L.LeafletMouseEvent} */ event) => {
    const row = rowOf(overlay, event);
    if (row >= 0) page.map.openTooltip(tip.setContent(make("span", "", titleOf(overlay, row))).setLatLng(event.latlng));
  };
  overlay.group.on("mouseover", tell);
  overlay.group.on("mousemove", tell);
  overlay.group.on("mouseout", () => page.map.closeTooltip(tip));
}

/** Select something, or nothing. @param {Page} page @param {Target | null} target @param {{pan?: boolean, focus?: boolean}} [how] */
function select(page, target, { pan = false, focus = true } = {}) {
  page.selected = target;
  if (target?.overlay.role === "gaps") colourBy(page, requirementOfGap(page, target.overlay, target.row));
  if (target && !page.map.hasLayer(target.overlay.group)) show(page, target.overlay, true);
  if (target && pan) panTo(page, target);
  mark(page);
  fillPanel(page);
  if (focus) byId("panel").querySelector("h2")?.focus({ preventScroll: true });
}

/** Mark what is selected on the map: of a building also its nearest facilities and the ways there. @param {Page} page */
function mark(page) {
  const target = page.selected;
  if (target?.overlay.role !== "coverage") return highlight(page, target, [], []);
  const requirements = requirementsInView(page, target.row);
  highlight(page, target, nearestTargets(page, target.row, requirements), waysFrom(page, target, requirements));
}

/** The requirement that is chosen, or all whose nearest facility is to be seen. @param {Page} page @param {number} row */
function requirementsInView(page, row) {
  return coverageOf(page).nearest.flatMap((column, r) => {
    if (column[row] < 0) return [];
    if (page.colourBy >= 0) return r === page.colourBy ? [r] : [];
    const target = nearestTarget(page, column[row]);
    return target && page.map.hasLayer(target.overlay.group) ? [r] : [];
  });
}

/** The nearest facilities of a building that are on the map. @param {Page} page @param {number} row @param {number[]} requirements */
function nearestTargets(page, row, requirements) {
  const { nearest } = coverageOf(page);
  const targets = requirements.map((r) => nearestTarget(page, nearest[r][row]));
  return targets.filter((target) => target !== undefined);
}

/** @param {Page} page @param {Target} target */
function panTo(page, { overlay, row }) {
  const { paths } = shapeOf(overlay, row);
  if (!paths.length) return;
  const bounds = L.latLngBounds(paths.flat());
  const animate = !window.matchMedia("(prefers-reduced-motion: reduce)").matches;
  page.map.fitBounds(bounds, { ...roomOnMap(), maxZoom: Math.max(16, page.map.getZoom()), animate });
  if (isNarrow()) page.map.getContainer().scrollIntoView({ block: "start" });
}

/** @param {Page} page */
function fillPanel(page) {
  const panel = byId("panel");
  panel.replaceChildren(...viewOf(page, page.selected));
  panel.scrollTop = 0;
  // On a phone the topics are one line that scrolls.
  const tab = /** @type {HTMLElement | null} */ (panel.querySelector(".tab[aria-current]"));
  if (tab?.parentElement) tab.parentElement.scrollLeft = tab.offsetLeft - tab.parentElement.clientWidth / 2;
  refreshPlacing(page);
  tellAddress(page);
}

/** @param {Page} page @param {Overlay} overlay @param {boolean} visible */
function show(page, overlay, visible) {
  if (visible) page.map.addLayer(overlay.group);
  else page.map.removeLayer(overlay.group);
  overlay.box.checked = visible;
  const others = page.overlays.filter((other) => other !== overlay && overlay.choice && other.choice === overlay.choice);
  for (const other of others) if (visible && page.map.hasLayer(other.group)) show(page, other, false);
  restack(page);
  resizeSymbols(page);
  page.labels.redraw();
  tellAddress(page);
}

/** Show the facilities that a requirement asks for as long as it is chosen. @param {Page} page */
function reveal(page) {
  const kind = page.coverage?.requirements.kind[page.colourBy];
  for (const overlay of page.revealed) if (overlay.kind !== kind) show(page, overlay, false);
  const shown = page.revealed.filter((overlay) => overlay.kind === kind);
  const hidden = page.overlays.filter(
    (overlay) => overlay.role === "facility" && overlay.kind === kind && !page.map.hasLayer(overlay.group),
  );
  for (const overlay of hidden) show(page, overlay, true);
  page.revealed = [...shown, ...hidden];
}

/** Colour the buildings by one requirement, or by all. @param {Page} page @param {number} requirement */
function colourBy(page, requirement) {
  if (requirement === page.colourBy) return;
  page.colourBy = requirement;
  reveal(page);
  recolourPage(page);
}

/** @param {Page} page */
function recolourPage(page) {
  /** @type {HTMLSelectElement} */ (byId("colour-by")).value = String(page.colourBy);
  recolour(page);
  filterGaps(page);
  restack(page);
  page.labels.redraw();
  fillLegend(page, byId("legend"));
  mark(page);
  const panel = byId("panel");
  const [top, focused] = [panel.scrollTop, panel.contains(document.activeElement)];
  fillPanel(page);
  panel.scrollTop = top;
  if (focused)
    /** @type {HTMLElement | null} */ (panel.querySelector("[aria-pressed=true]"))?.focus({ preventScroll: true });
}
