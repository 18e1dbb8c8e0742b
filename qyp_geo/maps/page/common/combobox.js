// Search by name: a combobox after the ARIA pattern. Arrows move, Enter chooses, Escape closes.

/**
 * Make a combobox of the page's search field and its list.
 * @template {{text: string, detail: string}} Hit
 * @param {(typed: string) => Hit[]} find @param {(hit: Hit) => void} chosen
 */
function makeCombobox(find, chosen) {
  const input = /** @type {HTMLInputElement} */ (byId("search"));
  const list = byId("search-list");
  /** @type {Hit[]} */
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
    chosen(hit);
  };
  const open = () => {
    hits = find(input.value);
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
