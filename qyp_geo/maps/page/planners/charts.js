// Charts as inline SVG. Each says its title and figures as text; the table of the same figures stands beside it.

/** @typedef {{label: string, value: number, text: string, mark?: number, colour?: string}} Bar `mark` is what it is held against */
/** @typedef {{x: number, y: number, text: string}} ChartPoint */

const CHART_WIDTH = 388;
const BAR_HEIGHT = 24;
const CHART_COLOUR = "#08519c";

/** @param {string} tag @param {Record<string, string | number>} attributes @param {...(Node | string)} children */
function svg(tag, attributes, ...children) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, String(value));
  made.append(...children);
  return made;
}

/** A picture with its title above. @param {string} title @param {string} said all figures @param {number} height @param {Node[]} parts @param {string} [note] */
function chart(title, said, height, parts, note = "") {
  const picture = svg(
    "svg",
    { viewBox: `0 0 ${CHART_WIDTH} ${height}`, role: "img", "aria-label": `${title}: ${said}`, class: "chart" },
    ...parts,
  );
  const caption = make("figcaption", "", title, ...(note ? [make("span", "small", note)] : []));
  return make("figure", "chart-box", caption, picture);
}

/** Horizontal bars from 0 to the most that is shown. @param {string} title @param {Bar[]} bars @param {{most?: number, note?: string}} [how] */
function barChart(title, bars, { most, note } = {}) {
  const [from, to] = [142, CHART_WIDTH - 62];
  const whole = most ?? Math.max(...bars.map(({ value, mark }) => Math.max(value || 0, mark ?? 0)), Number.MIN_VALUE);
  const at = (/** @type {number} */ value) => from + (Math.min(Math.max(value || 0, 0), whole) / whole) * (to - from);
  const parts = bars.flatMap(({ label, value, text, mark, colour }, i) => {
    const top = i * BAR_HEIGHT;
    const row = [
      svg("text", { x: from - 8, y: top + 16, "text-anchor": "end" }, svg("title", {}, label), shortened(label)),
      svg("rect", { x: from, y: top + 5, width: to - from, height: 14, rx: 2, fill: "#edf0f3" }),
      svg("rect", { x: from, y: top + 5, width: at(value) - from, height: 14, rx: 2, fill: colour ?? CHART_COLOUR }),
      svg("text", { x: to + 6, y: top + 16 }, text),
    ];
    if (mark !== undefined && !Number.isNaN(mark))
      row.push(svg("line", { x1: at(mark), x2: at(mark), y1: top + 2, y2: top + 22, stroke: "#b35806", "stroke-width": 2 }));
    return row;
  });
  const said = bars.map(({ label, text }) => `${label} ${text}`).join("; ");
  return chart(title, said, bars.length * BAR_HEIGHT + 2, parts, note);
}

/** What fits before a bar. @param {string} label */
function shortened(label) {
  let [wide, end] = [0, 0];
  const letters = Array.from(label);
  while (end < letters.length && wide <= 10) wide += /[\u2e80-\uffef]/.test(letters[end++]) ? 1 : 0.55;
  return end < letters.length ? `${letters.slice(0, end - 1).join("")}…` : label;
}

/** A curve through points, with their figures. @param {string} title @param {ChartPoint[]} points @param {{xTitle: string, yTitle: string, note?: string}} words */
function lineChart(title, points, { xTitle, yTitle, note }) {
  const [left, right, top, bottom] = [52, CHART_WIDTH - 14, 26, 186];
  const mostX = Math.max(...points.map(({ x }) => x), 1);
  const step = niceStep(Math.max(...points.map(({ y }) => y), 1) / 4);
  const mostY = step * Math.ceil(Math.max(...points.map(({ y }) => y), 1) / step);
  const atX = (/** @type {number} */ x) => left + (x / mostX) * (right - left);
  const atY = (/** @type {number} */ y) => bottom - (y / mostY) * (bottom - top);
  /** @type {Node[]} */
  const parts = [svg("text", { x: 2, y: 12, class: "axis" }, yTitle)];
  for (let y = 0; y <= mostY; y += step) {
    parts.push(svg("line", { x1: left, x2: right, y1: atY(y), y2: atY(y), stroke: "#dfe4ea" }));
    parts.push(svg("text", { x: left - 6, y: atY(y) + 4, "text-anchor": "end", class: "axis" }, number(y)));
  }
  const line = [{ x: 0, y: 0 }, ...points].map(({ x, y }) => `${atX(x).toFixed(1)},${atY(y).toFixed(1)}`).join(" ");
  parts.push(svg("polyline", { points: line, fill: "none", stroke: CHART_COLOUR, "stroke-width": 2.5 }));
  for (const { x, y, text } of points) {
    const dot = { cx: atX(x), cy: atY(y), r: 4, fill: "#ffffff", stroke: CHART_COLOUR, "stroke-width": 2.5 };
    parts.push(svg("circle", dot, svg("title", {}, text)));
    parts.push(svg("text", { x: atX(x), y: bottom + 16, "text-anchor": "middle", class: "axis" }, number(x)));
  }
  parts.push(svg("text", { x: right, y: bottom + 32, "text-anchor": "end", class: "axis" }, xTitle));
  return chart(title, points.map(({ text }) => text).join("; "), bottom + 38, parts, note);
}

/** 1, 2 or 5 with noughts: the least that is no less. @param {number} least */
function niceStep(least) {
  const power = 10 ** Math.floor(Math.log10(least));
  return power * ([1, 2, 5, 10].find((one) => one * power >= least) ?? 10);
}
