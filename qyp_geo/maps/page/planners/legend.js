// The legend is the layer control: one line per overlay with a box to show or hide it.

/** @param {Page} page @param {HTMLElement} place */
function fillLegend(page, place) {
  const wasOpen = Array.from(place.querySelectorAll("details"), ({ open }) => open);
  const sorted = [...page.overlays].sort((a, b) => LEGEND_ORDER.indexOf(a.role) - LEGEND_ORDER.indexOf(b.role));
  const folds = { facility: "moreFacilities", theme: "moreThemes" };
  const lines = sorted
    .filter(({ role, visible }) => visible || !(role in folds))
    .flatMap((overlay) => legendOf(page, overlay));
  Object.entries(folds).forEach(([role, title], place) => {
    const folded = sorted.filter((overlay) => overlay.role === role && !overlay.visible);
    const inside = folded.flatMap((overlay) => legendOf(page, overlay));
    const isOpen = wasOpen[1 + place] ?? false;
    if (folded.length) lines.push(fold(`${word(title)} (${folded.length})`, isOpen, ...inside));
  });
  place.replaceChildren(fold(word("legend"), wasOpen[0] ?? !isNarrow(), ...lines));
}

/** @param {Page} page @param {Overlay} overlay @returns {Node[]} */
function legendOf(page, overlay) {
  const box = /** @type {HTMLInputElement} */ (make("input"));
  box.type = "checkbox";
  box.checked = page.map.hasLayer(overlay.group);
  box.addEventListener("change", () => show(page, overlay, box.checked));
  overlay.box = box;
  const label = make(
    "label",
    "layer",
    box,
    swatchOf(overlay),
    make("span", "", labelOf(overlay)),
    make("span", "small", number(overlay.ids.length)),
  );
  if (overlay.role === "coverage") return [label, classList(page)];
  if (overlay.role === "streets") return [label, streetList(overlay)];
  if (overlay.theme) return [label, themeList(overlay.theme)];
  const hint = page.coverage && page.colourBy < 0 ? [make("p", "small hint", word("chooseForGaps"))] : [];
  if (overlay.role === "links") return [label, typeList(overlay), ...hint];
  if (overlay.role in TYPES) return [label, typeList(overlay)];
  if (overlay.role === "gaps") return [label, ...hint];
  return [label];
}

/** @param {Page} page */
function classList(page) {
  const total = page.peopleByClass.reduce((sum, people) => sum + people, 0);
  const items = classesOf(page).map((one, place) => {
    const sign = make("span", one.hollow ? "swatch hollow" : "swatch");
    sign.style.backgroundColor = one.colour;
    sign.style.borderColor = one.outline ?? one.colour;
    const share = total ? percent(page.peopleByClass[place] / total) : "";
    return make("li", "", sign, make("span", "", one.label()), make("span", "small", share));
  });
  const head = make(
    "li",
    "small",
    make("span"),
    make("span", "", word(page.colourBy < 0 ? "shareHead" : "walkHead")),
    make("span", "", word("ofPeople")),
  );
  const list = make("ul", "classes", head, ...items);
  list.id = "classes";
  return list;
}

/** The classes of a theme. @param {Theme} theme */
function themeList(theme) {
  const counts = new Map([-1, ...theme.labels.keys()].map((place) => [place, 0]));
  for (const place of theme.of) counts.set(place, (counts.get(place) ?? 0) + 1);
  const places = [...theme.labels.keys(), ...(counts.get(-1) ? [-1] : [])];
  const items = places.map((place) => {
    const { colour, outline, hollow, label } = themeLook(theme, place);
    const sign = make("span", hollow ? "swatch hollow" : "swatch");
    sign.style.backgroundColor = colour;
    sign.style.borderColor = outline ?? INK;
    return make("li", "", sign, make("span", "", label()), make("span", "small", number(counts.get(place) ?? 0)));
  });
  return make("ul", "classes", ...items);
}

/** The looks of streets that are on the map. @param {Overlay} overlay */
function streetList(overlay) {
  const used = new Set(overlay.ids.map((_, row) => streetLook(overlay, row)));
  const looks = Object.entries(STREETS)
    .filter(([look]) => used.has(look))
    .reverse();
  const items = looks.map(([, look]) => {
    const sign = make("span", "line");
    sign.style.borderTop = `${Math.max(look.weight, 1.5)}px ${look.dash ? "dashed" : "solid"} ${look.colour}`;
    return make("li", "", sign, make("span", "", word(look.word)));
  });
  return make("ul", "classes", ...items);
}

/** The types of an overlay that are on the map. @param {Overlay} overlay */
function typeList(overlay) {
  const used = new Set(overlay.ids.map((_, row) => typeWord(overlay, row)));
  const items = Object.entries(TYPES[overlay.role]).flatMap(([name, type]) =>
    used.has(name) ? [make("li", "", typeSign(overlay, type), make("span", "", word(type.word)))] : [],
  );
  return make("ul", "classes", ...items);
}

/** @param {Overlay} overlay @param {Type} type */
function typeSign({ role }, { look, symbol }) {
  if (symbol) return signMade(symbol, role === "links");
  if (role === "landuse") {
    const area = make("span", "swatch");
    area.style.backgroundColor = String(look.fillColor);
    return area;
  }
  const line = make("span", "line");
  line.style.borderTop = `${look.weight}px ${look.dashArray ? "dashed" : "solid"} ${look.color}`;
  return line;
}

/** The sign that is drawn on the map. @param {string[]} symbol @param {boolean} hollow */
function signMade([sign, colour], hollow) {
  const made = make("span", "symbol", sign);
  made.style.backgroundColor = hollow ? "#ffffff" : colour;
  made.style.color = hollow ? colour : "#ffffff";
  made.style.border = `1.5px ${hollow ? "dashed" : "solid"} ${colour}`;
  made.setAttribute("aria-hidden", "true");
  return made;
}

/** @param {Overlay} overlay */
function swatchOf(overlay) {
  if (overlay.role === "facility") return signMade(signOf(overlay.kind, overlay.label), false);
  const made = make("span", "swatch");
  const look = LOOKS[overlay.role];
  made.style.backgroundColor = look.fillOpacity ? String(look.fillColor ?? "transparent") : "transparent";
  made.style.borderColor = String(look.color ?? ZONE_COLOURS[0]);
  if (look.dashArray) made.style.borderStyle = "dashed";
  if (overlay.role === "gaps") made.style.backgroundColor = "#f3d9ea";
  if (overlay.role === "gates") made.className = "swatch dot";
  if (overlay.theme || ["streets", "coverage", ...Object.keys(TYPES)].includes(overlay.role))
    made.className = "swatch none";
  return made;
}
