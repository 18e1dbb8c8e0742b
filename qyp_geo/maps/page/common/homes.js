// All homes as one layer that draws them from typed arrays: no object for each, so that a town of a hundred thousand opens at
// once. On the canvas it keeps its place among the other layers, takes clicks as one of them, and tells which home was meant.

/** Homes that are drawn smaller than this, in pixels, are drawn as squares, and none is drawn smaller than `LEAST_SIZE`. */
const SMALL_SIZE = 4;
const LEAST_SIZE = 1.6;
/** Homes that are known as points are squares far out, and discs near by. */
const POINT_SIZE = 4;
const POINT_RADIUS = 5;
/** Shapes that are painted at once: one path of all of them would take longer than many of a few. */
const AT_ONCE = 200;

class HomesLayer extends L.Path {
  /** @type {any} set by Leaflet */
  _renderer;
  /** Pixels per unit, and where the map's pixels begin. */
  _scale = 1;
  _origin = L.point(0, 0);
  /** What Leaflet takes for the layer's extent, in pixels. @type {L.Bounds | undefined} */
  _pxBounds;
  /** @type {Uint8Array} */
  _classOf;
  /** @type {ResidentClass[]} */
  _classes = [];

  /**
   * @param {Uint8Array} bytes @param {PackedShapes} packed polygons and points
   * @param {L.PathOptions} options
   */
  constructor(bytes, packed, options) {
    super();
    L.Util.setOptions(this, options);
    this._unit = 10 ** -packed.decimals;
    this._lng = unpackColumn(bytes, packed.x);
    this._lat = unpackColumn(bytes, packed.y);
    this._size = unpackColumn(bytes, packed.size);
    this._dimension = unpackColumn(bytes, packed.dimension);
    this._firstPath = startsOf(unpackColumn(bytes, packed.paths));
    this._firstVertex = startsOf(this._size);
    this._turnRings();
    // The map of the world at zoom 0, on which Leaflet's pixels are scaled copies.
    this._x = eachOf(this._lng, (value) => worldX(value * this._unit));
    this._y = eachOf(this._lat, (value) => worldY(value * this._unit));
    this._box = this._boxes();
    this._classOf = new Uint8Array(this.count);
  }

  /** How many homes there are. */
  get count() {
    return this._dimension.length;
  }

  /** Paint each home as its class has it. @param {Uint8Array} classOf of each row @param {ResidentClass[]} classes */
  setClasses(classOf, classes) {
    this._classOf = classOf;
    this._classes = classes;
    return this.redraw();
  }

  /**
   * The home at a place, the upper one of several, or the nearest as far off as a pointer or finger may miss; -1 for none.
   * @param {L.LatLngExpression} at
   */
  rowAt(at) {
    const { lat, lng } = L.latLng(at);
    return this._rowNear(worldX(lng), worldY(lat));
  }

  /** @param {number} row */
  boundsOf(row) {
    const bounds = L.latLngBounds([]);
    for (const path of this.shapeOf(row).paths) for (const position of path) bounds.extend(position);
    return bounds;
  }

  /** The middle of a home. @param {number} row */
  positionOf(row) {
    return this.boundsOf(row).getCenter();
  }

  /** One home as other shapes are given. @param {number} row @returns {Shape} */
  shapeOf(row) {
    /** @type {Shape} */
    const shape = { dimension: this._dimension[row], paths: [], holes: [] };
    for (let path = this._firstPath[row]; path < this._firstPath[row + 1]; path++) {
      /** @type {Position[]} */
      const positions = [];
      for (let i = this._firstVertex[path]; i < this._firstVertex[path + 1]; i++)
        positions.push([this._lat[i] * this._unit, this._lng[i] * this._unit]);
      shape.paths.push(positions);
      shape.holes.push(this._size[path] < 0);
    }
    return shape;
  }

  /** What all homes take up. */
  getBounds() {
    const [west, north, east, south] = this._boxOf(0, this._x.length);
    return L.latLngBounds(west <= east ? [onEarth(west, north), onEarth(east, south)] : []);
  }

