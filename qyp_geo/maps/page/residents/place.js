// What the panel says of a start: which services lie within a walk, how far each is, and the way there.

/** What a need asks for. @param {Page} page @param {number} need */
function needName(page, need) {
  const { kind, title } = page.needs;
  const own = plainText(title[need]).replace(/[\d.]+米步行可达率/g, "");
  const english = page.kinds[kind[need]]?.[1];
  if (language === "zh" || !english) return own;
  return `${capital(english)} ${/[（(]≥.*?[）)]/.exec(own)?.[0] ?? ""}`.trim();
}

/** @param {Page} page @param {number} need */
function limitText(page, need) {
  return `${word("standardLimit")} ${number(page.needs.limit_m[need])} m`;
}

/** The chosen start's name: what was searched, or the street beside it. @param {Page} page */
function startName(page) {
  const { start, walks } = page;
  if (start && start.place >= 0) return page.places.name[start.place];
  const street = walks ? page.streetNames[page.edgeName[walks.snap.edge]] : "";
  if (!street) return word("pickedPlace");
  return language === "zh" ? `${street}${word("besideStreet")}` : street;
}

/** @param {Page} page @returns {Node[]} */
function startView(page) {
  const { walks, start } = page;
  if (!start) return [];
  const title = make("h2", "", startName(page));
  title.tabIndex = -1;
  const head = make("div", "start", make("p", "kind", word("fromPlace")), title, startActions(page));
  if (!start.confirmed) return [head, confirmCard(page, start)];
  if (!walks) return [head, make("p", "warning", word("noStreet"))];
  const groups = groupNeeds(page, walks);
  return [
    head,
    summaryCard(page, walks, groups),
    speedChoice(page),
    ...needGroups(page, walks, groups),
    smallPrint(page),
  ];
}

/** @param {Page} page */
function startActions(page) {
  return make(
    "div",
    "actions",
    button(`✕ ${word("backToStart")}`, () => leaveStart(page), "chip"),
    button(word("tablesOpen"), () => openTables(page), "chip"),
    button(word("share"), () => shareLink(), "chip"),
    button(word("printMap"), () => window.print(), "chip"),
  );
}

/** @param {Page} page @param {Outset} start */
function confirmCard(page, start) {
  const told = [
    word("confirmText"),
    `${word("confirmAccuracy")} ${number(start.accuracy)} m${word("stop")}`,
    word("privacy"),
  ];
  const yes = button(
    word("confirm"),
    () => setStart(page, { ...start, confirmed: true }, { fit: true, focus: true }),
    "main",
  );
  return make("div", "card confirm", make("h3", "", word("confirmTitle")), make("p", "", told.join(" ")), yes);
}

/** @typedef {Record<"near" | "far" | "unknown", number[]>} Groups */

/** Needs by what is known of them, the nearest first. @param {Page} page @param {Walks} walks @returns {Groups} */
function groupNeeds(page, walks) {
  /** @type {Groups} */
  const groups = { near: [], far: [], unknown: [] };
  page.needs.id.forEach((_, need) => groups[answerOf(page, walks, need)].push(need));
  const far = (/** @type {number} */ need) => (walkOf(walks, need) < 0 ? Infinity : walkOf(walks, need));
  for (const group of [groups.near, groups.far]) group.sort((a, b) => far(a) - far(b) || a - b);
  return groups;
}

/** @param {Page} page @param {Walks} walks @param {Groups} groups */
function summaryCard(page, walks, { near, far }) {
  const known = near.length + far.length;
  const [count, rest] =
    language === "zh"
      ? [`${near.length}`, `${word("nearCount")} / ${word("nearOf")} ${known} ${word("nearOfUnit")}`]
      : [`${near.length}`, `${word("nearOf")} ${known} ${word("nearCount")}`];
  const dots = [...near.map(() => "near"), ...far.map(() => "far")].map((answer) => make("span", `dot ${answer}`));
  const row = make("div", "dots", ...dots);
  row.setAttribute("aria-hidden", "true");
  return make(
    "div",
    "card summary",
    make("p", "score", make("strong", "", count), ` ${rest}`),
    row,
    ...areaLine(page),
    make("p", "small", `${word("snapText")} ${number(metresOf(walks.snap.off))} m${word("stop")}${word("snapNote")}`),
  );
}

/** The mean of the community that the home lies in. @param {Page} page */
function areaLine(page) {
  const home = page.start ? page.homesLayer.rowAt(page.start.at) : -1;
  const area = home < 0 ? -1 : page.homes.area[home];
  const mean = area < 0 ? null : page.areas.mean_reached[area];
  if (mean === null || mean === undefined) return [];
  const text =
    language === "zh"
      ? `${page.areas.name[area]}${word("areaMean")} ${number(mean, 1)} ${word("itemsReached")}`
      : `${page.areas.name[area]}: ${word("areaMean")} ${number(mean, 1)} ${word("itemsReached")}`;
  return [make("p", "area", text)];
}

