// Zones and 街道 beside one another: by the requirement that is chosen, or by the mean of all.

/** The levels that are compared, each with its word. */
const COMPARED = [
  ["township", "ofTownships"],
  ["zone", "ofZones"],
];

/** @typedef {{area: string, name: string, share: number, people: number, covered: number, verdict: unknown}} AreaFigures */

/** The figures of every area of a level. @param {Page} page @param {string} level @returns {AreaFigures[]} */
function areaFigures(page, level) {
  const { areas, headline, requirements } = page.coverage ?? {};
  const id = requirements?.id[page.colourBy];
  const columns = page.colourBy < 0 ? headline : areas;
  if (!columns) return [];
  const figure = (/** @type {string} */ name, /** @type {number} */ i) =>
    typeof columns[name]?.[i] === "number" ? Number(columns[name][i]) : NaN;
  return columns.level.flatMap((other, i) => {
    const ofWanted = page.colourBy < 0 ? columns.set[i] === "" : columns.requirement[i] === id;
    if (other !== level || !ofWanted) return [];
    const share =
      page.colourBy < 0 ? figure("mean_reached", i) / figure("n_items_with_data", i) : figure("people_share", i);
    const area = String(columns.area[i]);
    const name = plainText(columns.area_name?.[i]) || area;
    const verdict = columns.verdict?.[i] ?? "";
    return [{ area, name, share, people: figure("people_total", i), covered: figure("people_covered", i), verdict }];
  });
}

/** @param {Page} page */
function comparedLevels(page) {
  return COMPARED.filter(([level]) => areaFigures(page, level).length > 1);
}

/** What the whole district has. @param {Page} page */
function districtShare(page) {
  return areaFigures(page, "district")[0]?.share;
}

/** An area on the map. @param {Page} page @param {string} level @param {string} area @returns {Target | undefined} */
function areaTarget(page, level, area) {
  const role = level === "zone" ? "zones" : "units";
  return page.overlays.flatMap((overlay) => {
    const row = overlay.role === role ? overlay.ids.indexOf(area) : -1;
    return row >= 0 && area !== OUTSIDE ? [{ overlay, row }] : [];
  })[0];
}

/** @param {Page} page @param {string} level @param {string} area @param {string} name @returns {GridCell} */
function areaCell(page, level, area, name) {
  const target = areaTarget(page, level, area);
  return target ? button(name, () => select(page, target, { pan: true })) : name;
}

/** @param {Page} page @returns {Node[]} */
function areasView(page) {
  const said = page.colourBy < 0 ? word("meanShare") : `${limitText(page, page.colourBy)} · ${word("shareOf")}`;
  const mark = districtShare(page);
  return [
    make("p", "", said, ...(page.colourBy < 0 ? [] : [make("br"), ruleOf(page, page.colourBy)])),
    make("p", "footnote", word("byChoice")),
    ...comparedLevels(page).flatMap(([level, key]) => {
      const figures = areaFigures(page, level);
      const bars = figures.map(({ name, share }) => ({
        label: name,
        value: share,
        text: Number.isNaN(share) ? "—" : percent(share),
        mark,
      }));
      bars.sort((a, b) => (b.value || 0) - (a.value || 0));
      return [barChart(word(key), bars, { most: 1, note: word("districtMark") }), areaGrid(page, level, figures, word(key))];
    }),
  ];
}

/** @param {Page} page @param {string} level @param {AreaFigures[]} figures @param {string} caption */
function areaGrid(page, level, figures, caption) {
  const one = page.colourBy >= 0;
  const heads = [
    { text: word("area") },
    { text: word("shareOf"), numeric: true },
    ...(one ? [{ text: word("peopleCovered"), numeric: true }] : []),
    { text: word("residentsOf"), numeric: true },
    ...(one ? [{ text: word("verdict") }] : []),
  ];
  if (!one) heads[1].text = word("meanShare");
  const rows = figures.map(({ area, name, share, people, covered, verdict }) => [
    areaCell(page, level, area, name),
    Number.isNaN(share) ? "" : percent(share),
    ...(one ? [Number.isNaN(covered) ? "" : peopleCell(covered)] : []),
    Number.isNaN(people) ? "" : peopleCell(people),
    ...(one ? [badgeOf(page, page.colourBy, verdict)] : []),
  ]);
  return sortableTable({ caption, heads, rows, name: caption });
}

/** What an area has of each requirement, beside the district. @param {Page} page @param {number[]} rows of the area table */
function besideDistrict(page, rows) {
  const { areas, requirements } = coverageOf(page);
  const whole = new Map(areaRows(page, (level) => level === "district", null).map((i) => [areas.requirement[i], i]));
  const bars = rows.flatMap((i) => {
    const share = areas.people_share?.[i];
    const mark = areas.people_share?.[whole.get(areas.requirement[i]) ?? -1];
    const r = requirements.id.indexOf(areas.requirement[i]);
    if (typeof share !== "number" || r < 0) return [];
    const colour = areas.verdict?.[i] === "未达标" ? "#b35806" : CHART_COLOUR;
    const known = typeof mark === "number" ? mark : undefined;
    return [{ label: requirementName(page, r), value: share, text: percent(share), mark: known, colour }];
  });
  return bars.length ? [barChart(word("compared"), bars, { most: 1, note: word("districtMark") })] : [];
}
