// A link that shows the same view: place, topic, colours, layers, what is selected, and the points of what if.

/** @param {Page} page */
function tellAddress(page) {
  if (!page.isOpen) return;
  const { map, selected, coverage } = page;
  const centre = map.getCenter();
  /** @type {Record<string, string | undefined>} */
  const entries = {
    lang: language === page.languages[0] ? "" : language,
    at: positionText([centre.lat, centre.lng]),
    z: String(map.getZoom()),
    topic: page.topic === "overview" ? "" : page.topic,
    by: String(coverage?.requirements.id[page.colourBy] ?? ""),
    sel: selected ? `${page.overlays.indexOf(selected.overlay)}.${selected.overlay.ids[selected.row]}` : "",
    turned: turnedLayers(page).join("."),
  };
  page.whatIf.points.forEach(({ at, requirement, name }, i) => {
    entries[`p${i}`] = `${positionText(at, 6)},${requirement}`;
    entries[`n${i}`] = name;
  });
  writeAddress(entries);
}

/** The places of the overlays that are not as declared; what a requirement only reveals is left out. @param {Page} page */
function turnedLayers({ overlays, map, revealed }) {
  return overlays.flatMap((overlay, i) =>
    map.hasLayer(overlay.group) !== overlay.visible && !revealed.includes(overlay) ? [i] : [],
  );
}

/** Show what the address says, as far as it makes sense here. @param {Page} page */
function followAddress(page) {
  const said = readAddress();
  if (page.languages.includes(said.lang)) language = said.lang;
  if (TOPICS.some(({ id, has }) => id === said.topic && has(page))) page.topic = said.topic;
  const requirement = page.coverage?.requirements.id.indexOf(said.by) ?? -1;
  if (requirement >= 0) page.colourBy = requirement;
  for (const place of (said.turned ?? "").split(".")) {
    const overlay = place ? page.overlays[Number(place)] : undefined;
    if (overlay) show(page, overlay, !overlay.visible);
  }
  reveal(page);
  followPoints(page, said);
  const [place, ...id] = (said.sel ?? "").split(".");
  const overlay = place ? page.overlays[Number(place)] : undefined;
  const row = overlay?.ids.indexOf(id.join(".")) ?? -1;
  if (overlay && row >= 0) page.selected = { overlay, row };
  const [at, zoom] = [readPosition(said.at), readNumbers(said.z, 1)];
  if (at && zoom) page.map.setView(at, Math.min(Math.max(zoom[0], 8), 19), { animate: false });
}

/** @param {Page} page @param {Record<string, string>} said */
function followPoints(page, said) {
  if (!canAsk(page)) return;
  for (let i = 0; i < MOST_POINTS; i++) {
    const numbers = readNumbers(said[`p${i}`], 3);
    const at = numbers && readPosition(`${numbers[0]},${numbers[1]}`);
    if (!numbers || !at || !Object.hasOwn(coverageOf(page).requirements.id, numbers[2])) continue;
    placePoint(page, L.latLng(at), { name: said[`n${i}`]?.slice(0, 60), requirement: numbers[2] });
  }
}