  /** Turn rings so that a hole runs against what it is in, and a path of many homes is filled where any of them is. */
  _turnRings() {
    const { _lng: lng, _lat: lat, _size: size, _firstVertex: first } = this;
    for (let path = 0; path < size.length; path++) {
      let twice = 0;
      const last = first[path + 1] - 1;
      for (let i = first[path], before = last; i <= last; before = i++)
        twice += (lng[before] - lng[i]) * (lat[before] + lat[i] - 2 * lat[last]);
      if (twice > 0 === size[path] > 0) continue;
      lng.subarray(first[path], last + 1).reverse();
      lat.subarray(first[path], last + 1).reverse();
    }
  }

  /** West, north, east and south of each home; of one without a shape, west lies east of east. */
  _boxes() {
    const boxes = new Float64Array(4 * this.count);
    const { _firstVertex: vertex, _firstPath: path } = this;
    for (let row = 0; row < this.count; row++) boxes.set(this._boxOf(vertex[path[row]], vertex[path[row + 1]]), 4 * row);
    return boxes;
  }

  /** What some vertices take up, from one to the last before another. @param {number} from @param {number} to */
  _boxOf(from, to) {
    let [west, north, east, south] = [Infinity, Infinity, -Infinity, -Infinity];
    for (let i = from; i < to; i++) {
      west = Math.min(west, this._x[i]);
      north = Math.min(north, this._y[i]);
      east = Math.max(east, this._x[i]);
      south = Math.max(south, this._y[i]);
    }
    return [west, north, east, south];
  }

  /** @param {number} x @param {number} y */
  _rowNear(x, y) {
    const missed = (this._renderer?.options.tolerance ?? 0) / this._scale;
    const reach = missed + POINT_RADIUS / this._scale;
    const box = this._box;
    let [found, least] = [-1, missed];
    for (let row = 0, i = 0; row < this.count; row++, i += 4) {
      if (x < box[i] - reach || y < box[i + 1] - reach || x > box[i + 2] + reach || y > box[i + 3] + reach) continue;
      const off = this._offOf(row, x, y);
      if (off <= least) [found, least] = [row, off];
    }
    return found;
  }

  /** How far a place lies outside a home. @param {number} row @param {number} x @param {number} y */
  _offOf(row, x, y) {
    const { _x: xs, _y: ys, _firstVertex: first } = this;
    const radius = this._dimension[row] === 0 ? POINT_RADIUS / this._scale : 0;
    let [inside, least] = [false, Infinity];
    for (let path = this._firstPath[row]; path < this._firstPath[row + 1]; path++) {
      for (let i = first[path], before = first[path + 1] - 1; i < first[path + 1]; before = i++) {
        const [dx, dy] = [xs[i] - xs[before], ys[i] - ys[before]];
        const along = ((x - xs[before]) * dx + (y - ys[before]) * dy) / (dx * dx + dy * dy || 1);
        const share = Math.min(Math.max(along, 0), 1);
        least = Math.min(least, Math.hypot(xs[before] + share * dx - x, ys[before] + share * dy - y));
        if (ys[i] > y !== ys[before] > y && x < xs[before] + ((y - ys[before]) / dy) * dx) inside = !inside;
      }
    }
    return inside ? 0 : Math.max(least - radius, 0);
  }

  // From here on, what Leaflet's canvas calls.

  /** The scale is that of the last call: while the map zooms, what is drawn is still the picture from before. */
  _project() {
    this._scale = this._map.getZoomScale(this._map.getZoom(), 0);
    this._origin = this._map.getPixelOrigin();
  }

  _update() {
    // Always in view: what lies outside is left out home by home.
    this._pxBounds = this._renderer._bounds;
  }

  _reset() {
    this._project();
    this._update();
  }

  /** @param {L.Point} point in pixels of the map's layers */
  _containsPoint(point) {
    const { x, y } = point.add(this._origin).divideBy(this._scale);
    return this._rowNear(x, y) >= 0;
  }

  _updatePath() {
    if (!this._renderer._drawing) return;
    /** @type {CanvasRenderingContext2D} */
    const context = this._renderer._ctx;
    const view = this._renderer._redrawBounds ?? this._renderer._bounds;
    const edge = POINT_RADIUS + 1;
    const from = view.min.subtract([edge, edge]).add(this._origin).divideBy(this._scale);
    const to = view.max.add([edge, edge]).add(this._origin).divideBy(this._scale);
    const box = this._box;
    /** @type {number[][]} */
    const seen = this._classes.map(() => []);
    for (let row = 0, i = 0; row < this.count; row++, i += 4) {
      if (box[i] <= to.x && box[i + 2] >= from.x && box[i + 1] <= to.y && box[i + 3] >= from.y)
        seen[this._classOf[row]]?.push(row);
    }
    context.globalAlpha = 1;
    seen.forEach((rows, place) => this._paint(context, rows, this._classes[place]));
    context.setLineDash([]);
  }

