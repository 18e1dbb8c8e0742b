// What the panel says before a start is chosen, of one facility, and about the map itself.

/** What the panel shows of the page's state. @param {Page} page @returns {Node[]} */
function viewOf(page) {
  if (page.facility >= 0) return facilityView(page, page.facility);
  if (page.start) return [...startView(page), ...page.about];
  return welcomeView(page);
}

/** @param {Page} page */
function welcomeView(page) {
  const title = make("h2", "", word("welcome"));
  title.tabIndex = -1;
  const looks = CIRCLE_MINUTES.map((minutes, i) => {
    const line = make("span", "stroke");
    line.style.background = CIRCLE_LOOKS[i].colour;
    return make("li", "", line, `${minutes} ${word("minute")}`);
  });
  return [
    make("div", "hero", title, make("p", "", word("welcomeHow")), make("ul", "circle-key", ...looks)),
    ...messageOf(page),
    make(
      "div",
      "actions",
      button([iconOf("locate"), word("locate")], () => locate(page), "main"),
      button(word("centre"), () => startFromCentre(page), "chip"),
      button(word("tablesOpen"), () => openTables(page), "chip"),
    ),
    speedChoice(page),
    ...page.about,
  ];
}

/** What went wrong last, read out at once. @param {Page} page */
function messageOf(page) {
  if (!page.message) return [];
  const made = make("p", "warning", word(page.message));
  made.setAttribute("role", "alert");
  return [made];
}

/** @param {Page} page @param {number} row */
function facilityView(page, row) {
  const { names, kind, at } = page.facilities;
  const title = make("h2", "", names[row] || kindName(page, kind[row]));
  title.tabIndex = -1;
  const mm = page.walks ? page.walks.mm[row] : -1;
  const walk =
    mm < 0
      ? []
      : [
          make(
            "p",
            "score",
            make("strong", "", String(minutesOf(page, mm))),
            ` ${word("minute")} · ${number(metresOf(mm))} m`,
          ),
        ];
  const back = page.start ? word("backToPlace") : word("backToStart");
  return [
    button(`← ${back}`, () => chooseFacility(page, -1), "link back"),
    make("div", "start", make("p", "kind", kindName(page, kind[row])), title),
    ...walk,
    facts(declaredFacts(page, row)),
    make(
      "div",
      "actions",
      button(word("startHere"), () => setStart(page, pointed(at[row]), { fit: true, focus: true }), "main"),
    ),
    footer(page),
  ];
}

/** What the map's declaration asks to be told of a facility. @param {Page} page @param {number} row */
function declaredFacts({ facilities: { fields, layer } }, row) {
  return fields.flatMap(({ layer: of, heading, rows, values }) => {
    // Rows of a layer ascend, without a gap.
    const value = of === layer[row] ? plainText(values[row - rows[0]]) : "";
    return value ? [/** @type {[string, string]} */ ([heading, value])] : [];
  });
}

/** Which standard, how many of its figures are not verified. @param {Page} page */
function standardNotes(page) {
  const { unverified } = page.marks;
  const notes = [make("p", "", word("standardText"))];
  if (unverified) {
    const count = `${number(unverified)} / ${number(page.needs.id.length)}`;
    notes.push(make("p", "", make("span", "mark", "未核"), ` ${count} ${word("unverifiedText")}`));
  }
  return notes;
}

/** What the map rests on: made once per language, so that what is open stays open. @param {Page} page @returns {Node[]} */
function aboutFolds(page) {
  const rules = page.needs.id.map((_, need) => {
    const { source, clause, strength, verified } = page.needs;
    const said = [strength[need], plainText(source[need]).replace(/\s*[（(]未核[）)]$/, "")].map(plainText);
    if (clause[need] && !said[1].includes(plainText(clause[need]))) said.push(plainText(clause[need]));
    const line = make("span", "small", said.filter(Boolean).join(" · "));
    if (verified[need] !== true) line.append(" ", make("span", "mark", "未核"));
    return make("li", "", `${needName(page, need)} ${signedLimit(page, need)}`, line);
  });
  const sources = page.sources.map((source) => {
    const dated = source.asOf || source.retrieved;
    const told = [source.publisher, dated, source.completeness, source.licence, source.note];
    return make("li", "", make("strong", "", source.title), make("span", "small", told.filter(Boolean).join(" · ")));
  });
  return [
    make("h3", "about", word("about")),
    fold(word("standardFold"), false, ...standardNotes(page), make("ul", "rules", ...rules)),
    ...(page.notes.length
      ? [fold(word("notesFold"), false, make("ul", "notes", ...page.notes.map((note) => make("li", "", note))))]
      : []),
    fold(word("dataFold"), false, make("ul", "sources", ...sources)),
    footer(page),
  ];
}

/** @param {Page} page */
function footer(page) {
  const { exemption, publisher, date, marks } = page;
  const lines = [
    isDraft() ? word("draft") : "",
    page.reviewNumber ? `${word("reviewNumber")} ${page.reviewNumber}` : "",
    exemption
      ? `${word("exempt")} ${exemption.clause} · ${word("approvedBy")} ${exemption.approver} ${exemption.date}`
      : "",
    [publisher && `${word("madeBy")} ${publisher}`, date && `${word("dataDate")} ${date}`].filter(Boolean).join(" · "),
    marks.base ? word("unofficial") : "",
    word("disclaimer"),
  ];
  return make("footer", "foot", ...lines.filter(Boolean).map((line) => make("p", "", line)));
}

/** Pictures of buttons: paths in a square of 24. */
const ICONS = {
  locate: "M12 2v3M12 19v3M2 12h3M19 12h3M12 7a5 5 0 1 0 0 10a5 5 0 1 0 0-10",
  search: "M11 4a7 7 0 1 0 0 14a7 7 0 1 0 0-14M16 16l5 5",
  clear: "M6 6l12 12M18 6L6 18",
  layers: "M12 3l9 5-9 5-9-5zM3 13l9 5 9-5",
};

/** @param {keyof typeof ICONS} name */
function iconOf(name) {
  const space = "http://www.w3.org/2000/svg";
  const icon = document.createElementNS(space, "svg");
  icon.setAttribute("viewBox", "0 0 24 24");
  icon.setAttribute("class", "svg");
  icon.setAttribute("aria-hidden", "true");
  const path = document.createElementNS(space, "path");
  path.setAttribute("d", ICONS[name]);
  icon.append(path);
  return icon;
}
