// Tables and lists of the panel.

/** @param {Page} page @param {Target} target */
function targetLink(page, target) {
  return button(titleOf(target.overlay, target.row), () => select(page, target, { pan: true }));
}

/**
 * One row per requirement under a heading per circle; those of which nothing is known are folded away below.
 * @param {Page} page @param {string[]} heads @param {number[]} requirements @param {(r: number) => HTMLElement} rowOf @param {string} className
 */
function requirementTables(page, heads, requirements, rowOf, className) {
  const ofCircles = (/** @type {number[]} */ some) =>
    byCircle(page, some).flatMap(([circle, members]) => {
      const head = make("th", "", circle);
      head.setAttribute("colspan", String(heads.length));
      head.setAttribute("scope", "colgroup");
      return [make("tr", "circle", head), ...members.map(rowOf)];
    });
  const known = requirements.filter((r) => hasData(page, r));
  const unknown = requirements.filter((r) => !hasData(page, r));
  const made = known.length ? [table(heads, ofCircles(known), className)] : [];
  if (unknown.length)
    made.push(
      fold(`${word("withoutData")} (${unknown.length})`, !known.length, table(heads, ofCircles(unknown), className)),
    );
  return made;
}

/** The nearest facility of each requirement for one building. @param {Page} page @param {number} row */
function walksTables(page, row) {
  const coverage = coverageOf(page);
  const asked = coverage.verdict.flatMap((column, r) => (column[row] >= 0 ? [r] : []));
  const rowOf = (/** @type {number} */ r) => {
    const walk = judgedWalk(coverage, r, row);
    const nearest = coverage.nearest[r][row];
    const verdict = coverage.verdicts[coverage.verdict[r][row]];
    const target = nearest < 0 ? undefined : nearestTarget(page, nearest);
    const name = nearest < 0 ? "" : plainText(coverage.facilities.facility_name[nearest]);
    const none = verdict === "未达标" ? word("noneFound") : "—";
    const gap = page.gapsOf.get(row)?.find((one) => requirementOfGap(page, one.overlay, one.row) === r);
    const inGap = gap
      ? [
          make("br"),
          make("span", "small", `${word("inGap")} `),
          button(gap.overlay.ids[gap.row], () => select(page, gap, { pan: true })),
        ]
      : [];
    const metres = walk < 0 ? ["—"] : [`${number(walk)} m`, make("br"), `${minutes(page, walk)} ${word("minutes")}`];
    const choose = button(limitNodes(page, r), () => colourBy(page, r));
    choose.setAttribute("aria-pressed", String(page.colourBy === r));
    const crosses = coverage.arterial?.[r][row] === 1;
    const byYoung = crosses ? [make("br"), make("span", "mark", word("crossesArterial"))] : [];
    return make(
      "tr",
      "",
      cell("td", "what", choose, make("br"), ruleOf(page, r)),
      cell("td", "", target ? targetLink(page, target) : name || none),
      cell("td", "figure", ...metres, ...otherDistances(coverage, r, row)),
      cell("td", "", badgeOf(page, r, verdict), ...byYoung, ...inGap),
    );
  };
  return requirementTables(
    page,
    [word("requirement"), word("nearest"), word("walk"), word("verdict")],
    asked,
    rowOf,
    "walks",
  );
}

/** Where the walk that is judged begins, the other walk, and the straight distance. @param {Coverage} coverage @param {number} r @param {number} row */
function otherDistances({ walk, fromGate, radius, withinRadius }, r, row) {
  const lines = [];
  if (fromGate && fromGate[r][row] >= 0)
    lines.push(word("fromGate"), `${word("fromDoor")} ${walk[r][row] < 0 ? "—" : `${number(walk[r][row])} m`}`);
  if (radius && radius[r][row] >= 0) {
    const within = withinRadius?.[r][row] ?? -1;
    lines.push(`${word("straight")} ${number(radius[r][row])} m${within < 0 ? "" : within ? " ✓" : " ✗"}`);
  }
  return lines.map((line) => make("span", "small", line));
}

