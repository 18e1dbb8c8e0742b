// A table that sorts, filters and is saved as CSV: what the map shows, for readers who cannot or will not use a map.

/** @typedef {{text: string, numeric?: boolean}} GridHead */
/** @typedef {string | number | Node | {text: string, make: () => Node}} GridCell a node is sorted, filtered and saved by its text, and may be made when it is shown; "" is nothing */
/** @typedef {{caption: string, heads: GridHead[], rows: GridCell[][], name: string}} Grid `name` is that of the file, without suffix */

/** How many rows are shown before a reader asks for more. */
const ROWS_AT_ONCE = 100;
/** What a spreadsheet would take for a formula, as tables.py has it. */
const FORMULA_SIGNS = ["=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠"];

/** @param {Grid} grid @returns {HTMLElement} */
function sortableTable({ caption, heads, rows, name }) {
  const body = make("tbody");
  const count = make("span", "small grid-count");
  count.setAttribute("role", "status");
  const more = button(word("moreRows"), () => show(shown + 10 * ROWS_AT_ONCE), "link grid-more");
  let kept = rows;
  let shown = 0;
  /** @type {{column: number, down: boolean} | null} */
  let order = null;

  const show = (/** @type {number} */ upTo) => {
    shown = upTo;
    body.replaceChildren(...kept.slice(0, upTo).map((row) => gridRow(row, heads)));
    more.hidden = kept.length <= upTo;
    count.textContent = `${number(kept.length)}${kept.length < rows.length ? ` / ${number(rows.length)}` : ""} ${word("rows")}`;
  };
  const refresh = () => {
    const wanted = filter.value.trim().toLowerCase();
    kept = wanted ? rows.filter((row) => row.some((one) => cellText(one).toLowerCase().includes(wanted))) : [...rows];
    if (order) kept.sort(rowOrder(order.column, heads[order.column].numeric ?? false, order.down));
    show(ROWS_AT_ONCE);
  };
  const filter = /** @type {HTMLInputElement} */ (make("input", "grid-filter"));
  filter.type = "search";
  filter.placeholder = word("filterRows");
  filter.setAttribute("aria-label", `${word("filterRows")}: ${caption}`);
  filter.addEventListener("input", refresh);

  const headCells = heads.map((head, column) => {
    const sort = () => {
      order = { column, down: order?.column === column && !order.down };
      headCells.forEach((other, i) => other.setAttribute("aria-sort", i === column ? sortWord(order) : "none"));
      refresh();
    };
    const made = cell("th", head.numeric ? "figure" : "", button(head.text, sort, "grid-sort"));
    made.setAttribute("aria-sort", "none");
    return made;
  });
  const made = make(
    "table",
    "grid-table",
    make("caption", "", caption),
    make("thead", "", make("tr", "", ...headCells)),
    body,
  );
  const scroll = make("div", "grid-scroll", made);
  // A wide table scrolls by itself; by keyboard, too.
  scroll.tabIndex = 0;
  scroll.setAttribute("role", "region");
  scroll.setAttribute("aria-label", caption);
  const save = button(word("saveCsv"), () => saveText(`${name}.csv`, "text/csv", csvOf(heads, kept)), "grid-save");
  refresh();
  return make("div", "grid", make("div", "grid-tools", filter, count, save), scroll, more);
}

/** @param {{down: boolean} | null} order */
function sortWord(order) {
  return order?.down ? "descending" : "ascending";
}

/** @param {GridCell[]} row @param {GridHead[]} heads */
function gridRow(row, heads) {
  const cells = row.map((value, i) => {
    const shown = cellNode(value);
    if (i) return cell("td", heads[i].numeric ? "figure" : "", shown);
    const head = make("th", "", shown);
    head.setAttribute("scope", "row");
    return head;
  });
  return make("tr", "", ...cells);
}

/** What stands in a cell. @param {GridCell} value */
function cellNode(value) {
  if (typeof value === "number") return number(value, 3);
  return typeof value === "string" || value instanceof Node ? value : value.make();
}

/** @param {GridCell} value */
function cellText(value) {
  if (typeof value === "object" && "make" in value) return value.text;
  return value instanceof Node ? (value.textContent ?? "") : String(value);
}

/**
 * Compares two rows by one column; what has no value, or no number where numbers stand, comes last either way.
 * @param {number} column @param {boolean} numeric @param {boolean} down
 */
function rowOrder(column, numeric, down) {
  const sign = down ? -1 : 1;
  const words = new Intl.Collator(language === "zh" ? "zh-CN" : "en", { numeric: true });
  return (/** @type {GridCell[]} */ a, /** @type {GridCell[]} */ b) => {
    const [one, other] = [cellText(a[column]), cellText(b[column])];
    const [first, second] = numeric ? [parseFloat(one), parseFloat(other)] : [0, 0];
    const missing = (/** @type {string} */ text, /** @type {number} */ value) =>
      Number(text === "" || Number.isNaN(value));
    const last = missing(one, first) - missing(other, second);
    return last || sign * (numeric ? first - second || 0 : words.compare(one, other));
  };
}

/** With a byte order mark, by which Excel knows UTF-8. @param {GridHead[]} heads @param {GridCell[][]} rows */
function csvOf(heads, rows) {
  const lines = [heads.map(({ text }) => csvCell(text)), ...rows.map((row) => row.map(csvCell))];
  return `\ufeff${lines.map((line) => line.join(",")).join("\r\n")}\r\n`;
}

/** @param {GridCell} value */
function csvCell(value) {
  if (typeof value === "number") return String(value);
  const text = cellText(value);
  const safe = text.length > 1 && FORMULA_SIGNS.some((sign) => text.startsWith(sign)) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/** Hand a text to the reader as a file. @param {string} name @param {string} type @param {string} text */
function saveText(name, type, text) {
  const link = /** @type {HTMLAnchorElement} */ (make("a"));
  link.href = URL.createObjectURL(new Blob([text], { type: `${type};charset=utf-8` }));
  link.download = name.replace(/[\\/:*?"<>|\p{Cc}]/gu, "_");
  link.click();
  URL.revokeObjectURL(link.href);
}
