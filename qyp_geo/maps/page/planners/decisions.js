// What the analyses that decide something say: siting, supply, scenarios.

/** @typedef {{of: string, kind: string, title: string, tables: Record<string, Columns>}} Decision */

/** The column by which the table of each kind is read; without it there is nothing to tell. @type {Record<string, string>} */
const KEY_COLUMNS = { siting: "scheme", catchment: "supply", compare: "requirement", plan_targets: "fact_kind" };

/** @param {Page} page @param {string} kind @returns {Decision[]} */
function decisionsOf(page, kind) {
  return (page.decisions ?? []).filter(
    (decision) => decision.kind === kind && decision.tables[""][KEY_COLUMNS[kind]] !== undefined,
  );
}

/** The rows of columns where one has a value. @param {Columns | undefined} columns @param {string} name @param {unknown} value @returns {Columns} */
function rowsWhere(columns, name, value) {
  if (!columns?.[name]) return {};
  const rows = columns[name].flatMap((other, i) => (other === value ? [i] : []));
  return Object.fromEntries(Object.entries(columns).map(([key, values]) => [key, rows.map((i) => values[i])]));
}

/** A cell of columns as text. @param {Columns} columns @param {string} name @param {number} i */
function said(columns, name, i) {
  return plainText(columns[name]?.[i]);
}

/** A cell of columns as a number, NaN where there is none. @param {Columns} columns @param {string} name @param {number} i */
function told(columns, name, i) {
  const value = columns[name]?.[i];
  return typeof value === "number" ? value : NaN;
}

/** A share or a count of people, "" where there is none. @param {number} value @param {(value: number) => string} tell */
function ifKnown(value, tell) {
  return Number.isNaN(value) ? "" : tell(value);
}

/** Buttons that show overlays; pressed as long as all of them are on the map. @param {Page} page @param {string} text @param {Overlay[]} overlays */
function showButton(page, text, overlays) {
  const on = overlays.every(({ group }) => page.map.hasLayer(group));
  const made = button(
    text,
    () => {
      for (const overlay of overlays) show(page, overlay, !on);
      fillPanel(page);
    },
    "choice",
  );
  made.setAttribute("aria-pressed", String(on));
  return made;
}

/** The figures of one scheme. @param {Columns} schemes @param {number} i @returns {HTMLElement} */
function schemeFacts(schemes, i) {
  const people = (/** @type {string} */ name) => ifKnown(told(schemes, name, i), peopleText);
  const share = (/** @type {string} */ name) => ifKnown(told(schemes, name, i), percent);
  const sites = told(schemes, "n_sites", i);
  const ofSites = (/** @type {string} */ name) => ifKnown(told(schemes, name, i), (n) => `${number(n)} / ${number(sites)}`);
  return facts([
    [word("gained"), people("people_gained")],
    [word("afterShare"), share("people_share")],
    [word("bestStatus"), said(schemes, "status", i)],
    [word("gapShare"), share("gap_share")],
    [word("unreachable"), people("people_unreachable")],
    [word("differs"), told(schemes, "people_differ", i) ? people("people_differ") : ""],
    [word("areaOk"), ofSites("n_area_ok")],
    [word("householdsOk"), ofSites("n_households_ok")],
    [word("cost"), said(schemes, "cost", i)],
    [word("limit"), figure(told(schemes, "limit_m", i), "m")],
    [word("clause"), said(schemes, "source", i)],
    [word("chosenSites"), said(schemes, "sites", i)],
  ]);
}

