// From overlays to Leaflet layers, and their colours.

/** Rows of the shapes that were drawn, by Leaflet layer. @type {WeakMap<L.Layer, number>} */
const ROW_OF = new WeakMap();

/** From so many rows on a theme is drawn as homes are, without a layer for each. */
const MANY_ROWS = 1000;

/** Whether the rows of an overlay are drawn as homes. @param {Overlay} overlay @param {Int32Array} dimensions of its shapes */
function isOfHomes({ role, ids }, dimensions) {
  if (role === "theme") return ids.length >= MANY_ROWS && !dimensions.includes(1);
  return role === "coverage" || role === "residents";
}

/** Two canvases, so that streets and water below never catch a click. @param {L.Map} map */
function makeRenderers(map) {
  const background = map.createPane("background");
  background.style.zIndex = "350";
  background.style.pointerEvents = "none";
  const tolerance = window.matchMedia("(pointer: coarse)").matches ? 6 : 2;
  return { background: L.canvas({ pane: "background", padding: 0.2 }), front: L.canvas({ padding: 0.2, tolerance }) };
}

/** @param {Page} page @param {Overlay} overlay @returns {L.FeatureGroup} */
function drawOverlay(page, overlay) {
  if (overlay.homes) return L.featureGroup([drawHomes(overlay, overlay.homes)]);
  const group = L.featureGroup();
  const renderer = BACKGROUND.has(overlay.role) ? page.renderers.background : page.renderers.front;
  const interactive = !BACKGROUND.has(overlay.role);
  if (overlay.role === "streets") return drawStreets(overlay, group, renderer);
  for (const row of rowsToDraw(overlay)) {
    const options = { ...LOOKS[overlay.role], ...lookOf(overlay, row), renderer, interactive };
    for (const layer of pathsOf(overlay, overlay.shapes[row], row, options)) {
      ROW_OF.set(layer, row);
      group.addLayer(layer);
    }
  }
  return group;
}

/** Paint homes whose looks are those of their layer; the coverage's follow what is chosen. @param {Overlay} overlay @param {HomesLayer} homes */
function drawHomes({ role, theme }, homes) {
  if (role === "residents") {
    const { fillColor, color, weight } = LOOKS.residents;
    homes.setClasses(new Uint8Array(homes.count), [{ colour: fillColor ?? "", outline: color, weight, label: String }]);
  }
  if (theme) {
    const places = [...theme.labels.keys(), -1];
    homes.setClasses(
      Uint8Array.from(theme.of, (place) => places.indexOf(place)),
      places.map((place) => themeLook(theme, place)),
    );
  }
  return homes;
}

/** The row that a click or the pointer is on. @param {Overlay} overlay @param {L.LeafletMouseEvent} event */
function rowOf({ homes }, event) {
  return homes ? homes.rowAt(event.latlng) : /** @type {number} */ (ROW_OF.get(event.propagatedFrom));
}

/** @param {Overlay} overlay @param {number} row @returns {Shape} */
function shapeOf({ homes, shapes }, row) {
  return homes ? homes.shapeOf(row) : shapes[row];
}

/** Rows from the bottom up: of areas that lie within others, the larger first, so that a click finds the smaller. @param {Overlay} overlay */
function rowsToDraw(overlay) {
  const rows = overlay.shapes.map((_, row) => row);
  // The link that brings most people is the first, and is drawn last.
  if (overlay.role === "links") return rows.reverse();
  if (!NESTED.has(overlay.role)) return rows;
  const sizes = overlay.shapes.map((shape) => {
    const bounds = L.latLngBounds(shape.paths.flat());
    return bounds.isValid() ? (bounds.getNorth() - bounds.getSouth()) * (bounds.getEast() - bounds.getWest()) : 0;
  });
  return rows.sort((a, b) => sizes[b] - sizes[a]);
}

/** @param {Overlay} overlay @param {Shape} shape @param {number} row @param {any} options @returns {L.Path[]} */
function pathsOf(overlay, shape, row, options) {
  if (!shape.paths.length) return [];
  const symbol = WITH_SYMBOL.has(overlay.role) ? [symbolOf(overlay, row, options.renderer)] : [];
  if (shape.dimension === 2) return [L.polygon(polygonsOf(shape), options), ...symbol];
  if (shape.dimension === 1) return [L.polyline(shape.paths, { ...options, fill: false }), ...symbol];
  if (symbol.length) return symbol;
  const radius = overlay.role === "gates" ? 3 : 5;
  return shape.paths.map((path) =>
    L.circleMarker(path[0], { ...options, radius, fillOpacity: Math.max(options.fillOpacity, 0.5) }),
  );
}

