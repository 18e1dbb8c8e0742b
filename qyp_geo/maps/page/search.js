// Search by name: a combobox after the ARIA pattern. Arrows move, Enter chooses, Escape closes.

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
  const input = /** @type {HTMLInputElement} */ (document.getElementById("search"));
  const list = /** @type {HTMLElement} */ (document.getElementById("search-list"));
  /** @type {ReturnType<typeof searchIndex>} */
  let hits = [];
  let active = -1;

  const close = () => {
    list.replaceChildren();
    list.hidden = true;
    input.setAttribute("aria-expanded", "false");
    input.removeAttribute("aria-activedescendant");
    active = -1;
  };
  const activate = (/** @type {number} */ place) => {
    active = place;
    Array.from(list.children).forEach((item, i) => item.setAttribute("aria-selected", String(i === place)));
    input.setAttribute("aria-activedescendant", `search-${place}`);
    list.children[place].scrollIntoView({ block: "nearest" });
  };
  const choose = (/** @type {number} */ place) => {
    const hit = hits[place];
    close();
    input.value = hit.text;
    select(page, hit.target, { pan: true, focus: true });
  };
  const open = () => {
    hits = found(index, input.value);
    close();
    if (!input.value.trim()) return;
    const items = hits.map(({ text, detail }, i) => {
      const item = make("li", "", make("span", "hit", text), make("span", "small", detail));
      item.id = `search-${i}`;
      item.setAttribute("role", "option");
      item.setAttribute("aria-selected", "false");
      // Before the input loses focus, which closes the list.
      item.addEventListener("mousedown", (event) => event.preventDefault());
      item.addEventListener("click", () => choose(i));
      return item;
    });
    list.replaceChildren(...(items.length ? items : [make("li", "none", word("noMatch"))]));
    list.hidden = false;
    input.setAttribute("aria-expanded", "true");
  };

  input.addEventListener("input", open);
  input.addEventListener("focus", () => input.select());
  input.addEventListener("blur", close);
  input.addEventListener("keydown", (event) => {
    // An input method that is composing a Chinese word keeps its own keys.
    if (event.isComposing) return;
    if (event.key === "Escape") close();
    else if (event.key === "Enter" && !list.hidden && hits.length) choose(Math.max(active, 0));
    else if ((event.key === "ArrowDown" || event.key === "ArrowUp") && !list.hidden && hits.length) {
      event.preventDefault();
      const step = event.key === "ArrowDown" ? 1 : -1;
      activate((active + step + hits.length) % hits.length);
    }
  });
}
