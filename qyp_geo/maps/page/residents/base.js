// The map below everything: land, water, parks and streets, drawn once and never clicked.

/** Streets from the least to the widest: the colour of their edge and of their middle, and their width in pixels at zoom 15. */
const ROADS = {
  not: { edge: "#d8d2c7", middle: "#efebe3", weight: 1.6 },
  path: { edge: "#d9d2c4", middle: "#ffffff", weight: 1.4 },
  local: { edge: "#d6d0c5", middle: "#ffffff", weight: 3 },
  middle: { edge: "#cdc4b4", middle: "#ffffff", weight: 5 },
  main: { edge: "#d1b982", middle: "#fdeec4", weight: 6.5 },
};
/** How far out each is still drawn, so that a whole town is not a tangle. @type {Record<string, number>} */
const ROAD_FROM = { not: 15, path: 15, local: 12.5, middle: 0, main: 0 };

/** @type {Record<string, L.PathOptions>} */
const AREA_LOOKS = {
  boundary: { color: "#6b7783", weight: 2, dashArray: "10 4 2 4", fill: false },
  units: { color: "#8a94a0", weight: 1.2, dashArray: "4 4", fill: false },
  zones: { color: "#7b3294", weight: 2, fillColor: "#7b3294", fillOpacity: 0.05 },
  water: { color: "#93c4dd", weight: 1, fillColor: "#b5d9eb", fillOpacity: 1 },
  parks: { color: "#a8cd98", weight: 1, fillColor: "#cfe6c2", fillOpacity: 1 },
  landmarks: { color: "#8d6e63", weight: 1.5, dashArray: "6 4", fill: false },
};
/** From the bottom up. */
const BASE_ORDER = ["parks", "water", "zones", "units", "landmarks", "boundary"];
/** Facilities whose land is green. */
const GREEN = new Set(["park", "pocket_park", "square", "greenway"]);

/** The canvases, from the bottom up; clicks are the map's own. @param {L.Map} map */
function makeCanvases(map) {
  const canvasAt = (/** @type {string} */ name, /** @type {string} */ zIndex) => {
    const pane = map.createPane(name);
    pane.style.zIndex = zIndex;
    pane.style.pointerEvents = "none";
    return L.canvas({ pane: name, padding: 0.2, tolerance: window.matchMedia("(pointer: coarse)").matches ? 6 : 2 });
  };
  return {
    base: canvasAt("base", "350"),
    homes: canvasAt("homes", "400"),
    circle: canvasAt("circle", "420"),
    facilities: canvasAt("facilities", "460"),
  };
}

/** Draw each overlay as a group that can be switched. @param {Page} page */
function drawBase(page) {
  const renderer = page.canvases.base;
  for (const overlay of page.overlays) overlay.group = L.featureGroup();
  for (const role of BASE_ORDER) {
    for (const overlay of page.overlays) {
      if (overlay.role !== role) continue;
      for (const shape of overlay.shapes) overlay.group.addLayer(areaOf(shape, role, renderer));
      if (overlay.visible) page.map.addLayer(overlay.group);
    }
  }
  drawFacilities(page);
  drawGrounds(page);
  drawRoads(page);
}

/** @param {Shape} shape @param {string} role @param {L.Renderer} renderer */
function areaOf(shape, role, renderer) {
  const options = { ...AREA_LOOKS[role], renderer, interactive: false };
  return shape.dimension === 2
    ? L.polygon(polygonsOf(shape), options)
    : L.polyline(shape.paths, { ...options, fill: false });
}

/** The streets that are walked, from the network: one row per name and class. @param {Page} page @returns {Overlay} */
function walkedStreets({ network, edgeName, edgeClass, streetNames, streetClasses }) {
  /** @type {Map<string, {name: string, type: string, paths: Position[][]}>} */
  const streets = new Map();
  edgeClass.forEach((place, edge) => {
    if (place < 0) return;
    const key = `${edgeName[edge]} ${place}`;
    const street = streets.get(key) ?? {
      name: streetNames[edgeName[edge]] ?? "",
      type: streetClasses[place],
      paths: [],
    };
    street.paths.push(lineOf(network, edge, 0, 1));
    streets.set(key, street);
  });
  const all = [...streets.values()];
  return {
    role: "streets",
    kind: "streets",
    label: word("streets"),
    visible: true,
    ids: [],
    names: all.map(({ name }) => name),
    facts: { street_class: all.map(({ type }) => type) },
    shapes: all.map(({ paths }) => ({ dimension: 1, paths, holes: [] })),
    group: L.featureGroup(),
  };
}

