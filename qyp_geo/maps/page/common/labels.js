// Names on the map, drawn as text on one canvas above everything: the most important first, and none over another.

/** @typedef {{text: string, overlay: Overlay, row: number, look: string, at?: Position, paths?: Position[][], colour?: string}} Label */

/**
 * From the most important down: the least zoom at which names appear, and how they look.
 * @type {Record<string, {from: number, font: string, colour: string, dy: number}>}
 */
const LABEL_LOOKS = {
  zones: { from: 12, font: `700 14px ${FONT}`, colour: "#4a235a", dy: 0 },
  landmarks: { from: 13, font: `600 12px ${FONT}`, colour: "#4e342e", dy: -10 },
  units: { from: 12.5, font: `700 14px ${FONT}`, colour: "#46525e", dy: 0 },
  communities: { from: 14.5, font: `500 12px ${FONT}`, colour: "#53606d", dy: 0 },
  water: { from: 13, font: `italic 600 13px ${FONT}`, colour: "#2f6f93", dy: 0 },
  gaps: { from: 14.5, font: `700 12px ${FONT}`, colour: "#8a005b", dy: 0 },
  main: { from: 13, font: `500 12px ${FONT}`, colour: "#5e564b", dy: 0 },
  middle: { from: 14.5, font: `500 11px ${FONT}`, colour: "#5e564b", dy: 0 },
  estates: { from: 15.5, font: `500 11px ${FONT}`, colour: "#6b3d12", dy: 0 },
  local: { from: 16, font: `400 11px ${FONT}`, colour: "#6b6358", dy: 0 },
  facility: { from: 16.5, font: `500 11px ${FONT}`, colour: INK, dy: 17 },
};

/** @param {Overlay[]} overlays @returns {Label[]} by importance */
function labelsOf(overlays) {
  /** @type {Label[]} */
  const labels = [];
  for (const overlay of overlays) {
    if (overlay.role === "streets") labels.push(...streetLabels(overlay));
    else if (overlay.at && overlay.role in LABEL_LOOKS) {
      overlay.at.forEach((at, row) => {
        const text = overlay.role === "gaps" ? overlay.ids[row] : overlay.names[row];
        const colour = overlay.role === "zones" ? ZONE_COLOURS[row % ZONE_COLOURS.length] : undefined;
        const drawn = overlay.shapes[row].paths.length && overlay.ids[row] !== OUTSIDE;
        const look = overlay.role === "units" && isCommunity(overlay, row) ? "communities" : overlay.role;
        if (text && drawn) labels.push({ text, overlay, row, look, at, colour });
      });
    }
  }
  const order = Object.keys(LABEL_LOOKS);
  return labels.sort((a, b) => order.indexOf(a.look) - order.indexOf(b.look));
}

/** One label per street name and look, with all its lines to choose a place from. @param {Overlay} overlay */
function streetLabels(overlay) {
  /** @type {Map<string, Label>} */
  const labels = new Map();
  overlay.names.forEach((text, row) => {
    const look = streetLook(overlay, row);
    if (!text || !(look in LABEL_LOOKS)) return;
    const key = `${look} ${text}`;
    const label = labels.get(key) ?? { text, overlay, row, look, paths: [] };
    label.paths?.push(...overlay.shapes[row].paths);
    labels.set(key, label);
  });
  return labels.values();
}

/** @type {any} */
const LabelLayer = L.Layer.extend({
  /** @this {any} @param {Label[]} labels @param {(label: Label) => boolean} isShown */
  initialize(labels, isShown) {
    this._labels = labels;
    this._isShown = isShown;
  },
  /** @this {any} @param {L.Map} map */
  onAdd(map) {
    const pane = map.createPane("labels");
    pane.style.zIndex = "450";
    pane.style.pointerEvents = "none";
    this._canvas = L.DomUtil.create("canvas", "leaflet-zoom-hide", pane);
    map.on("moveend resize", this.redraw, this);
    this.redraw();
  },
  /** @this {any} */
  redraw() {
    /** @type {L.Map} */
    const map = this._map;
    const size = map.getSize();
    const ratio = window.devicePixelRatio || 1;
    /** @type {HTMLCanvasElement} */
    const canvas = this._canvas;
    L.DomUtil.setPosition(canvas, map.containerPointToLayerPoint([0, 0]));
    canvas.width = size.x * ratio;
    canvas.height = size.y * ratio;
    canvas.style.width = `${size.x}px`;
    canvas.style.height = `${size.y}px`;
    const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
    context.scale(ratio, ratio);
    context.textAlign = "center";
    context.textBaseline = "middle";
    context.lineJoin = "round";
    context.lineWidth = 3;
    context.strokeStyle = "rgba(255, 255, 255, 0.9)";
    /** @type {L.Bounds[]} */
    const taken = [];
    for (const label of this._labels) if (this._isShown(label)) drawLabel(map, context, label, taken);
  },
});

/** @param {L.Map} map @param {CanvasRenderingContext2D} context @param {Label} label @param {L.Bounds[]} taken */
function drawLabel(map, context, label, taken) {
  const look = LABEL_LOOKS[label.look];
  if (map.getZoom() < look.from || !map.hasLayer(label.overlay.group)) return;
  context.font = look.font;
  const half = context.measureText(label.text).width / 2 + 4;
  const place = label.paths
    ? placeAlong(map, label.paths, 2 * half)
    : { at: map.latLngToContainerPoint(/** @type {Position} */ (label.at)), angle: 0 };
  if (!place) return;
  const { at, angle } = place;
  const size = map.getSize();
  const view = L.bounds([0, 0], size);
  // What stands near the edge is moved in, so that its name is read whole.
  if (!label.paths && view.contains(at)) at.x = Math.min(Math.max(at.x, half), Math.max(size.x - half, half));
  at.y += look.dy;
  const wide = Math.abs(half * Math.cos(angle)) + Math.abs(8 * Math.sin(angle));
  const high = Math.abs(half * Math.sin(angle)) + Math.abs(8 * Math.cos(angle));
  const box = L.bounds([at.x - wide, at.y - high], [at.x + wide, at.y + high]);
  if (!view.intersects(box) || taken.some((other) => other.overlaps(box))) return;
  taken.push(box);
  context.save();
  context.translate(at.x, at.y);
  context.rotate(angle);
  context.strokeText(label.text, 0, 0);
  context.fillStyle = label.colour ?? look.colour;
  context.fillText(label.text, 0, 0);
  context.restore();
}

/**
 * The middle of the longest straight piece in view that is long enough for a text.
 * @param {L.Map} map @param {Position[][]} paths @param {number} length in pixels
 */
function placeAlong(map, paths, length) {
  const view = map.getBounds();
  let best = length;
  /** @type {{at: L.Point, angle: number} | null} */
  let place = null;
  for (const path of paths) {
    for (let i = 1; i < path.length; i++) {
      if (!view.contains(path[i - 1]) || !view.contains(path[i])) continue;
      const from = map.latLngToContainerPoint(path[i - 1]);
      const to = map.latLngToContainerPoint(path[i]);
      const long = from.distanceTo(to);
      if (long <= best) continue;
      best = long;
      const angle = Math.atan2(to.y - from.y, to.x - from.x);
      // Turned so that it is never read upside down.
      place = { at: from.add(to).divideBy(2), angle: Math.abs(angle) > Math.PI / 2 ? angle + Math.PI : angle };
    }
  }
  return place;
}
