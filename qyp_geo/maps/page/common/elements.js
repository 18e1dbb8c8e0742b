// Making elements. Text from data becomes text: nothing on this page is ever parsed as HTML.

/** @param {string} id */
function byId(id) {
  return /** @type {HTMLElement} */ (document.getElementById(id));
}

/**
 * @param {string} tag @param {string} [className] @param {...(Node | string)} children strings become text
 * @returns {HTMLElement}
 */
function make(tag, className = "", ...children) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  made.append(...children);
  return made;
}

/** @param {string | (Node | string)[]} content @param {() => void} action @param {string} [className] */
function button(content, action, className = "link") {
  const made = make("button", className, ...[content].flat());
  made.setAttribute("type", "button");
  made.addEventListener("click", action);
  return made;
}

/** A section that opens and closes. @param {string} title @param {boolean} open @param {...(Node | string)} children */
function fold(title, open, ...children) {
  const made = /** @type {HTMLDetailsElement} */ (make("details", "fold", make("summary", "", title), ...children));
  made.open = open;
  return made;
}

/** A list of terms and what they say; entries without a value are left out. @param {[string, string | Node][]} entries */
function facts(entries) {
  const list = make("dl", "facts");
  for (const [term, value] of entries) {
    if (value !== "") list.append(make("dt", "", term), make("dd", "", value));
  }
  return list;
}

/** @param {string} tag th or td @param {string} className @param {...(Node | string)} children */
function cell(tag, className, ...children) {
  const made = make(tag, className, ...children);
  if (tag === "th") made.setAttribute("scope", "col");
  return made;
}

/** @param {string[]} heads @param {HTMLElement[]} rows @param {string} className */
function table(heads, rows, className) {
  const head = make("tr", "", ...heads.map((text) => cell("th", "", text)));
  return make("table", className, make("thead", "", head), make("tbody", "", ...rows));
}

/** A bar from 0 to 1; the figure stands beside it, so it is hidden from screen readers. @param {number} share */
function bar(share) {
  const fill = make("span", "bar-fill");
  fill.style.width = percent(Math.min(Math.max(share, 0), 1));
  const made = make("span", "bar", fill);
  made.setAttribute("aria-hidden", "true");
  return made;
}

/** @param {unknown} verdict as the engine writes it */
function verdictBadge(verdict) {
  const [mark, className] = VERDICT_MARKS.get(String(verdict)) ?? ["", "unknown"];
  return make("span", `verdict ${className}`, `${mark} ${tableWord(verdict)}`.trim());
}