/** @param {Overlay} overlay @param {number} row @param {L.Renderer} renderer */
function symbolOf(overlay, row, renderer) {
  const [sign, colour] = typeOf(overlay, row)?.symbol ?? signOf(overlay.kind, overlay.label);
  const existing = overlay.role !== "links" && (overlay.facts.status?.[row] ?? "existing") === "existing";
  return new SymbolMarker(positionOf(overlay, row), { renderer, sign, colour, existing, radius: GLYPH_RADIUS });
}

/** What sets one row of an overlay apart from the others. @param {Overlay} overlay @param {number} row */
function lookOf(overlay, row) {
  if (overlay.role === "zones") {
    if (overlay.ids[row] === OUTSIDE) return { color: "#8a94a0", fill: false, stroke: false };
    const colour = ZONE_COLOURS[row % ZONE_COLOURS.length];
    return { color: colour, fillColor: colour };
  }
  const type = typeOf(overlay, row);
  if (type) return type.look;
  if (overlay.theme) {
    const { colour, outline, hollow } = themeLook(overlay.theme, overlay.theme.of[row]);
    return { color: outline ?? colour, fillColor: colour, dashArray: hollow ? "2 2" : "" };
  }
  if (overlay.role === "units") return isCommunity(overlay, row) ? {} : { weight: 2.2, dashArray: "8 4" };
  if (overlay.role === "facility") {
    const [, colour] = signOf(overlay.kind, overlay.label);
    return { color: colour, fillColor: colour };
  }
  return {};
}

/** Streets are drawn as one shape per look. @param {Overlay} overlay @param {L.FeatureGroup} group @param {L.Renderer} renderer */
function drawStreets(overlay, group, renderer) {
  /** @type {Record<string, Position[][]>} */
  const paths = Object.fromEntries(Object.keys(STREETS).map((look) => [look, []]));
  overlay.shapes.forEach((shape, row) => paths[streetLook(overlay, row)].push(...shape.paths));
  for (const [look, { colour, weight, dash }] of Object.entries(STREETS)) {
    group.addLayer(
      L.polyline(paths[look], { renderer, interactive: false, color: colour, weight, dashArray: dash, opacity: 1 }),
    );
  }
  return group;
}

/** A position inside a shape. @param {Overlay} overlay @param {number} row @returns {L.LatLng} */
function positionOf(overlay, row) {
  return overlay.at ? L.latLng(overlay.at[row]) : L.latLngBounds(shapeOf(overlay, row).paths.flat()).getCenter();
}

/** Classes of the colouring that is chosen. @param {Page} page @returns {ResidentClass[]} */
function classesOf(page) {
  if (page.colourBy < 0) return [...SHARE_CLASSES, NO_DATA];
  const limit = Number(page.coverage?.requirements.limit_m?.[page.colourBy]);
  const step = (/** @type {number} */ metres) => `${number(metres)} m · ${minutes(page, metres)} ${word("minutes")}`;
  return [
    { colour: WALK_COLOURS.near, label: () => `✓ ≤ ${step(limit / 2)}` },
    { colour: WALK_COLOURS.within, label: () => `✓ ≤ ${step(limit)}` },
    { colour: WALK_COLOURS.beyond, outline: BEYOND_EDGE, weight: 0.8, label: () => `✗ ≤ ${step(limit * 2)}` },
    { colour: WALK_COLOURS.far, outline: BEYOND_EDGE, weight: 0.8, label: () => `✗ ${word("noneReached")}` },
    NO_DATA,
    ...(pointsInView(page).length ? [WHAT_IF_CLASS] : []),
  ];
}

