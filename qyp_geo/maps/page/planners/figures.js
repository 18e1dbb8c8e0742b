// Reading the coverage figures: what a requirement is called, what it rests on, which belong together.

/** @param {Page} page @returns {Coverage} */
function coverageOf(page) {
  return /** @type {Coverage} */ (page.coverage);
}

/** Titles of shares without the distance, which stands beside them anyway. @param {unknown} title */
function shortTitle(title) {
  return plainText(title).replace(/[\d.]+米步行可达率/g, "");
}

/** The walk that a verdict rests on: from the 小区出入口 where the building has one. @param {Coverage} coverage @param {number} r @param {number} row */
function judgedWalk({ walk, fromGate }, r, row) {
  const gate = fromGate?.[r][row] ?? -1;
  return gate >= 0 ? gate : walk[r][row];
}

/** What is asked for. @param {Page} page @param {number} r */
function requirementName(page, r) {
  const { kind, title } = coverageOf(page).requirements;
  const name = shortTitle(title[r]);
  const english = page.kinds.get(String(kind[r]))?.[1];
  return language === "en" && english ? `${english} ${name}` : name;
}

/** The limit, with its sign: the few that are strict are not met at the limit itself. @param {Page} page @param {number} r */
function limitSigned(page, r) {
  const { limit_m, strict } = coverageOf(page).requirements;
  return `${strict?.[r] === true ? "<" : "≤"} ${plainText(limit_m[r])} m`;
}

/** The longest walk that meets a requirement, in millimetres. @param {Page} page @param {number} r */
function longestWalk(page, r) {
  const { limit_m, strict } = coverageOf(page).requirements;
  return Math.round(Number(limit_m[r]) * 1000) - Number(strict?.[r] === true);
}

/** @param {Page} page @param {number} r */
function limitText(page, r) {
  return `${requirementName(page, r)} ${limitSigned(page, r)}`;
}

/** The same, with the limit kept on one line. @param {Page} page @param {number} r */
function limitNodes(page, r) {
  return [
    `${requirementName(page, r)} `,
    make("span", "nowrap", limitSigned(page, r)),
  ];
}

/** Strength, source and clause of a requirement, with 未核 where it is not verified. @param {Page} page @param {number} r */
function ruleOf(page, r) {
  const columns = coverageOf(page).requirements;
  const said = (/** @type {string} */ name) => plainText(columns[name]?.[r]);
  const source = said("source").replace(/\s*[（(]未核[）)]$/, "");
  const named = said("clause")
    .split(/[、/]/)
    .every((part) => source.includes(part));
  const clause = named ? "" : said("clause");
  const made = make("span", "rule", [said("strength"), source, clause].filter(Boolean).join(" · "));
  if (columns.verified?.[r] !== true) made.append(" ", make("span", "mark", word("unverified")));
  return made;
}

/** @param {Page} page @param {string} kind @returns {number[]} */
function requirementsOfKind(page, kind) {
  const kinds = page.coverage?.requirements.kind ?? [];
  return kinds.flatMap((other, r) => (other === kind ? [r] : []));
}

/** What a kind of facility is called. @param {Page} page @param {string} kind */
function kindTitle(page, kind) {
  const known = page.kinds.get(kind);
  return known ? known[language === "zh" ? 0 : 1] : kind;
}

/** Whether anything is known of a requirement, or every building is without data. @param {Page} page @param {number} r */
function hasData(page, r) {
  return coverageOf(page).known[r];
}

/** The same, looked up in all buildings. @param {Coverage} coverage @param {number} r */
function isKnown({ verdict, verdicts, nearest }, r) {
  const noData = verdicts.indexOf("无数据");
  return verdict[r].some((place, row) => place >= 0 && (place !== noData || nearest[r][row] >= 0));
}

/**
 * Requirements by the circle that is named first, the longest first, those of none last.
 * @param {Page} page @param {number[]} requirements @returns {[string, number[]][]}
 */
function byCircle(page, requirements) {
  const circleOf = (/** @type {number} */ r) => parseInt(plainText(coverageOf(page).requirements.circle?.[r]), 10) || 0;
  const circles = [...new Set(requirements.map(circleOf))].sort((a, b) => b - a);
  return circles.map((circle) => [circleText(circle), requirements.filter((r) => circleOf(r) === circle)]);
}

/** @param {number} circle in minutes, 0 for none */
function circleText(circle) {
  if (!circle) return word("noCircle");
  return language === "zh" ? `${circle} 分钟生活圈` : `${circle}-minute circle`;
}

/** The requirement that a gap lacks, -1 where it is not on the page. @param {Page} page @param {Overlay} overlay @param {number} row */
function requirementOfGap(page, overlay, row) {
  return page.coverage?.requirements.id.indexOf(overlay.facts.requirement?.[row]) ?? -1;
}

/** A facility by its id, of that kind or name. @param {Page} page @param {unknown} id @param {unknown} kind @param {unknown} name */
function findFacility(page, id, kind, name) {
  const targets = page.facilityTargets.get(String(id)) ?? [];
  return (
    targets.find(({ overlay }) => overlay.kind === kind) ??
    targets.find(({ overlay, row }) => overlay.names[row] === name)
  );
}

/** A facility of the coverage figures on the map, if it is on it. @param {Page} page @param {number} place */
function nearestTarget(page, place) {
  const { facility, kind, facility_name } = coverageOf(page).facilities;
  return findFacility(page, facility[place], kind[place], facility_name[place]);
}

/** Rows of the area table for one area. @param {Page} page @param {(level: unknown) => boolean} ofLevel @param {string | null} area null for any */
function areaRows(page, ofLevel, area) {
  const areas = page.coverage?.areas;
  if (!areas) return [];
  return areas.level.flatMap((level, i) => (ofLevel(level) && (area === null || areas.area[i] === area) ? [i] : []));
}