/** @param {Page} page @returns {Node[]} */
function sitingView(page) {
  return decisionsOf(page, "siting").flatMap(({ of, title, tables }) => {
    const schemes = tables[""];
    const cards = schemes.scheme.map((scheme, i) => {
      const overlays = page.overlays.filter((overlay) => overlay.of === of && overlay.where?.scheme === scheme);
      const head = make("strong", "", `${said(schemes, "scheme", i)} ${said(schemes, "name", i)}`);
      const onMap = overlays.length ? [showButton(page, word("showOnMap"), overlays)] : [];
      return make("section", "card", make("div", "card-head", head, ...onMap), schemeFacts(schemes, i));
    });
    return [
      make("h3", "", title),
      ...cards,
      ...marginalChart(tables.marginal),
      ...sensitivityGrid(tables.sensitivity),
      ...sitingAreas(page, tables.by_area, schemes),
      make("h3", "", word("formula")),
      make("p", "formula", word("sitingFormula")),
    ];
  });
}

/** People by number of new sites. @param {Columns | undefined} curve @returns {Node[]} */
function marginalChart(curve) {
  if (!curve?.n_new?.length) return [];
  const points = curve.n_new.map((n, i) => {
    const y = told(curve, "people_gained", i);
    return { x: Number(n), y, text: `${said(curve, "n_new", i)}: ${peopleText(y)}` };
  });
  return [
    lineChart(word("curve"), points, { xTitle: word("curveX"), yTitle: word("curveY") }),
    gridOfColumns(
      word("curve"),
      curve,
      [
        ["n_new", word("curveX")],
        ["people_gained", word("gained"), peopleCell],
        ["people_more", word("curveMore"), peopleCell],
        ["people_share", word("afterShare"), percentCell],
        ["status", word("bestStatus")],
        ["gap_share", word("gapShare"), percentCell],
        ["sites", word("chosenSites")],
      ],
      word("curve"),
    ),
  ];
}

/** @param {Columns | undefined} holding @returns {Node[]} */
function sensitivityGrid(holding) {
  if (!holding?.scheme?.length) return [];
  const grid = gridOfColumns(
    word("sensitivity"),
    holding,
    [
      ["scheme", word("scheme")],
      ["limit_m", `${word("limit")} (m)`],
      ["people_gained", word("gained"), peopleCell],
      ["people_share", word("afterShare"), percentCell],
      ["best_share", word("bestShare"), percentCell],
    ],
    word("sensitivity"),
  );
  return [make("h3", "", word("sensitivity")), grid];
}

/** Who gains by the first scheme, by 街道 and zone. @param {Page} page @param {Columns | undefined} areas @param {Columns} schemes @returns {Node[]} */
function sitingAreas(page, areas, schemes) {
  const first = rowsWhere(areas, "scheme", schemes.scheme[0]);
  return COMPARED.flatMap(([level, key]) => {
    const rows = rowsWhere(first, "level", level);
    if (!rows.area?.length) return [];
    const bars = rows.area.map((area, i) => {
      const value = told(rows, "people_gained", i);
      return { label: said(rows, "area_name", i) || String(area), value, text: number(Math.round(value / 10) * 10) };
    });
    const title = `${said(schemes, "name", 0)} · ${word("gained")} · ${word(key)}`;
    return [barChart(title, bars.sort((a, b) => b.value - a.value))];
  });
}

/** A plot or facility of a siting: what the map declares, its scheme, the model. @param {Page} page @param {Overlay} overlay @param {number} row @returns {Node[]} */
function siteView(page, overlay, row) {
  const decision = decisionsOf(page, "siting").find(({ of }) => of === overlay.of);
  const schemes = decision?.tables[""];
  const i = schemes?.scheme.indexOf(overlay.where?.scheme) ?? -1;
  if (!schemes || i < 0) return plainView(page, overlay, row);
  return [
    ...plainView(page, overlay, row),
    make("h3", "", `${word("scheme")} ${said(schemes, "name", i)}`),
    schemeFacts(schemes, i),
    ...marginalChart(decision?.tables.marginal),
    make("h3", "", word("formula")),
    make("p", "formula", word("sitingFormula")),
  ];
}

