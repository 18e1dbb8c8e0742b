// Everything as tables, in a window of its own: for screen readers, keyboards and spreadsheets.

/** @param {Page} page */
function openTables(page) {
  const window = /** @type {HTMLDialogElement} */ (byId("tables"));
  const close = button([iconOf("clear")], () => window.close(), "round");
  close.setAttribute("aria-label", word("close"));
  const title = make("h2", "", word("tables"));
  title.id = "tables-title";
  const parts = [
    ...(page.walks ? [section("tableNeeds", needsTable(page))] : []),
    section("tableFacilities", facilitiesTable(page)),
    ...(page.areas.name.length ? [section("tableAreas", areasTable(page), word("suppressed"))] : []),
  ];
  window.replaceChildren(
    make("div", "dialog-head", title, close),
    make("div", "dialog-body", ...parts, make("p", "small-print", word("disclaimer"))),
  );
  window.showModal();
}

/** @param {string} key @param {HTMLElement} grid @param {string} [note] */
function section(key, grid, note = "") {
  return make("section", "", make("h3", "", word(key)), grid, ...(note ? [make("p", "small", note)] : []));
}

/** A row's name that brings the reader to it on the map. @param {string} text @param {() => void} action */
function mapLink(text, action) {
  return button(text, () => {
    /** @type {HTMLDialogElement} */ (byId("tables")).close();
    action();
  });
}

/** @param {Page} page */
function needsTable(page) {
  const walks = /** @type {Walks} */ (page.walks);
  const rows = page.needs.id.map((_, need) => {
    const [mm, facility] = [walkOf(walks, need), walks.nearest[need]];
    const name = needName(page, need);
    /** @type {GridCell[]} */
    const cells = [
      facility < 0 ? name : mapLink(name, () => chooseNeed(page, need)),
      word(answerOf(page, walks, need)),
      page.needs.limit_m[need],
      facility < 0 ? "" : page.facilities.names[facility],
      mm < 0 ? "" : metresOf(mm),
      mm < 0 ? "" : minutesOf(page, mm),
    ];
    return cells;
  });
  const heads = [
    { text: word("headNeed") },
    { text: word("headResult") },
    { text: word("headLimit"), numeric: true },
    { text: word("headNearest") },
    { text: word("headMetres"), numeric: true },
    { text: word("headMinutes"), numeric: true },
  ];
  return sortableTable({ caption: word("tableNeeds"), heads, rows, name: word("tableNeeds") });
}

/** @param {Page} page */
function facilitiesTable(page) {
  const { names, kind } = page.facilities;
  const rows = names.map((name, row) => {
    const mm = page.walks ? page.walks.mm[row] : -1;
    const walk = page.walks ? [mm < 0 ? "" : metresOf(mm), mm < 0 ? "" : minutesOf(page, mm)] : [];
    const link = mapLink(name || kindName(page, kind[row]), () => chooseFacility(page, row));
    const told = declaredFacts(page, row).map(([heading, value]) => `${heading} ${value}`);
    return [link, kindName(page, kind[row]), told.join(language === "zh" ? "、" : ", "), ...walk];
  });
  const walk = [
    { text: word("headMetres"), numeric: true },
    { text: word("headMinutes"), numeric: true },
  ];
  const heads = [
    { text: word("headName") },
    { text: word("headKind") },
    { text: word("panel") },
    ...(page.walks ? walk : []),
  ];
  return sortableTable({ caption: word("tableFacilities"), heads, rows, name: word("tableFacilities") });
}

/** @param {Page} page */
function areasTable(page) {
  const { level, name, people_total, mean_reached, need_share } = page.areas;
  const known = page.needs.id.flatMap((_, need) => (page.needData[need] ? [need] : []));
  const rows = name.map((text, row) => [
    text,
    levelWord(level[row]),
    people_total[row] ?? "",
    mean_reached[row] ?? "",
    ...known.map((need) => {
      const share = need_share[need][row];
      return share === null ? "" : Math.round(share * 1000) / 10;
    }),
  ]);
  const heads = [
    { text: word("headName") },
    { text: word("headLevel") },
    { text: word("headPeople"), numeric: true },
    { text: word("headMean"), numeric: true },
    ...known.map((need) => ({ text: `${needName(page, need)} %`, numeric: true })),
  ];
  return sortableTable({ caption: word("tableAreas"), heads, rows, name: word("tableAreas") });
}

/** @param {string} level as the engine writes it */
function levelWord(level) {
  const key = `${level}Level`;
  return key in WORDS[language] ? word(key) : level;
}
