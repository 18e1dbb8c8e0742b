// The page in the reader's language: titles, names of controls, dates, choices.

/** Say everything in one language. @param {Page} page @param {string} chosen */
function speak(page, chosen) {
  sayFrame(page, chosen);
  /** @type {HTMLInputElement} */ (byId("search")).placeholder = word("searchHint");
  byId("dates").textContent = datesText(page);
  byId("review").textContent = page.reviewNumber ? `${word("reviewNumber")} ${page.reviewNumber}` : word("internal");
  fillChoices(page);
  fillLegend(page, byId("legend"));
  fillPanel(page);
}

/** The span of the data's dates. @param {Page} page */
function datesText(page) {
  const known = page.sources.map(({ asOf }) => asOf).filter(Boolean);
  const dates = (known.length ? known : page.sources.map(({ retrieved }) => retrieved)).sort();
  if (!dates.length) return "";
  const [first, last] = [dates[0], dates[dates.length - 1]];
  return `${word(known.length ? "dataDates" : "retrieved")} ${first === last ? first : `${first} – ${last}`}`;
}

/** What buildings may be coloured by. @param {Page} page */
function fillChoices(page) {
  const choices = /** @type {HTMLSelectElement} */ (byId("colour-by"));
  if (!page.coverage) return;
  const asked = page.coverage.requirements.id.map((_, r) => r).filter((r) => hasData(page, r));
  const groups = byCircle(page, asked).map(([circle, members]) => {
    const group = make("optgroup");
    group.setAttribute("label", circle);
    group.append(...members.map((r) => new Option(limitText(page, r), String(r))));
    return group;
  });
  choices.replaceChildren(new Option(word("allRequirements"), "-1"), ...groups);
  choices.value = String(page.colourBy);
}