/** @param {Page} page @returns {Node[]} */
function supplyView(page) {
  return decisionsOf(page, "catchment").flatMap(({ of, title, tables }) => {
    const supplies = tables[""];
    const place = Math.max(supplies.supply.indexOf(page.supply), 0);
    const supply = supplies.supply[place];
    const options = supplies.supply.map((one, i) => /** @type {[string, string]} */ ([String(one), said(supplies, "title", i)]));
    const overlays = page.overlays.filter((overlay) => overlay.of === of && overlay.where?.supply === supply);
    return [
      make("h3", "", title),
      choice(word("chooseSupply"), options, String(supply), (value) => {
        page.supply = value;
        fillPanel(page);
      }),
      ...(overlays.length ? [make("div", "choices", showButton(page, word("showOnMap"), overlays))] : []),
      ...supplyFacts(supplies, place),
      ...supplyAreas(page, rowsWhere(tables.areas, "supply", supply), supplies, place),
    ];
  });
}

/** One supply: how much there is for whom, by what method and clause. @param {Columns} supplies @param {number} i @returns {Node[]} */
function supplyFacts(supplies, i) {
  const unit = said(supplies, "counted_in", i);
  const amount = (/** @type {string} */ name, /** @type {string} */ of = unit) => figure(told(supplies, name, i), of, 1);
  const counts = said(supplies, "counts", i);
  const verdict = said(supplies, "verdict", i);
  return [
    facts([
      [word("verdict"), verdict && verdictBadge(supplies.verdict[i])],
      [word("supplyTotal"), amount("supply_total")],
      [word("demand"), [amount("people_demand", counts), said(supplies, "group", i)].filter(Boolean).join(" · ")],
      [word("perHead"), figure(told(supplies, "per_head", i), `${unit}/${counts}`, 2)],
      [word("needPerHead"), figure(told(supplies, "need_per_head", i), `${unit}/${counts}`, 2)],
      [word("shortage"), amount("shortage")],
      [word("peopleShort"), ifKnown(told(supplies, "people_short", i), peopleText)],
      [word("unreachedPeople"), ifKnown(told(supplies, "people_unreached", i), peopleText)],
      [word("method"), said(supplies, "method", i)],
      [word("limit"), [amount("limit_m", "m"), said(supplies, "limit_source", i)].filter(Boolean).join(" · ")],
      [word("clause"), said(supplies, "source", i)],
      [word("sources"), said(supplies, "demand_source", i)],
    ]),
    make("p", "formula", `${word("formula")}: ${word("supplyFormula")}`),
  ];
}

/** @param {Page} page @param {Columns} areas @param {Columns} supplies @param {number} place @returns {Node[]} */
function supplyAreas(page, areas, supplies, place) {
  const need = told(supplies, "need_per_head", place);
  const unit = `${said(supplies, "counted_in", place)}/${said(supplies, "counts", place)}`;
  return COMPARED.flatMap(([level, key]) => {
    const rows = rowsWhere(areas, "level", level);
    if (!rows.area?.length) return [];
    const bars = rows.area.map((area, i) => {
      const value = told(rows, "per_head", i);
      return {
        label: said(rows, "area_name", i) || String(area),
        value,
        text: Number.isNaN(value) ? "—" : number(value, 2),
        mark: Number.isNaN(need) ? undefined : need,
        colour: value < need ? "#b35806" : CHART_COLOUR,
      };
    });
    const title = `${word("perHead")} (${unit}) · ${word(key)}`;
    return [
      barChart(title, bars, Number.isNaN(need) ? {} : { note: word("needMark") }),
      gridOfColumns(
        title,
        rows,
        [
          ["area_name", word("area")],
          ["people_demand", word("demand"), peopleCell],
          ["per_head", word("perHead")],
          ["needed", word("needPerHead")],
          ["shortage", word("shortage")],
          ["verdict", word("verdict"), (value) => (value ? verdictBadge(value) : "")],
        ],
        title,
      ),
    ];
  });
}

