// Tiles below the map, where a declaration asks for them. Those in GCJ-02 are moved to where things are; the data stays.

/** @typedef {{tiles: string[], subdomains: string, credit: Record<string, string>, shifted: boolean}} Basemap */

/** Beyond this box GCJ-02 is WGS 84. */
const GCJ_BOX = L.latLngBounds([0.8293, 72.004], [55.8271, 137.8347]);
const KRASOVSKY = { axis: 6378245, e2: 0.006693421622965943 };

/** Where GCJ-02 says that a WGS 84 position is; `qyp_geo/datum.py` has the same formulas. @param {L.LatLng} at */
function shiftedPosition(at) {
  if (!GCJ_BOX.contains(at)) return at;
  const [x, y, turn] = [at.lng - 105, at.lat - 35, Math.PI];
  const waves = (/** @type {number} */ value, /** @type {[number, number][]} */ parts) =>
    parts.reduce((sum, [size, pace]) => sum + ((size * 2) / 3) * Math.sin(value * turn * pace), 0);
  const root = Math.sqrt(Math.abs(x));
  const ripple = waves(x, [
    [20, 6],
    [20, 2],
  ]);
  const north =
    -100 + 2 * x + 3 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * root + ripple +
    waves(y, [
      [20, 1],
      [40, 1 / 3],
      [160, 1 / 12],
      [320, 1 / 30],
    ]);
  const east =
    300 + x + 2 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * root + ripple +
    waves(x, [
      [20, 1],
      [40, 1 / 3],
      [150, 1 / 12],
      [300, 1 / 30],
    ]);
  const latitude = (at.lat * Math.PI) / 180;
  const flat = 1 - KRASOVSKY.e2 * Math.sin(latitude) ** 2;
  const perDegree = Math.PI / 180;
  const radiusNorth = (KRASOVSKY.axis * (1 - KRASOVSKY.e2)) / flat ** 1.5;
  const radiusEast = (KRASOVSKY.axis / Math.sqrt(flat)) * Math.cos(latitude);
  return L.latLng(at.lat + north / (radiusNorth * perDegree), at.lng + east / (radiusEast * perDegree));
}

/** What Leaflet's own tiles do. @type {any} */
const TILES = L.TileLayer.prototype;

/** The WGS 84 position that GCJ-02 calls `at`. @param {L.LatLng} at */
function unshiftedPosition(at) {
  let guess = at;
  // Each round leaves less than a hundredth of what was wrong: the third, millimetres.
  for (let round = 0; round < 3; round++) {
    const there = shiftedPosition(guess);
    guess = L.latLng(guess.lat + at.lat - there.lat, guess.lng + at.lng - there.lng);
  }
  return guess;
}

/** Tiles in GCJ-02: the right ones are fetched, and each is laid where the place in its middle is. */
const ShiftedTiles = L.TileLayer.extend({
  /** @param {L.LatLng} center */
  _getTiledPixelBounds(center) {
    return TILES._getTiledPixelBounds.call(this, shiftedPosition(center));
  },

  /** @param {L.Coords} coords */
  _getTilePos(coords) {
    const size = this.getTileSize();
    const middle = coords.add([0.5, 0.5]).scaleBy(size);
    const there = this._map.project(unshiftedPosition(this._map.unproject(middle, coords.z)), coords.z);
    return there.subtract(middle).round().add(TILES._getTilePos.call(this, coords));
  },
});

/** Lay the tiles below everything. @param {L.Map} map @param {Basemap | null} basemap */
function layBasemap(map, basemap) {
  if (!basemap) return;
  for (const address of basemap.tiles) {
    const options = { subdomains: basemap.subdomains, maxNativeZoom: 18, maxZoom: 19 };
    const tiles = basemap.shifted ? new /** @type {any} */ (ShiftedTiles)(address, options) : L.tileLayer(address, options);
    tiles.addTo(map);
  }
}

/** Say whose the tiles are. @param {Basemap | null} basemap */
function creditBasemap(basemap) {
  const credit = /** @type {HTMLElement} */ (document.getElementById("base-credit"));
  credit.hidden = !basemap;
  credit.textContent = basemap?.credit[language] ?? "";
}
