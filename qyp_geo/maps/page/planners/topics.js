// The topics of the panel: what it shows while nothing on the map is selected.

/** @typedef {{id: string, word: string, has: (page: Page) => boolean, view: (page: Page) => Node[]}} Topic */

/** @type {Topic[]} */
const TOPICS = [
  { id: "overview", word: "overview", has: () => true, view: (page) => overviewView(page) },
  { id: "areas", word: "areas", has: (page) => comparedLevels(page).length > 0, view: (page) => areasView(page) },
  { id: "siting", word: "siting", has: (page) => decisionsOf(page, "siting").length > 0, view: (page) => sitingView(page) },
  { id: "supply", word: "supply", has: (page) => decisionsOf(page, "catchment").length > 0, view: (page) => supplyView(page) },
  { id: "scenario", word: "scenario", has: (page) => decisionsOf(page, "compare").length > 0, view: (page) => scenarioView(page) },
  { id: "plan", word: "plan", has: (page) => decisionsOf(page, "plan_targets").length > 0, view: (page) => planView(page) },
  { id: "whatIf", word: "whatIf", has: canAsk, view: (page) => whatIfView(page) },
  { id: "tables", word: "dataTables", has: () => true, view: (page) => tablesView(page) },
];

/** @param {Page} page */
function topicOf(page) {
  return TOPICS.find(({ id }) => id === page.topic) ?? TOPICS[0];
}

/** @param {Page} page @param {string} topic */
function openTopic(page, topic) {
  page.topic = topic;
  select(page, null);
}

/** @param {Page} page @returns {Node[]} */
function topicView(page) {
  const topic = topicOf(page);
  const tabs = TOPICS.filter(({ has }) => has(page)).map(({ id, word: key }) => {
    const tab = button(word(key), () => openTopic(page, id), "tab");
    if (id === topic.id) tab.setAttribute("aria-current", "true");
    return tab;
  });
  const nav = make("nav", "topics", ...tabs);
  nav.setAttribute("aria-label", word("topics"));
  const title = make("h2", "", word(topic.word));
  title.tabIndex = -1;
  return [nav, make("div", "heading", make("p", "kind", page.district.title), title), ...topic.view(page)];
}

/** A labelled choice. @param {string} label @param {[string, string][]} options value and text @param {string} chosen @param {(value: string) => void} choose */
function choice(label, options, chosen, choose) {
  const list = /** @type {HTMLSelectElement} */ (make("select"));
  list.append(...options.map(([value, text]) => new Option(text, value)));
  list.value = chosen;
  list.addEventListener("change", () => choose(list.value));
  list.setAttribute("aria-label", label);
  return make("div", "field", make("span", "", label), list);
}

/** Rows of columns as a table that sorts. @param {string} caption @param {Columns} columns @param {[string, string, ((value: unknown) => GridCell)?][]} wanted column, heading, how it is told @param {string} name */
function gridOfColumns(caption, columns, wanted, name) {
  const there = wanted.filter(([column]) => columns[column]?.some((value) => value !== null && value !== ""));
  if (!there.length) return make("p", "small", word("noData"));
  const isNumber = (/** @type {string} */ column) => columns[column].every((value) => value === null || typeof value === "number");
  const heads = there.map(([column, text]) => ({ text, numeric: isNumber(column) }));
  const rows = columns[there[0][0]].map((_, i) => there.map(([column, , tell]) => (tell ?? plainCell)(columns[column][i])));
  return sortableTable({ caption, heads, rows, name });
}

/** @param {unknown} value @returns {GridCell} */
function plainCell(value) {
  return typeof value === "number" ? value : plainText(value);
}

/** @param {unknown} value @returns {GridCell} */
function percentCell(value) {
  return typeof value === "number" ? percent(value) : "";
}

/** Totals of people are told to tens. @param {unknown} value @returns {GridCell} */
function peopleCell(value) {
  return typeof value === "number" ? (value < 10 ? value : Math.round(value / 10) * 10) : "";
}

/** Every overlay as a table. @param {Page} page @returns {Node[]} */
function tablesView(page) {
  const shown = page.overlays.filter(({ ids, role }) => ids.length && role !== "streets" && role !== "boundary");
  const overlay = shown[page.table] ?? shown[0];
  if (!overlay) return [];
  const options = shown.map((one, i) => /** @type {[string, string]} */ ([String(i), labelOf(one)]));
  const choose = choice(word("chooseTable"), options, String(shown.indexOf(overlay)), (value) => {
    page.table = Number(value);
    fillPanel(page);
  });
  const columns = overlay.fields.length
    ? overlay.fields.map(({ heading, values }) => ({ heading, values }))
    : Object.entries(overlay.facts).map(([name, values]) => ({ heading: headingOf(page, name), values }));
  const heads = [
    { text: word("place") },
    { text: "ID" },
    ...columns.map(({ heading, values }) => ({ text: heading, numeric: values.some((value) => typeof value === "number") })),
  ];
  const rows = overlay.ids.map((id, row) => [
    { text: titleOf(overlay, row), make: () => targetLink(page, { overlay, row }) },
    id,
    ...columns.map(({ values }) => plainCell(values[row])),
  ]);
  return [choose, sortableTable({ caption: labelOf(overlay), heads, rows, name: labelOf(overlay) })];
}

/** A column's name for readers, where there is a word for it. @param {Page} page @param {string} name */
function headingOf(page, name) {
  if (name.startsWith("n_")) {
    const kind = page.kinds.get(name.slice(2));
    if (kind) return kind[language === "zh" ? 0 : 1];
  }
  return WORDS[language][HEADINGS[name] ?? name] ?? name;
}

/** Columns whose word has another name. @type {Record<string, string>} */
const HEADINGS = {
  people: "residentsOf",
  n_required: "items",
  n_reached: "reached",
  limit_m: "limit",
  median_excess_m: "medianExcess",
  nearest_name: "nearestFacility",
  nearest_walk_m: "walk",
  missing_title: "missing",
  also_missing: "alsoMissing",
  radius_m: "straight",
  length_m: "length",
  people_gained: "peopleGained",
  units_gained: "units",
  off_m: "offNetwork",
};
