// A facility on the canvas: a disc with one character in it; too far out to be read, a dot.

const GLYPH_RADIUS = 6;
const FONT =
  '"PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC", "Source Han Sans SC", "WenQuanYi Micro Hei", system-ui, sans-serif';

/** @type {any} */
const SymbolMarker = L.CircleMarker.extend({
  /** What Leaflet's canvas calls to draw a path. @this {any} */
  _updatePath() {
    if (!this._renderer._drawing || this._empty()) return;
    /** @type {CanvasRenderingContext2D} */
    const context = this._renderer._ctx;
    const { sign, colour, existing } = this.options;
    const { x, y } = this._point;
    const radius = this._radius;
    context.globalAlpha = 1;
    context.beginPath();
    context.arc(x, y, radius, 0, 2 * Math.PI);
    context.fillStyle = existing ? colour : "#ffffff";
    context.fill();
    context.setLineDash(existing ? [] : [3, 2]);
    context.lineWidth = 1.5;
    context.strokeStyle = existing ? "#ffffff" : colour;
    context.stroke();
    context.setLineDash([]);
    if (radius < GLYPH_RADIUS) return;
    context.font = `600 ${Math.round(radius * 1.25)}px ${FONT}`;
    context.textAlign = "center";
    context.textBaseline = "middle";
    context.fillStyle = existing ? "#ffffff" : colour;
    context.fillText(sign, x, y + 0.5);
  },
});

/** @param {number} zoom */
function symbolRadius(zoom) {
  if (zoom < 14) return 3;
  if (zoom < 15) return 6;
  return zoom < 16.5 ? 8 : 10;
}