  /** @param {CanvasRenderingContext2D} context @param {number[]} rows @param {ResidentClass} look */
  _paint(context, rows, { colour, outline = colour, weight = 0.5, hollow = false }) {
    const outlined = this._map.getZoom() >= OUTLINE_ZOOM;
    const least = SMALL_SIZE / this._scale;
    const box = this._box;
    /** @type {number[]} */
    const large = [];
    context.fillStyle = hollow ? outline : colour;
    for (const row of rows) {
      const isPoint = this._dimension[row] === 0;
      if (isPoint ? outlined : box[4 * row + 2] - box[4 * row] + box[4 * row + 3] - box[4 * row + 1] > 2 * least)
        large.push(row);
      else this._paintSquare(context, row, isPoint ? POINT_SIZE : LEAST_SIZE);
    }
    context.fillStyle = colour;
    context.strokeStyle = outline;
    context.lineWidth = weight;
    context.setLineDash(hollow && outlined ? [2, 2] : []);
    for (let i = 0; i < large.length; i += AT_ONCE) {
      context.beginPath();
      for (const row of large.slice(i, i + AT_ONCE)) this._trace(context, row);
      context.fill();
      // Far out, outlines would be all that is seen.
      if (outlined || hollow) context.stroke();
    }
  }

  /** @param {CanvasRenderingContext2D} context @param {number} row @param {number} least */
  _paintSquare(context, row, least) {
    const { _box: box, _scale: scale, _origin: origin } = this;
    const i = 4 * row;
    const wide = Math.max((box[i + 2] - box[i]) * scale, least);
    const high = Math.max((box[i + 3] - box[i + 1]) * scale, least);
    const x = ((box[i] + box[i + 2]) / 2) * scale - origin.x;
    const y = ((box[i + 1] + box[i + 3]) / 2) * scale - origin.y;
    context.fillRect(x - wide / 2, y - high / 2, wide, high);
  }

  /** @param {CanvasRenderingContext2D} context @param {number} row */
  _trace(context, row) {
    const { _x: xs, _y: ys, _firstVertex: first, _scale: scale, _origin: origin } = this;
    for (let path = this._firstPath[row]; path < this._firstPath[row + 1]; path++) {
      let i = first[path];
      const [x, y] = [xs[i] * scale - origin.x, ys[i] * scale - origin.y];
      if (this._dimension[row] === 0) {
        context.moveTo(x + POINT_RADIUS, y);
        context.arc(x, y, POINT_RADIUS, 0, 2 * Math.PI);
        continue;
      }
      context.moveTo(x, y);
      while (++i < first[path + 1]) context.lineTo(xs[i] * scale - origin.x, ys[i] * scale - origin.y);
      context.closePath();
    }
  }
}

/** Where each begins of some that lie one behind another, and where the last ends. @param {Int32Array} sizes of either sign */
function startsOf(sizes) {
  const starts = new Int32Array(sizes.length + 1);
  for (let i = 0; i < sizes.length; i++) starts[i + 1] = starts[i] + Math.abs(sizes[i]);
  return starts;
}

/** @param {Int32Array} values @param {(value: number) => number} change */
function eachOf(values, change) {
  const changed = new Float64Array(values.length);
  for (let i = 0; i < values.length; i++) changed[i] = change(values[i]);
  return changed;
}

/** @param {number} lng in degrees @returns {number} east on the map of the world at zoom 0, 256 wide */
function worldX(lng) {
  return 256 * (lng / 360 + 0.5);
}

/** @param {number} lat in degrees @returns {number} south on the map of the world at zoom 0 */
function worldY(lat) {
  return 128 - (128 / Math.PI) * Math.atanh(Math.sin((lat * Math.PI) / 180));
}

/** @param {number} x on the map of the world at zoom 0 @param {number} y */
function onEarth(x, y) {
  return L.CRS.EPSG3857.pointToLatLng(L.point(x, y), 0);
}
