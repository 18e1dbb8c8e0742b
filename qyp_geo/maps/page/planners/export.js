// What was put on the map, as a layer that qyp reads: the points as GeoJSON, and the declaration that goes with them.

/** @param {Page} page @returns {Node[]} */
function exportButtons(page) {
  const geojson = button(word("saveGeojson"), () => {
    saveText("what_if.geojson", "application/geo+json", pointsGeojson(page));
  }, "choice");
  const toml = button(word("saveToml"), () => saveText("what_if.toml", "application/toml", pointsToml()), "choice");
  const text = make("pre", "toml", pointsToml());
  text.tabIndex = 0;
  return [
    make("h3", "", word("exportPoints")),
    make("p", "footnote", word("exportHow")),
    make("div", "choices", geojson, toml),
    fold("what_if.toml", false, text),
  ];
}

/** In WGS 84, as GeoJSON is. @param {Page} page */
function pointsGeojson(page) {
  const { requirements } = coverageOf(page);
  const features = page.whatIf.points.map(({ id, name, at, requirement, gained, off }) => {
    const people = Math.round(peopleOf(page, gained));
    return {
      type: "Feature",
      properties: {
        id,
        name,
        kind: requirements.kind[requirement],
        status: "planned",
        requirement: requirements.id[requirement],
        people_gained: people,
        note: Number.isNaN(off) ? word("noStreet") : `${limitText(page, requirement)}: ${word("alone")} ${peopleText(people)}`,
      },
      geometry: { type: "Point", coordinates: [at[1], at[0]] },
    };
  });
  return `${JSON.stringify({ type: "FeatureCollection", name: "what_if", features }, null, 1)}\n`;
}

/** Nothing of it comes from data. */
function pointsToml() {
  const now = new Date();
  const today = [now.getFullYear(), now.getMonth() + 1, now.getDate()].map((part) => String(part).padStart(2, "0")).join("-");
  return `# layers/what_if.toml
title = "设想点位"
kind = "candidates"
geometry = "point"

[source]
path = "data/what_if.geojson"
datum = "wgs84"

[columns]
id = "id"
name = "name"
facility = "kind"                  # 拟建设施的种类
status = "status"
people_alone = "people_gained"     # 单独新增覆盖的居民
note = "note"

[provenance]
publisher = "规划页设想布点"
retrieved = ${today}
as_of = ${today}
licence = "内部使用"
secrecy = "内部"
may_redistribute = false
note = "设想,未经核实:权属、用地性质、建筑面积待补"
`;
}
