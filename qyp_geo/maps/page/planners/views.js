// What the panel says about the whole, a building, a facility, an area, a gap. Each view is a list of nodes.

/** Minutes of a walk, rounded up. @param {Page} page @param {number} metres */
function minutes(page, metres) {
  return Math.ceil((metres * 60) / (page.district.walkKmh * 1000) - 1e-9);
}

/** @param {Page} page @param {number} metres */
function walkText(page, metres) {
  return `${number(metres)} m · ${minutes(page, metres)} ${word("minutes")}`;
}

/** @param {Page} page @param {Target | null} target @returns {Node[]} */
function viewOf(page, target) {
  if (!target) return topicView(page);
  const areas = { zones: areaView, units: areaView };
  const views = { ...areas, coverage: homeView, gaps: gapView, links: linkView, facility: facilityView };
  const decided = { siting: siteView, catchment: catchmentView }[target.overlay.role === "theme" ? target.overlay.kind : ""];
  const view = decided ?? views[/** @type {keyof typeof views} */ (target.overlay.role)] ?? plainView;
  const { id, word: topic } = topicOf(page);
  const back = button(`← ${word(id === "overview" ? "back" : topic)}`, () => select(page, null), "link back");
  return [back, ...view(page, target.overlay, target.row)];
}

/** What a row is called. @param {Overlay} overlay @param {number} row */
function titleOf(overlay, row) {
  if (overlay.role === "gaps") return `${overlay.ids[row]} ${shortTitle(overlay.facts.missing_title?.[row])}`.trim();
  if (overlay.role === "links") return `${overlay.ids[row]} ${typeText(overlay, row)}`;
  return overlay.names[row] || `${thingOf(overlay)} ${overlay.ids[row]}`;
}

/** What one row of an overlay is. @param {Overlay} overlay */
function thingOf(overlay) {
  return overlay.role === "coverage" ? word("home") : labelOf(overlay);
}

/** What type of its overlay a row is, "" where there are none. @param {Overlay} overlay @param {number} row */
function typeText(overlay, row) {
  const type = typeOf(overlay, row);
  return type ? word(type.word) : "";
}

/** @param {Overlay} overlay @param {number} row */
function heading(overlay, row) {
  const made = make("h2", "", titleOf(overlay, row));
  made.tabIndex = -1;
  return make("div", "heading", make("p", "kind", thingOf(overlay)), made);
}

/** A fact as text, "" where there is none. @param {Overlay} overlay @param {string} name @param {number} row */
function textOf(overlay, name, row) {
  return plainText(overlay.facts[name]?.[row]);
}

/** A fact as a number, NaN where there is none. @param {Overlay} overlay @param {string} name @param {number} row */
function numberOf(overlay, name, row) {
  const value = overlay.facts[name]?.[row];
  return typeof value === "number" ? value : NaN;
}

/** A figure with its unit, "" where there is none. @param {number} value @param {string} unit @param {number} [decimals] */
function figure(value, unit, decimals = 0) {
  return Number.isNaN(value) ? "" : `${number(value, decimals)} ${unit}`.trim();
}

/** What the map's declaration asks to be shown of a row. @param {Overlay} overlay @param {number} row */
function declaredFacts(overlay, row) {
  return overlay.fields.map(
    ({ heading, values }) => /** @type {[string, string]} */ ([heading, plainText(values[row])]),
  );
}

/** @param {Page} page @param {Overlay} overlay @param {number} row */
function homeView(page, overlay, row) {
  const people = numberOf(overlay, "people", row);
  const estimated = overlay.facts.estimated?.[row] === true;
  const reached = numberOf(overlay, "n_reached", row);
  const noData = numberOf(overlay, "n_no_data", row);
  const judged = numberOf(overlay, "n_required", row) - noData;
  const off = numberOf(overlay, "off_m", row);
  const tooFar = overlay.facts.too_far?.[row] === true;
  const cutOff = overlay.facts.cut_off?.[row] === true;
  const marks = [estimated && word("estimated"), overlay.facts.spread?.[row] === true && word("spread")];
  return [
    heading(overlay, row),
    facts([
      [
        word("residentsOf"),
        Number.isNaN(people) ? "" : `${number(people)} ${[word("people"), ...marks].filter(Boolean).join(" · ")}`,
      ],
      [word("estate"), textOf(overlay, "estate", row)],
      [word("township"), textOf(overlay, "township", row)],
      [word("community"), textOf(overlay, "community", row)],
      [word("zones"), textOf(overlay, "zones", row)],
      [word("offNetwork"), tooFar || cutOff ? `${figure(off, "m")} (${word(tooFar ? "tooFar" : "cutOff")})` : ""],
      ...declaredFacts(overlay, row),
    ]),
    Number.isNaN(reached)
      ? ""
      : make(
          "div",
          "reached",
          make("strong", "", `${word("reached")} ${number(reached)} ${word("of")} ${number(judged)} ${word("items")}`),
          make("span", "small", noData ? ` ${number(noData)} ${word("itemsNoData")}` : ""),
          bar(judged ? reached / judged : 0),
        ),
    ...walksTables(page, row),
    ...measureNotes(page),
    footnote(page, estimated),
  ].map(asNode);
}