/** @param {Page} page */
function speedChoice(page) {
  const options = page.speeds.map((speed) => {
    const input = /** @type {HTMLInputElement} */ (make("input"));
    input.type = "radio";
    input.name = "speed";
    input.value = speed.id;
    input.checked = speed.id === page.speed;
    input.addEventListener("change", () => chooseSpeed(page, speed.id));
    const name = make("span", "", language === "zh" ? speed.zh : speed.en);
    return make("label", "", input, make("span", "speed", name, make("small", "", `${number(speed.kmh, 1)} km/h`)));
  });
  const chosen = speedOf(page);
  const source = `${word("speedSource")}: ${language === "zh" ? chosen.sourceZh : chosen.sourceEn}`;
  return make(
    "fieldset",
    "speeds",
    make("legend", "", word("speedName")),
    make("div", "segments", ...options),
    make("p", "small", source),
    make("p", "small", word("speedNote")),
  );
}

/** @param {Page} page @param {Walks} walks @param {Groups} groups */
function needGroups(page, walks, { near, far, unknown }) {
  const listOf = (/** @type {number[]} */ needs) =>
    make("ul", "needs", ...needs.map((need) => make("li", "", needRow(page, walks, need))));
  const head = (/** @type {string} */ key, /** @type {number[]} */ needs) =>
    make("h3", "group", word(key), make("span", "count", String(needs.length)));
  const names = unknown.map((need) => needName(page, need)).join(language === "zh" ? "、" : ", ");
  return [
    ...(near.length ? [head("nearGroup", near), listOf(near)] : []),
    ...(far.length ? [head("farGroup", far), listOf(far)] : []),
    ...(unknown.length
      ? [
          fold(
            `${word("unknownGroup")} (${unknown.length})`,
            false,
            make("p", "small", word("unknownNote")),
            make("p", "", names),
          ),
        ]
      : []),
  ];
}

/** One service: a press draws the way to it. @param {Page} page @param {Walks} walks @param {number} need */
function needRow(page, walks, need) {
  const answer = answerOf(page, walks, need);
  const facility = walks.nearest[need];
  const mm = walkOf(walks, need);
  const name =
    facility < 0
      ? word("beyondSearch")
      : page.facilities.names[facility] || kindName(page, page.facilities.kind[facility]);
  const [sign, colour] = signOf(page.needs.kind[need], needName(page, need));
  const icon = make("span", "icon", sign);
  icon.style.backgroundColor = colour;
  icon.setAttribute("aria-hidden", "true");
  const figures =
    mm < 0
      ? []
      : [
          make("strong", "", `${number(minutesOf(page, mm))} ${word("minute")}`),
          make("span", "", `${number(metresOf(mm))} m`),
        ];
  const content = [
    icon,
    make("span", "what", make("span", "name", needName(page, need)), make("span", "to", name)),
    make("span", "figures", ...figures),
    make(
      "span",
      "under",
      answerBadge(answer),
      walkBar(page, need, mm, answer),
      make("span", "limit", limitText(page, need)),
    ),
  ];
  if (facility < 0) return make("div", "need", ...content);
  const row = button(content, () => chooseNeed(page, page.need === need ? -1 : need), "need");
  row.setAttribute("aria-pressed", String(page.need === need));
  row.title = word(page.need === need ? "hideWay" : "showWay");
  return row;
}

/** @param {"near" | "far" | "unknown"} answer */
function answerBadge(answer) {
  const marks = { near: "✓", far: "→", unknown: "?" };
  return make("span", `answer ${answer}`, `${marks[answer]} ${word(answer)}`);
}

/** The walk beside the standard's distance, which stands in the middle. @param {Page} page @param {number} need @param {number} mm @param {string} answer */
function walkBar(page, need, mm, answer) {
  const fill = make("span", `walk-fill ${answer}`);
  const share = mm < 0 ? 1 : mm / (page.needs.limit_m[need] * 2000);
  fill.style.width = percent(Math.min(share, 1));
  const made = make("span", "walk-bar", fill);
  made.setAttribute("aria-hidden", "true");
  return made;
}

/** @param {Page} page @param {string} kind */
function kindName(page, kind) {
  const both = page.kinds[kind];
  if (!both) return kind;
  return language === "zh" ? both[0] : capital(both[1]);
}

/** @param {string} text */
function capital(text) {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** @param {Page} page */
function smallPrint(page) {
  const { beyond } = page.needs;
  const near = beyond.some((known, need) => page.needData[need] && !known) ? [make("p", "", word("edgeNote"))] : [];
  return make("div", "small-print", make("p", "", word("disclaimer")), ...near, ...standardNotes(page));
}
