// What the plan says and what became of it: its targets with their verdicts, and all else that it says.

/** @param {Page} page @returns {Node[]} */
function planView(page) {
  return decisionsOf(page, "plan_targets").flatMap(({ title, tables }) => {
    const plan = tables[""];
    const rows = plan.fact_kind.map((kind, i) => ({ i, isTarget: kind === "目标" }));
    const items = rows.filter(({ isTarget }) => isTarget).map(({ i }) => targetItem(plan, i));
    const rest = rows.filter(({ isTarget }) => !isTarget).map(({ i }) => i);
    const others = Object.fromEntries(Object.entries(plan).map(([name, values]) => [name, rest.map((i) => values[i])]));
    return [
      make("h3", "", title),
      ...planTotals(tables.totals),
      make("p", "footnote", word("planNote")),
      make("h3", "", `${word("targets")} (${items.length})`),
      make("ol", "plan", ...items),
      fold(
        `${word("otherSayings")} (${rest.length})`,
        false,
        gridOfColumns(
          word("otherSayings"),
          others,
          [
            ["figure", word("fact")],
            ["fact_kind", word("type")],
            ["base", word("baseValue")],
            ["now", word("nowValue")],
            ["says", word("says")],
            ["source", word("clause")],
          ],
          word("plan"),
        ),
      ),
    ];
  });
}

/** How many targets are achieved. @param {Columns | undefined} totals @returns {Node[]} */
function planTotals(totals) {
  const i = totals?.fact_kind.indexOf("目标") ?? -1;
  if (!totals || i < 0) return [];
  const counts = [
    ["已实现", "achieved"],
    ["未实现", "not_achieved"],
    ["无法评估", "cannot_tell"],
  ];
  return [
    make(
      "p",
      "tally",
      ...counts.map(([verdict, name]) => make("span", "", verdictBadge(verdict), ` ${said(totals, name, i)}`)),
    ),
  ];
}

/** One target: verdict, figures, and the plan's own words. @param {Columns} plan @param {number} i */
function targetItem(plan, i) {
  const unit = said(plan, "measured_in", i);
  const value = (/** @type {string} */ name) => figure(told(plan, name, i), unit, 2);
  const dated = (/** @type {string} */ text, /** @type {string} */ date) => (text && date ? `${text} (${date})` : text);
  const heading = make("div", "card-head", make("strong", "", said(plan, "figure", i)), verdictBadge(plan.verdict[i]));
  const cited = [said(plan, "source", i), said(plan, "chapter", i)].filter(Boolean).join(" · ");
  return make(
    "li",
    "card",
    heading,
    facts([
      [word("baseValue"), value("base")],
      [word("targetValue"), dated(value("target"), String(plan.by?.[i] ?? ""))],
      [word("nowValue"), dated(value("now"), String(plan.as_of?.[i] ?? ""))],
      [word("why"), said(plan, "why", i)],
    ]),
    make("blockquote", "", `「${said(plan, "says", i)}」`, make("cite", "rule", cited)),
  );
}