/** @param {Page} page @param {number} r @param {unknown} verdict */
function badgeOf(page, r, verdict) {
  const forReference = coverageOf(page).requirements.reference?.[r] === true && verdict === "不适用";
  return forReference ? make("span", "verdict unknown", word("reference")) : verdictBadge(verdict);
}

/** @param {Page} page @param {number[]} rows of the area table, one per requirement */
function coverageTables(page, rows) {
  const { areas, requirements } = coverageOf(page);
  const rowAt = new Map(rows.map((i) => [requirements.id.indexOf(areas.requirement[i]), i]));
  const rowOf = (/** @type {number} */ r) => {
    const i = /** @type {number} */ (rowAt.get(r));
    const share = areas.people_share?.[i];
    const covered = areas.people_covered?.[i];
    const choose = button(limitNodes(page, r), () => colourBy(page, r));
    choose.setAttribute("aria-pressed", String(page.colourBy === r));
    const people = make("span", "small", typeof covered === "number" ? peopleText(covered) : "");
    const byRadius = areas.radius_share?.[i];
    const beside =
      typeof byRadius === "number" ? [make("span", "small", `${word("byRadius")} ${percent(byRadius)}`)] : [];
    const figures = typeof share === "number" ? [percent(share), bar(share), people, ...beside] : ["—"];
    const verdict = badgeOf(page, r, areas.verdict?.[i] ?? "");
    return make(
      "tr",
      "",
      cell("td", "what", choose, make("br"), ruleOf(page, r)),
      cell("td", "figure", ...figures),
      cell("td", "", verdict),
    );
  };
  return requirementTables(
    page,
    [word("requirement"), word("covered"), word("verdict")],
    [...rowAt.keys()],
    rowOf,
    "shares",
  );
}

/** The headline figures of an area. @param {Page} page @param {(level: unknown) => boolean} ofLevel @param {string | null} area */
function headlineFacts(page, ofLevel, area) {
  const heads = page.coverage?.headline;
  const i =
    heads?.level.findIndex(
      (level, n) => ofLevel(level) && (area === null || heads.area[n] === area) && heads.set[n] === "",
    ) ?? -1;
  if (!heads || i < 0) return [];
  const figureAt = (/** @type {string} */ name) =>
    typeof heads[name]?.[i] === "number" ? Number(heads[name][i]) : NaN;
  const [mean, items, all] = [figureAt("mean_reached"), figureAt("n_items_with_data"), figureAt("all_reached_share")];
  const known = `${number(items)} / ${number(figureAt("n_items"))} ${word("itemsWithData")}`;
  return /** @type {[string, string][]} */ ([
    [
      word("meanReached"),
      Number.isNaN(mean) ? "" : `${number(mean, 1)} ${word("of")} ${number(items)} ${word("items")}`,
    ],
    [word("allReached"), Number.isNaN(all) ? "" : percent(all)],
    [word("completeness"), Number.isNaN(items) ? "" : known],
  ]);
}

/** How many of the requirements rest on figures that are not verified. @param {Page} page */
function unverifiedNote(page) {
  const verified = page.coverage?.requirements.verified ?? [];
  const count = verified.filter((value) => value !== true).length;
  return count ? [make("p", "warning", `${word("unverifiedCount")} ${count} / ${verified.length}`)] : [];
}

/** The gaps with most people, and the others: of the requirement that is chosen, or of all. @param {Page} page */
function gapLists(page) {
  const overlays = page.overlays.filter(({ role }) => role === "gaps");
  return overlays.flatMap((overlay) => {
    const rows = overlay.ids
      .map((_, row) => row)
      .filter((row) => page.colourBy < 0 || requirementOfGap(page, overlay, row) === page.colourBy);
    if (!rows.length) return [];
    const items = rows.map((row) => {
      const people = numberOf(overlay, "people", row);
      const where = ["community", "township", "zone"].map((name) => textOf(overlay, name, row)).find(Boolean) ?? "";
      const told = [textOf(overlay, "type", row), where, Number.isNaN(people) ? "" : peopleText(people)];
      const small = make("span", "small", told.filter(Boolean).join(" · "));
      return make("li", "", targetLink(page, { overlay, row }), small);
    });
    const rest = make("ol", "gaps", ...items.slice(5));
    rest.setAttribute("start", "6");
    return [
      make("h3", "", word("topGaps")),
      make("ol", "gaps", ...items.slice(0, 5)),
      ...(items.length > 5 ? [fold(`${word("moreGaps")} (${items.length - 5})`, false, rest)] : []),
    ];
  });
}

