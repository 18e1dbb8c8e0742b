// Colours, widths and marks. Hues run from blue (within reach) to orange and brown (beyond), which readers with any of the
// common colour deficiencies tell apart; what is not met also has a dark outline, what has no data is hollow and dashed.

const INK = "#1f2933";
const BEYOND_EDGE = "#4a2500";

/** @typedef {{colour: string, outline?: string, weight?: number, hollow?: boolean, label: () => string}} ResidentClass */

/** Classes of the share of requirements within reach; `from` is the least share. @type {(ResidentClass & {from: number})[]} */
const SHARE_CLASSES = [
  { from: 1, colour: "#08519c", label: () => `${word("all")} 100%` },
  { from: 0.75, colour: "#5aa2d8", label: () => "75–99%" },
  { from: 0.5, colour: "#b9dbf2", label: () => "50–74%" },
  { from: 0.25, colour: "#fdae61", outline: BEYOND_EDGE, weight: 0.8, label: () => "25–49%" },
  { from: 0, colour: "#b35806", outline: BEYOND_EDGE, weight: 0.8, label: () => "0–24%" },
];

/** @type {ResidentClass} */
const NO_DATA = { colour: "#ffffff", outline: "#8a94a0", weight: 1, hollow: true, label: () => word("noData") };

const WALK_COLOURS = { near: "#08519c", within: "#6baed6", beyond: "#fdae61", far: "#b35806" };

/**
 * Looks of streets, the widest last so that it is drawn on top.
 * @type {Record<string, {word: string, colour: string, weight: number, dash: string, classes: string}>}
 */
const STREETS = {
  not: { word: "walkableNot", colour: "#b9b4ad", weight: 1, dash: "3 4", classes: "" },
  path: {
    word: "roadPath",
    colour: "#b7ad9c",
    weight: 1,
    dash: "2 3",
    classes: "footway path pedestrian steps cycleway track corridor bridleway",
  },
  local: {
    word: "roadLocal",
    colour: "#c9c3b8",
    weight: 1.2,
    dash: "",
    classes: "residential living_street service unclassified road",
  },
  middle: {
    word: "roadMiddle",
    colour: "#b5ada0",
    weight: 2,
    dash: "",
    classes: "secondary secondary_link tertiary tertiary_link",
  },
  main: {
    word: "roadMain",
    colour: "#9d9385",
    weight: 3.2,
    dash: "",
    classes: "motorway motorway_link trunk trunk_link primary primary_link",
  },
};

/** The look of each class of street; others look like local ones. */
const LOOK_OF_CLASS = new Map(
  Object.entries(STREETS).flatMap(([look, { classes }]) => classes.split(" ").map((name) => [name, look])),
);

/** One character and a colour for each kind of facility; other kinds show the first character of their label. */
const KINDS = new Map([
  ["public_toilet", ["厕", "#5b3a8c"]],
  ["public_parking", ["P", "#1f4e79"]],
  ["resident_parking", ["P", "#1f4e79"]],
  ["ev_charging", ["电", "#1f4e79"]],
  ["neighbourhood_centre", ["邻", "#8c1d40"]],
  ["community_service_centre", ["服", "#8c1d40"]],
  ["community_station", ["站", "#8c1d40"]],
  ["subdistrict_office", ["政", "#8c1d40"]],
  ["police_station", ["警", "#8c1d40"]],
  ["kindergarten", ["幼", "#0b5d6b"]],
  ["nursery", ["托", "#0b5d6b"]],
  ["primary_school", ["小", "#0b5d6b"]],
  ["junior_school", ["初", "#0b5d6b"]],
  ["high_school", ["高", "#0b5d6b"]],
  ["nine_year_school", ["九", "#0b5d6b"]],
  ["school", ["学", "#0b5d6b"]],
  ["health_centre", ["卫", "#8a2c0d"]],
  ["health_station", ["卫", "#8a2c0d"]],
  ["hospital", ["医", "#8a2c0d"]],
  ["clinic", ["诊", "#8a2c0d"]],
  ["pharmacy", ["药", "#8a2c0d"]],
  ["elderly_daycare", ["老", "#8a2c0d"]],
  ["elderly_home", ["养", "#8a2c0d"]],
  ["community_canteen", ["食", "#6b4a00"]],
  ["culture_centre", ["文", "#5b3a8c"]],
  ["culture_station", ["文", "#5b3a8c"]],
  ["library", ["书", "#5b3a8c"]],
  ["museum", ["博", "#5b3a8c"]],
  ["sports_centre", ["体", "#34571a"]],
  ["gym", ["健", "#34571a"]],
  ["court_large", ["场", "#34571a"]],
  ["court_medium", ["场", "#34571a"]],
  ["court_small", ["场", "#34571a"]],
  ["fitness", ["健", "#34571a"]],
  ["sports_ground", ["运", "#34571a"]],
  ["playground", ["玩", "#34571a"]],
  ["pocket_park", ["袋", "#2d6a2f"]],
  ["park", ["园", "#2d6a2f"]],
  ["square", ["广", "#2d6a2f"]],
  ["greenway", ["绿", "#2d6a2f"]],
  ["convenience_store", ["便", "#6b4a00"]],
  ["supermarket", ["超", "#6b4a00"]],
  ["fresh_supermarket", ["鲜", "#6b4a00"]],
  ["wet_market", ["菜", "#6b4a00"]],
  ["bus_stop", ["公", "#1f4e79"]],
  ["metro_station", ["铁", "#1f4e79"]],
]);