/** A home, an area or a facility of a catchment. @param {Page} page @param {Overlay} overlay @param {number} row @returns {Node[]} */
function catchmentView(page, overlay, row) {
  const supplies = decisionsOf(page, "catchment").find(({ of }) => of === overlay.of)?.tables[""];
  const i = supplies?.supply.indexOf(overlay.where?.supply) ?? -1;
  if (!supplies || i < 0) return plainView(page, overlay, row);
  return [...plainView(page, overlay, row), make("h3", "", said(supplies, "title", i)), ...supplyFacts(supplies, i)];
}

/** @param {Page} page @returns {Node[]} */
function scenarioView(page) {
  const kept = page.overlays.find(({ role }) => role === "coverage")?.choice;
  const homes = page.overlays.filter((overlay) => kept && overlay.choice === kept);
  const choose = (/** @type {Overlay} */ overlay) => {
    const made = button(labelOf(overlay), () => {
      show(page, overlay, true);
      fillPanel(page);
    }, "choice");
    made.setAttribute("aria-pressed", String(page.map.hasLayer(overlay.group)));
    return made;
  };
  return decisionsOf(page, "compare").flatMap(({ of, title, tables }) => {
    const differences = page.overlays.filter((overlay) => overlay.of === of);
    const whole = rowsWhere(tables[""], "level", "district");
    return [
      make("h3", "", title),
      ...(homes.length > 1 ? [make("p", "small", word("switchScenario")), make("div", "choices", ...homes.map(choose))] : []),
      ...(differences.length
        ? [
            make("p", "small", word("differenceLayers")),
            make("div", "choices", ...differences.map((one) => showButton(page, labelOf(one), [one]))),
            make("p", "footnote", word("comparisonNote")),
          ]
        : []),
      ...changesChart(whole),
      gridOfColumns(
        title,
        whole,
        [
          ["title", word("requirement"), (value) => shortTitle(value)],
          ["limit_m", `${word("limit")} (m)`],
          ["share_before", word("before"), percentCell],
          ["share_after", word("after"), percentCell],
          ["points", word("points")],
          ["people_gaining", word("gaining"), peopleCell],
          ["people_losing", word("losing"), peopleCell],
        ],
        title,
      ),
      ...scenarioAreas(page, tables[""]),
    ];
  });
}

/** What changes for the district, the most first. @param {Columns} whole @returns {Node[]} */
function changesChart(whole) {
  const bars = (whole.title ?? []).flatMap((title, i) => {
    const [before, after] = [told(whole, "share_before", i), told(whole, "share_after", i)];
    if (Number.isNaN(before) || Number.isNaN(after) || before === after) return [];
    const points = 100 * (after - before);
    const text = `${points > 0 ? "+" : "−"}${number(Math.abs(points), 1)}`;
    return [{ label: shortTitle(title), value: after, text, mark: before, points }];
  });
  bars.sort((a, b) => b.points - a.points);
  return bars.length ? [barChart(word("changed"), bars, { most: 1, note: `| ${word("before")}` })] : [];
}

/** Who gains by 街道 and zone, of the requirement that is chosen. @param {Page} page @param {Columns} table @returns {Node[]} */
function scenarioAreas(page, table) {
  const id = page.coverage?.requirements.id[page.colourBy];
  if (id === undefined) return [make("p", "footnote", word("byChoice"))];
  const ofOne = rowsWhere(table, "requirement", id);
  return COMPARED.flatMap(([level, key]) => {
    const rows = rowsWhere(ofOne, "level", level);
    if (!rows.area?.length) return [];
    const bars = rows.area.map((area, i) => {
      const value = told(rows, "share_after", i);
      const label = said(rows, "area_name", i) || String(area);
      return { label, value, text: ifKnown(value, percent) || "—", mark: told(rows, "share_before", i) };
    });
    return [barChart(`${limitText(page, page.colourBy)} · ${word(key)}`, bars, { most: 1, note: `| ${word("before")}` })];
  });
}