/** What the distances are, and the line on the map. @param {Page} page */
function measureNotes(page) {
  const { fromGate, radius, ways } = coverageOf(page);
  const notes = [fromGate && "fromGateNote", radius && "radiusNote", ways && "wayNote"];
  return notes.flatMap((key) => (key ? [make("p", "footnote", word(key))] : []));
}

/** @param {Node | string} given */
function asNode(given) {
  return typeof given === "string" ? document.createTextNode(given) : given;
}

/** @param {Page} page @param {boolean} estimated */
function footnote(page, estimated) {
  const speed = `${word("roundedUp")} ${number(page.district.walkKmh, 1)} km/h`;
  return make("p", "footnote", estimated ? `${speed};${word("estimatedYes")}` : speed);
}

/** @param {Page} page @param {Overlay} overlay @param {number} row */
function facilityView(page, overlay, row) {
  const declared = declaredFacts(overlay, row);
  const own = /** @type {[string, string][]} */ ([
    [word("status"), textOf(overlay, "status", row)],
    [word("capacity"), textOf(overlay, "capacity", row)],
    [word("open_year"), String(overlay.facts.open_year?.[row] ?? "")],
    [word("area_m2"), figure(numberOf(overlay, "area_m2", row), "m²")],
    [word("bldg_m2"), figure(numberOf(overlay, "bldg_m2", row), "m²")],
  ]);
  const rules = requirementsOfKind(page, overlay.kind).map((r) =>
    make("li", "", `${limitText(page, r)} · `, ruleOf(page, r)),
  );
  return [
    heading(overlay, row),
    facts(declared.length ? [...declared, own[0]] : own),
    ...(rules.length ? [make("h3", "", word("rule")), make("ul", "rules", ...rules)] : []),
  ];
}

/** @param {Page} page @param {Overlay} overlay @param {number} row */
function gapView(page, overlay, row) {
  const kind = String(overlay.facts.missing?.[row] ?? "");
  const requirement = requirementOfGap(page, overlay, row);
  const name = textOf(overlay, "nearest_name", row);
  const nearest = findFacility(page, overlay.facts.nearest_facility?.[row], kind, name);
  const walk = numberOf(overlay, "nearest_walk_m", row);
  const suspected = overlay.facts.suspected?.[row] === true;
  return [
    heading(overlay, row),
    ...(suspected ? [make("p", "warning", word("suspected"))] : []),
    facts([
      [word("type"), textOf(overlay, "type", row)],
      [word("action"), textOf(overlay, "action", row)],
      [word("missing"), shortTitle(overlay.facts.missing_title?.[row])],
      [word("alsoMissing"), shortTitle(overlay.facts.also_missing?.[row])],
      [
        word("residentsOf"),
        Number.isNaN(numberOf(overlay, "people", row)) ? "" : peopleText(numberOf(overlay, "people", row)),
      ],
      [word("units"), figure(numberOf(overlay, "units", row), word("demandPoints"))],
      [word("limit"), figure(numberOf(overlay, "limit_m", row), "m")],
      [word("medianExcess"), figure(Math.ceil(numberOf(overlay, "median_excess_m", row)), "m")],
      [word("nearestFacility"), nearest ? targetLink(page, nearest) : name],
      [word("walk"), Number.isNaN(walk) ? "" : walkText(page, Math.ceil(walk))],
      [word("straight"), figure(Math.ceil(numberOf(overlay, "radius_m", row)), "m")],
      [word("zone"), textOf(overlay, "zone", row)],
      [word("township"), textOf(overlay, "township", row)],
      [word("community"), textOf(overlay, "community", row)],
      [word("estate"), textOf(overlay, "estate", row)],
      [word("rank"), textOf(overlay, "rank", row)],
      [word("responsible"), textOf(overlay, "responsible", row)],
      [word("checked"), textOf(overlay, "checked", row)],
      ...declaredFacts(overlay, row),
    ]),
    ...linkList(page, overlay.ids[row]),
    ...(requirement >= 0 ? [make("h3", "", word("rule")), make("p", "", ruleOf(page, requirement))] : []),
    footnote(page, false),
  ];
}