/** Zones are told apart by outline colour and name; fills stay faint because zones may overlap. */
const ZONE_COLOURS = ["#7b3294", "#00695c", "#a6611a", "#2b5797", "#8c2d5a", "#556b2f", "#5d4037"];

/** The id of what lies outside all zones, as the analyses write it. */
const OUTSIDE = "区外";

/** Outlines and fills by role. @type {Record<string, L.PathOptions>} */
const LOOKS = {
  boundary: { color: "#3b4754", weight: 2.5, dashArray: "10 4 2 4", fill: true, fillColor: "#fdfcf9", fillOpacity: 1 },
  water: { color: "#7fb2cf", weight: 1, fillColor: "#b8dcec", fillOpacity: 1 },
  units: { color: "#6b7683", weight: 1.2, dashArray: "4 4", fillOpacity: 0 },
  gaps: { color: "#a3006b", weight: 1.8, dashArray: "7 4", fillColor: "#a3006b", fillOpacity: 0.1 },
  candidates: { color: "#00695c", weight: 2, dashArray: "3 3", fillColor: "#4db6ac", fillOpacity: 0.35 },
  landmarks: { color: "#5d4037", weight: 1.5, dashArray: "6 4", fillColor: "#8d6e63", fillOpacity: 0.08 },
  estates: { color: "#8d5524", weight: 1.1, fillColor: "#c89f72", fillOpacity: 0.14 },
  landuse: { weight: 0.5, color: "#ffffff", fillOpacity: 0.8 },
  barriers: { color: "#5b4636", weight: 2, fillOpacity: 0.05 },
  crossings: {},
  links: {},
  gates: { color: "#ffffff", weight: 1, fillColor: "#37474f", fillOpacity: 1 },
  residents: { color: "#7d8894", weight: 0.6, fillColor: "#cfd6dd", fillOpacity: 0.9 },
  zones: { weight: 2, fillOpacity: 0.08 },
  streets: {},
  facility: { weight: 1.2, fillOpacity: 0.3 },
  coverage: { fillOpacity: 0.95 },
  theme: { color: "#3b4754", weight: 1, fillColor: "#7a7a7a", fillOpacity: 0.85 },
};

/** @typedef {{word: string, look: L.PathOptions, symbol?: string[]}} Type */

const LINK_LOOK = { color: "#00843d", weight: 5, opacity: 1 };
const CROSSING_COLOUR = "#37474f";

/**
 * Roles whose rows are of several types, by the word of the data.
 * @type {Record<string, Record<string, Type>>}
 */
const TYPES = {
  barriers: {
    wall: { word: "barrierWall", look: { color: "#5b4636", weight: 2.2 } },
    fence: { word: "barrierFence", look: { color: "#5b4636", weight: 1.6, dashArray: "1 4" } },
    water: { word: "barrierWater", look: { color: "#2f7fa8", weight: 2.2, fillColor: "#b8dcec", fillOpacity: 0.5 } },
    railway: { word: "barrierRailway", look: { color: "#1f2933", weight: 3, dashArray: "10 6" } },
    elevated: { word: "barrierElevated", look: { color: "#6a5acd", weight: 4, opacity: 0.6 } },
  },
  crossings: {
    signals: { word: "crossingSignals", look: {}, symbol: ["灯", CROSSING_COLOUR] },
    zebra: { word: "crossingZebra", look: {}, symbol: ["斑", CROSSING_COLOUR] },
    footbridge: { word: "crossingFootbridge", look: {}, symbol: ["桥", CROSSING_COLOUR] },
    underpass: { word: "crossingUnderpass", look: {}, symbol: ["道", CROSSING_COLOUR] },
  },
  landuse: {
    residential: { word: "landResidential", look: { fillColor: "#fff2b3" } },
    construction: { word: "landConstruction", look: { fillColor: "#e3dcd5" } },
    other: { word: "landOther", look: { fillColor: "#dcebd3" } },
  },
  links: {
    gate: { word: "linkGate", look: LINK_LOOK, symbol: ["门", "#00843d"] },
    crossing: { word: "linkCrossing", look: LINK_LOOK, symbol: ["过", "#00843d"] },
    footbridge: { word: "linkFootbridge", look: LINK_LOOK, symbol: ["桥", "#00843d"] },
  },
};

/** The word of the data by which a row is of a type. @param {Overlay} overlay @param {number} row */
function typeWord({ role, facts }, row) {
  if (role === "landuse") return ["residential", "construction"].find((use) => facts[use]?.[row] === true) ?? "other";
  const column = { barriers: "barrier", crossings: "crossing", links: "kind" }[role] ?? "";
  return String(facts[column]?.[row]);
}