/** The class of one building, as a place in `classesOf`. @param {Page} page @param {Overlay} overlay @param {number} row */
function classOf(page, overlay, row) {
  const coverage = page.coverage;
  if (!coverage) return 0;
  if (page.colourBy < 0) {
    const share = overlay.facts.share_reached?.[row];
    return typeof share === "number" ? SHARE_CLASSES.findIndex(({ from }) => share >= from) : SHARE_CLASSES.length;
  }
  const limit = Number(coverage.requirements.limit_m?.[page.colourBy]);
  const walk = judgedWalk(coverage, page.colourBy, row);
  const verdict = coverage.verdict[page.colourBy][row];
  if (coverage.covered[page.colourBy][row] === 1) return walk <= limit / 2 ? 0 : 1;
  if (verdict < 0 || coverage.verdicts[verdict] === "无数据") return 4;
  return walk >= 0 && walk <= limit * 2 ? 2 : 3;
}

/** Colour the buildings by what is chosen, and add up the people of each class. @param {Page} page */
function recolour(page) {
  const overlay = page.overlays.find(({ role }) => role === "coverage");
  if (!overlay) return;
  const classes = classesOf(page);
  const chosen = Uint8Array.from(overlay.ids, (_, row) => classOf(page, overlay, row));
  for (const row of gainedBy(pointsInView(page))) chosen[row] = classes.indexOf(WHAT_IF_CLASS);
  page.peopleByClass = classes.map(() => 0);
  chosen.forEach((place, row) => (page.peopleByClass[place] += Number(overlay.facts.people?.[row] ?? 0)));
  overlay.homes?.setClasses(chosen, classes);
}

/** Of the gaps, which overlap when all are drawn, and their links show those of the requirement that is chosen. @param {Page} page */
function filterGaps(page) {
  if (!page.coverage) return;
  for (const overlay of page.overlays) {
    if (overlay.role !== "gaps" && overlay.role !== "links") continue;
    overlay.group.clearLayers();
    for (const layer of overlay.layers) {
      const row = /** @type {number} */ (ROW_OF.get(layer));
      if (requirementOfGap(page, overlay, row) === page.colourBy) overlay.group.addLayer(layer);
    }
  }
}

/** Put what is shown in order, after something was switched on. @param {Page} page */
function restack(page) {
  for (const role of DRAW_ORDER) {
    for (const overlay of page.overlays) {
      if (overlay.role === role && page.map.hasLayer(overlay.group)) overlay.group.bringToFront();
    }
  }
  page.highlight.bringToFront();
}

/** Size the symbols to the zoom. @param {Page} page */
function resizeSymbols(page) {
  const radius = symbolRadius(page.map.getZoom());
  for (const { role, group } of page.overlays) {
    if (!WITH_SYMBOL.has(role) && role !== "gates") continue;
    group.eachLayer((layer) => {
      if (layer instanceof SymbolMarker) /** @type {L.CircleMarker} */ (layer).setRadius(radius);
      else if (layer instanceof L.CircleMarker) layer.setRadius(radius / 2);
    });
  }
}

/**
 * Outline what is selected, ring what it refers to, and draw the ways there: dashed where they leave the streets.
 * @param {Page} page @param {Target | null} target @param {Target[]} others @param {Way[]} ways
 */
function highlight(page, target, others, ways) {
  page.highlight.clearLayers();
  if (!target) return;
  const renderer = page.renderers.front;
  const shape = shapeOf(target.overlay, target.row);
  for (const [color, weight] of /** @type {[string, number][]} */ ([
    [INK, 6],
    ["#ffd400", 3],
  ])) {
    const options = { renderer, interactive: false, color, weight, fill: false, opacity: 1 };
    if (shape.dimension === 2) page.highlight.addLayer(L.polygon(polygonsOf(shape), options));
    else if (shape.dimension === 1) page.highlight.addLayer(L.polyline(shape.paths, options));
    else for (const path of shape.paths) page.highlight.addLayer(L.circleMarker(path[0], { ...options, radius: 12 }));
    for (const { street, begins, ends } of ways) {
      const home = positionOf(target.overlay, target.row);
      page.highlight.addLayer(L.polyline(street, options));
      for (const leg of [
        [home, begins, ...street.slice(0, 1)],
        [...street.slice(-1), ends],
      ])
        page.highlight.addLayer(L.polyline(leg, { ...options, weight: weight / 1.5, dashArray: "1 6" }));
    }
    for (const other of others) {
      page.highlight.addLayer(
        L.circleMarker(positionOf(other.overlay, other.row), { ...options, radius: 12, weight: weight / 1.5 }),
      );
    }
  }
}
