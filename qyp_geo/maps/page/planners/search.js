// What is found by name on the planners' page.

const MOST_FOUND = 40;
const SEARCHED = new Set([
  "coverage",
  "residents",
  "facility",
  "zones",
  "units",
  "gaps",
  "links",
  "estates",
  "landmarks",
  "candidates",
  "water",
]);

/** What is called by its number. */
const NUMBERED = new Set(["gaps", "links"]);

/** @param {Page} page @returns {{text: string, detail: string, target: Target}[]} */
function searchIndex(page) {
  return page.overlays
    .filter(({ role }) => SEARCHED.has(role))
    .flatMap((overlay) =>
      overlay.ids.flatMap((_, row) => {
        if (!overlay.names[row] && !NUMBERED.has(overlay.role)) return [];
        const where = textOf(overlay, "community", row) || textOf(overlay, "township", row);
        const detail = [thingOf(overlay), where].filter(Boolean).join(" · ");
        return [{ text: titleOf(overlay, row), detail, target: { overlay, row } }];
      }),
    );
}

/** What holds the typed text, names that begin with it first. @param {ReturnType<typeof searchIndex>} index @param {string} typed */
function found(index, typed) {
  const wanted = typed.trim().toLowerCase();
  if (!wanted) return [];
  const hits = index.filter(
    ({ text, detail, target }) =>
      text.toLowerCase().includes(wanted) || (target.overlay.role === "gaps" && detail.toLowerCase().includes(wanted)),
  );
  const begins = (/** @type {{text: string}} */ hit) => (hit.text.toLowerCase().startsWith(wanted) ? 0 : 1);
  return hits.sort((a, b) => begins(a) - begins(b)).slice(0, MOST_FOUND);
}

/** @param {Page} page */
function setUpSearch(page) {
  const index = searchIndex(page);
  makeCombobox(
    (typed) => found(index, typed),
    ({ target }) => select(page, target, { pan: true, focus: true }),
  );
}