/** All edges before all middles, so that crossings are open. @param {Page} page */
function drawRoads(page) {
  const looks = /** @type {(keyof typeof ROADS)[]} */ (Object.keys(ROADS));
  /** @type {Record<string, Position[][]>} */
  const paths = Object.fromEntries(looks.map((look) => [look, []]));
  for (const overlay of page.overlays) {
    if (overlay.role === "streets")
      overlay.shapes.forEach((shape, row) => paths[streetLook(overlay, row)].push(...shape.paths));
  }
  for (const part of /** @type {("edge" | "middle")[]} */ (["edge", "middle"])) {
    for (const look of looks) {
      const options = { renderer: page.canvases.base, interactive: false, color: ROADS[look][part], opacity: 1 };
      page.roads.push({ look, part, line: L.polyline(paths[look], options) });
    }
  }
  scaleRoads(page);
}

/** Make streets as wide as the zoom asks. @param {Page} page */
function scaleRoads(page) {
  const zoom = page.map.getZoom();
  const scale = Math.min(Math.max(1.45 ** (zoom - 15), 0.3), 3);
  for (const { look, part, line } of page.roads) {
    if (zoom < ROAD_FROM[look]) {
      page.map.removeLayer(line);
      continue;
    }
    const weight = Math.max(ROADS[look].weight * scale, 0.6);
    line.setStyle({ weight: part === "edge" ? weight + 1.4 : weight });
    // In this order, so that what is added last does not lie over what is wider.
    page.map.addLayer(line);
    line.bringToFront();
  }
  for (const role of ["zones", "units", "landmarks", "boundary"])
    for (const overlay of page.overlays)
      if (overlay.role === role && page.map.hasLayer(overlay.group)) overlay.group.bringToFront();
}

/** Draw the land that facilities stand on: of parks always, of others where their signs are shown. @param {Page} page */
function drawGrounds(page) {
  const { grounds, kind, layer, layers } = page.facilities;
  grounds.shapes.forEach((shape, i) => {
    const row = grounds.row[i];
    const isGreen = GREEN.has(kind[row]);
    const [, colour] = signOf(kind[row], layers[layer[row]].label);
    const look = isGreen ? AREA_LOOKS.parks : { color: colour, weight: 1, fillColor: colour, fillOpacity: 0.12 };
    const land = L.polygon(polygonsOf(shape), { ...look, renderer: page.canvases.base, interactive: false });
    (isGreen ? page.base : page.signs[layer[row]]).addLayer(land);
  });
}

/** Names on the map: of overlays and facilities, and of communities and townships, whose lines need not be shown. @param {Page} page */
function labelsOnMap(page) {
  const shownIn = (/** @type {L.FeatureGroup} */ group) => /** @type {Overlay} */ (/** @type {unknown} */ ({ group }));
  const always = shownIn(page.base);
  const looks = { community: "communities", township: "units", estate: "estates" };
  const { places, facilities } = page;
  const areas = places.name.flatMap((text, row) => {
    const look = looks[/** @type {keyof typeof looks} */ (places.kind[row])];
    return look ? [{ text, overlay: always, row, look, at: places.at[row] }] : [];
  });
  const groups = page.signs.map(shownIn);
  const signs = facilities.names.map((text, row) => ({
    text,
    overlay: groups[facilities.layer[row]],
    row,
    look: "facility",
    at: facilities.at[row],
  }));
  const streets = page.overlays
    .filter(({ role }) => role === "streets")
    .map((overlay) => ({ ...overlay, group: page.base }));
  const others = page.overlays.filter(({ role }) => role !== "streets" && role !== "units");
  const order = Object.keys(LABEL_LOOKS);
  return [...labelsOf([...others, ...streets]), ...areas, ...signs.filter(({ text }) => text)].sort(
    (a, b) => order.indexOf(a.look) - order.indexOf(b.look),
  );
}
