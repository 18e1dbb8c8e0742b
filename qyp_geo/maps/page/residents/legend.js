// The legend, which is also the choice of what is drawn.

/** @param {Page} page */
function fillLegend(page) {
  const place = byId("legend");
  const wasOpen = Array.from(place.querySelectorAll("details"), ({ open }) => open);
  const isOpen = (/** @type {number} */ i, /** @type {boolean} */ otherwise) => wasOpen[i] ?? otherwise;
  const parts = [
    ...(page.walks ? [circleLegend(page)] : []),
    homesLegend(page),
    fold(word("facilitiesHead"), isOpen(1, false), ...page.facilities.layers.map((_, i) => layerLine(page, i))),
    fold(word("baseHead"), isOpen(2, false), ...baseLines(page)),
  ];
  const whole = fold(word("legend"), isOpen(0, !isNarrow()), ...parts);
  // On a phone both have no room.
  whole.querySelector("summary")?.addEventListener("click", () => isNarrow() && raiseSheet("low"));
  place.replaceChildren(whole);
}

/** @param {string} title @param {...Node} children */
function legendPart(title, ...children) {
  return make("div", "legend-part", make("h3", "", title), ...children);
}

/** @param {Page} page */
function circleLegend(page) {
  const limits = circleLimits(page);
  const items = CIRCLE_MINUTES.map((minutes, i) => {
    const line = make("span", "stroke");
    line.style.background = CIRCLE_LOOKS[i].colour;
    line.style.height = `${CIRCLE_LOOKS[i].weight + 1}px`;
    return make(
      "li",
      "",
      line,
      make("span", "", `${minutes} ${word("minute")}`),
      make("span", "small", `${number(metresOf(limits[i]))} m`),
    );
  });
  return legendPart(word("circleHead"), make("ul", "classes", ...items));
}

/** @param {Page} page */
function homesLegend(page) {
  const choice = /** @type {HTMLSelectElement} */ (make("select"));
  choice.setAttribute("aria-label", word("homesBy"));
  choice.append(new Option(word("homesAll"), String(BY_ALL)));
  page.needs.id.forEach((_, need) => {
    if (page.needData[need])
      choice.append(new Option(`${needName(page, need)} ${signedLimit(page, need)}`, String(need)));
  });
  choice.append(new Option(word("homesNone"), String(BY_NOTHING)));
  choice.value = String(page.colourBy);
  choice.addEventListener("change", () => colourBy(page, Number(choice.value)));
  const items = homeClasses(page).map(({ colour, outline, hollow, label }) => {
    const sign = make("span", hollow ? "swatch hollow" : "swatch");
    sign.style.backgroundColor = page.walks ? faded(colour) : colour;
    sign.style.borderColor = outline ?? colour;
    return make("li", "", sign, make("span", "", label()));
  });
  const classes = page.colourBy === BY_NOTHING ? [] : [make("ul", "classes", ...items)];
  const hint = page.colourBy === BY_ALL ? [make("p", "small", word("colourHint"))] : [];
  return legendPart(word("homesHead"), choice, ...classes, ...hint);
}

/** @param {string} text @param {boolean} checked @param {(checked: boolean) => void} change @param {Node} sign */
function switchLine(text, checked, change, sign) {
  const box = /** @type {HTMLInputElement} */ (make("input"));
  box.type = "checkbox";
  box.checked = checked;
  box.addEventListener("change", () => change(box.checked));
  return make("label", "layer", box, sign, make("span", "", text));
}

/** @param {Page} page @param {number} i the row of the layers of facilities */
function layerLine(page, i) {
  const { label, kind } = page.facilities.layers[i];
  const [sign, colour] = signOf(kind, label);
  const symbol = make("span", "symbol", sign);
  symbol.style.backgroundColor = colour;
  symbol.setAttribute("aria-hidden", "true");
  return switchLine(
    label || kindName(page, kind),
    page.map.hasLayer(page.signs[i]),
    (on) => switchGroup(page, page.signs[i], on),
    symbol,
  );
}

/** @param {Page} page */
function baseLines(page) {
  return [...BASE_ORDER].reverse().flatMap((role) =>
    page.overlays
      .filter((overlay) => overlay.role === role)
      .map((overlay) => {
        const look = AREA_LOOKS[role];
        const sign = make("span", "swatch");
        sign.style.borderColor = String(look.color);
        sign.style.backgroundColor = look.fill === false ? "transparent" : String(look.fillColor);
        const on = page.map.hasLayer(overlay.group);
        return switchLine(overlay.label, on, (shown) => switchGroup(page, overlay.group, shown), sign);
      }),
  );
}

/** @param {Page} page @param {L.FeatureGroup} group @param {boolean} on */
function switchGroup(page, group, on) {
  if (on) page.map.addLayer(group);
  else page.map.removeLayer(group);
  scaleRoads(page);
  page.labels.redraw();
}