/** @param {Overlay} overlay @param {number} row @returns {Type | undefined} */
function typeOf(overlay, row) {
  return TYPES[overlay.role]?.[typeWord(overlay, row)];
}

/** @param {Overlay} overlay @param {number} row @returns {string} */
function streetLook(overlay, row) {
  const { street_class, walkable, status } = overlay.facts;
  if (walkable?.[row] === false || (status?.[row] ?? "existing") !== "existing") return "not";
  return LOOK_OF_CLASS.get(String(street_class?.[row])) ?? "local";
}

/** Whether a unit is of the lower level. @param {Overlay} overlay @param {number} row */
function isCommunity(overlay, row) {
  return ["社区", "村"].includes(String(overlay.facts.level?.[row]));
}

/** What a role with a word of the page's own is called, or what the declaration calls it. @param {Overlay} overlay */
function labelOf(overlay) {
  return overlay.label || word(overlay.role);
}

/** Colours of classes without an order (Okabe and Ito 2008), and of classes from less to more. */
const CLASS_COLOURS = ["#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#f0e442", "#7a7a7a"];
const STEP_COLOURS = ["#deebf7", "#9ecae1", "#6baed6", "#2171b5", "#08306b"];
/** Words that look the same on every map. @type {Map<unknown, ResidentClass>} */
const WORD_LOOKS = new Map([
  ["达标", { colour: "#08519c", label: () => tableWord("达标") }],
  ["未达标", { colour: "#b35806", outline: BEYOND_EDGE, label: () => tableWord("未达标") }],
  ["无数据", NO_DATA],
  ["不适用", { colour: "#cfd6dd", label: () => tableWord("不适用") }],
  ["学位充足", { colour: "#08519c", label: () => tableWord("学位充足") }],
  ["学位紧张", { colour: "#fdae61", outline: BEYOND_EDGE, label: () => tableWord("学位紧张") }],
  ["学位不足", { colour: "#b35806", outline: BEYOND_EDGE, label: () => tableWord("学位不足") }],
  ["无校可上", { colour: "#4a2500", label: () => tableWord("无校可上") }],
  ["新增达标", { colour: "#08519c", label: () => tableWord("新增达标") }],
  ["不再达标", { colour: "#b35806", outline: BEYOND_EDGE, label: () => tableWord("不再达标") }],
  ["existing", { colour: "#7a7a7a", label: () => tableWord("existing") }],
  ["chosen", { colour: "#d55e00", label: () => tableWord("chosen") }],
  ["candidate", { colour: "#9fd8cb", label: () => tableWord("candidate") }],
  ["left_out", { colour: "#ffffff", outline: "#8a94a0", hollow: true, label: () => tableWord("left_out") }],
]);

/** The look of a class of a theme; -1 is that of rows without a value. @param {Theme} theme @param {number} place @returns {ResidentClass} */
function themeLook(theme, place) {
  if (place < 0) return NO_DATA;
  if (theme.shares) return SHARE_CLASSES[place];
  const label = theme.labels[place];
  const colours = theme.ordered ? STEP_COLOURS.slice(-theme.labels.length) : CLASS_COLOURS;
  return WORD_LOOKS.get(label) ?? { colour: colours[place], label: () => plainText(label) };
}

/** From the bottom up; what is background takes no clicks. */
const DRAW_ORDER = [
  "boundary",
  "landuse",
  "water",
  "streets",
  "units",
  "zones",
  "landmarks",
  "gaps",
  "estates",
  "residents",
  "coverage",
  "theme",
  "barriers",
  "candidates",
  "crossings",
  "gates",
  "facility",
  "links",
];
const LEGEND_ORDER = [
  "coverage",
  "theme",
  "residents",
  "gaps",
  "links",
  "zones",
  "units",
  "landmarks",
  "candidates",
  "facility",
  "estates",
  "gates",
  "barriers",
  "crossings",
  "streets",
  "landuse",
  "water",
  "boundary",
];
const BACKGROUND = new Set(["boundary", "landuse", "water", "streets"]);
/** Areas that may lie within one another. */
const NESTED = new Set(["units", "zones", "gaps", "estates", "theme"]);
/** What is drawn with a sign of one character. */
const WITH_SYMBOL = new Set(["facility", "crossings", "links"]);

/** From this zoom on buildings are large enough to have an outline. */
const OUTLINE_ZOOM = 15;

/** Marks of the verdicts, so that they do not rest on colour. */
const VERDICT_MARKS = new Map([
  ["达标", ["✓", "met"]],
  ["未达标", ["✗", "unmet"]],
  ["无数据", ["?", "unknown"]],
  ["不适用", ["–", "unknown"]],
]);

/** @param {string} kind @param {string} label @returns {string[]} the sign and the colour of a kind of facility */
function signOf(kind, label) {
  return KINDS.get(kind) ?? [Array.from(label)[0] ?? "•", "#37474f"];
}