/** @param {Page} page @param {Overlay} overlay @param {number} row */
function linkView(page, overlay, row) {
  const gap = gapNamed(page, textOf(overlay, "gap", row));
  const requirement = requirementOfGap(page, overlay, row);
  return [
    heading(overlay, row),
    facts([
      [word("peopleGained"), peopleText(numberOf(overlay, "people_gained", row))],
      [word("units"), figure(numberOf(overlay, "units_gained", row), word("demandPoints"))],
      [word("requirement"), requirement >= 0 ? limitText(page, requirement) : ""],
      [word("inGap"), gap ? targetLink(page, gap) : textOf(overlay, "gap", row)],
      [word("crosses"), textOf(overlay, "crosses", row)],
      [word("length"), figure(numberOf(overlay, "length_m", row), "m", 1)],
    ]),
    make("p", "footnote", word("linkNote")),
  ];
}

/** @param {Page} page @param {Overlay} overlay @param {number} row */
function areaView(page, overlay, row) {
  const share = numberOf(overlay, "share_reached", row);
  const counts = Object.keys(overlay.facts)
    .filter((name) => name.startsWith("n_"))
    .map((name) => /** @type {[string, string]} */ ([kindTitle(page, name.slice(2)), textOf(overlay, name, row)]));
  const inZones = overlay.role === "zones";
  const ofLevel = (/** @type {unknown} */ level) => (level === "zone") === inZones && level !== "district";
  const rows = areaRows(page, ofLevel, overlay.ids[row]);
  const total = page.coverage?.areas.people_total?.[rows[0]];
  const people = typeof total === "number" ? total : numberOf(overlay, "people", row);
  return [
    heading(overlay, row),
    facts([
      [word("level"), textOf(overlay, "level", row)],
      [word("code"), String(overlay.facts.code?.[row] ?? "")],
      [word("area_km2"), figure(numberOf(overlay, "area_km2", row), "km²", 2)],
      [word("residentsOf"), Number.isNaN(people) ? "" : peopleText(people)],
      [word("share_reached"), Number.isNaN(share) ? "" : percent(share)],
      ...headlineFacts(page, ofLevel, overlay.ids[row]),
      [word("overlaps"), textOf(overlay, "overlaps", row)],
      ...declaredFacts(overlay, row),
    ]),
    ...(rows.length ? [make("h3", "", word("coverage")), ...besideDistrict(page, rows), ...coverageTables(page, rows)] : []),
    ...(counts.length ? [fold(word("contains"), false, facts(counts))] : []),
  ];
}

/** @param {Page} page @param {Overlay} overlay @param {number} row */
function plainView(page, overlay, row) {
  const declared = declaredFacts(overlay, row);
  const own = /** @type {[string, string][]} */ ([
    [word("type"), typeText(overlay, row)],
    [word("residentsOf"), figure(numberOf(overlay, "people", row), word("people"))],
    [word("levels"), figure(numberOf(overlay, "levels", row), "")],
    [word("floor_m2"), figure(numberOf(overlay, "floor_m2", row), "m²")],
  ]);
  return [heading(overlay, row), facts(declared.length ? declared : own)];
}

/** @param {Page} page */
function overviewView(page) {
  const rows = areaRows(page, (level) => level === "district", null);
  const total = Number(page.coverage?.areas.people_total?.[rows[0]]);
  return [
    facts([
      [word("residentsOf"), total ? peopleText(total) : ""],
      ...headlineFacts(page, (level) => level === "district", null),
    ]),
    ...unverifiedNote(page),
    ...(rows.length
      ? [make("h3", "", word("coverage")), make("p", "footnote", word("clickToColour")), ...coverageTables(page, rows)]
      : []),
    ...gapLists(page),
    ...checksFold(page),
    ...(page.notes.length
      ? [fold(word("notes"), false, make("ul", "notes", ...page.notes.map((note) => make("li", "", note))))]
      : []),
    sourcesFold(page),
    footnote(page, false),
  ];
}
