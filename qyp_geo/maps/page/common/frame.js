// What both pages have around their map.

/** Scale and north; the places of legend and credits. @param {L.Map} map */
function placeControls(map) {
  L.control.scale({ imperial: false, maxWidth: 120 }).addTo(map);
  for (const [id, position] of /** @type {[string, L.ControlPosition][]} */ ([
    ["north", "topleft"],
    ["legend", "topright"],
    ["credits", "bottomright"],
  ])) {
    const control = new L.Control({ position });
    control.onAdd = () => {
      const place = byId(id);
      place.hidden = false;
      L.DomEvent.disableClickPropagation(place);
      L.DomEvent.disableScrollPropagation(place);
      return place;
    };
    control.addTo(map);
  }
}

/**
 * Say in one language what stands around the map, whatever the page is.
 * @param {{title: string, district: {title: string, note: string}, basemap: Basemap | null, sources: {licence: string}[]}} page
 * @param {string} chosen
 */
function sayFrame(page, chosen) {
  language = chosen;
  document.documentElement.lang = language === "zh" ? "zh-CN" : "en";
  document.title = page.title;
  for (const place of document.querySelectorAll("[data-word]"))
    place.textContent = word(/** @type {HTMLElement} */ (place).dataset.word ?? "");
  for (const place of document.querySelectorAll("[data-name]"))
    place.setAttribute("aria-label", word(/** @type {HTMLElement} */ (place).dataset.name ?? ""));
  for (const [name, key] of [
    ["in", "zoomIn"],
    ["out", "zoomOut"],
  ]) {
    const zoom = document.querySelector(`.leaflet-control-zoom-${name}`);
    zoom?.setAttribute("title", word(key));
    zoom?.setAttribute("aria-label", word(key));
  }
  byId("title").textContent = page.title;
  byId("place").textContent = page.district.title;
  byId("note").textContent = page.district.note;
  byId("note").hidden = !page.district.note;
  byId("osm").hidden = !page.sources.some(({ licence }) => /ODbL/i.test(licence));
  creditBasemap(page.basemap);
}