/** A gap by its id. @param {Page} page @param {string} id @returns {Target | undefined} */
function gapNamed(page, id) {
  return page.overlays.flatMap((overlay) => {
    const row = overlay.role === "gaps" ? overlay.ids.indexOf(id) : -1;
    return row < 0 ? [] : [{ overlay, row }];
  })[0];
}

/** The links that would help a gap, the best first. @param {Page} page @param {string} gap */
function linkList(page, gap) {
  const items = page.overlays
    .filter(({ role }) => role === "links")
    .flatMap((overlay) =>
      overlay.ids.flatMap((_, row) => {
        if (overlay.facts.gap?.[row] !== gap) return [];
        const gained = `${word("peopleGained")} ${peopleText(numberOf(overlay, "people_gained", row))}`;
        const told = [gained, textOf(overlay, "crosses", row), figure(numberOf(overlay, "length_m", row), "m")];
        const link = targetLink(page, { overlay, row });
        return [make("li", "", link, make("span", "small", told.filter(Boolean).join(" · ")))];
      }),
    );
  return items.length ? [make("h3", "", word("links")), make("ol", "gaps links", ...items)] : [];
}

/** What the plan says and what was measured. @param {Page} page */
function checksFold(page) {
  const checks = page.checks;
  if (!checks?.check) return [];
  const rows = checks.check.map((check, i) => {
    const said = (/** @type {string} */ name) => plainText(checks[name]?.[i]);
    const measure = (/** @type {string} */ name) => cell("td", "figure", measureText(checks[name]?.[i], said("unit")));
    const told = make(
      "span",
      "rule",
      [said("source"), said("test"), said("note"), plainText(check)].filter(Boolean).join(" · "),
    );
    const holds = checks.holds?.[i];
    return make(
      "tr",
      "",
      cell("td", "what", said("says") && `「${said("says")}」`, make("br"), told),
      measure("expected"),
      measure("measured"),
      cell("td", "", typeof holds === "boolean" ? holdsBadge(holds) : "—"),
    );
  });
  return [
    fold(
      word("checks"),
      false,
      table([word("check"), word("expected"), word("measured"), word("verdict")], rows, "checks"),
    ),
  ];
}

/** @param {unknown} value @param {string} unit share, or what stands after the figure */
function measureText(value, unit) {
  if (typeof value !== "number") return plainText(value);
  return unit === "share" ? percent(value) : `${number(value, unit === "m" ? 0 : 2)} ${unit}`.trim();
}

/** @param {boolean} holds */
function holdsBadge(holds) {
  return make("span", `verdict ${holds ? "met" : "unmet"}`, holds ? `✓ ${word("holds")}` : `✗ ${word("holdsNot")}`);
}

/** @param {Page} page */
function sourcesFold(page) {
  const items = page.sources.map((source) => {
    const asOf = source.asOf && `${word("asOf")} ${source.asOf}`;
    const told = [source.publisher, asOf, `${word("retrieved")} ${source.retrieved}`, source.completeness];
    const terms = [`${word("licence")} ${source.licence}`, source.note, `${number(source.rows)} ${word("rows")}`];
    return make(
      "li",
      "",
      make("strong", "", source.title),
      make("span", "small", [...told, ...terms].filter(Boolean).join(" · ")),
    );
  });
  return fold(word("sources"), false, make("ul", "sources", ...items));
}
