// What a residents' page carries, unpacked: maps/residents.py writes it.

/** @typedef {Record<string, unknown[]>} Columns */
/** @typedef {{labels: (string | boolean)[], ordered?: boolean, shares?: boolean, of: number[]}} Theme */
/**
 * What lies on the map beside homes and facilities.
 * @typedef {object} Overlay
 * @property {string} role
 * @property {string} kind
 * @property {string} label
 * @property {boolean} visible
 * @property {string[]} ids
 * @property {string[]} names
 * @property {Columns} facts
 * @property {Shape[]} shapes
 * @property {Position[]} [at]
 * @property {L.FeatureGroup} group
 */
/** @typedef {{id: string, kmh: number, zh: string, en: string, sourceZh: string, sourceEn: string}} Speed */
/**
 * The requirements of the coverage analysis, one value per need in each column.
 * @typedef {object} Needs
 * @property {string[]} id
 * @property {string[]} kind
 * @property {string[]} title
 * @property {string[]} circle
 * @property {number[]} limit_m
 * @property {boolean[]} [strict] whether the walk must be less than the limit, rather than no more
 * @property {string[]} strength
 * @property {string[]} clause
 * @property {string[]} source
 * @property {boolean[]} verified
 * @property {boolean[]} reference
 * @property {Int32Array[]} serves the rows of the facilities that count for each need
 * @property {Int32Array[]} unsure of those that count too, but whose entrance is not known
 * @property {boolean[]} beyond whether any facility is known outside the district
 */
/**
 * @typedef {object} Facilities
 * @property {string[]} ids
 * @property {string[]} names
 * @property {string[]} kind
 * @property {number[]} layer the row of `layers`
 * @property {{label: string, kind: string, visible: boolean}[]} layers
 * @property {{layer: number, heading: string, rows: number[], values: unknown[]}[]} fields
 * @property {Position[]} at
 * @property {{row: number[], shapes: Shape[]}} grounds of those that are areas
 */
/**
 * The homes, as classes only.
 * @typedef {object} Homes
 * @property {any} shapes packed, as HomesLayer takes them
 * @property {Int32Array[]} need per need: 0 within reach, 1 farther, 2 no data, -1 not asked
 * @property {Int32Array} share the class of the share of needs within reach, of SHARE_CLASSES; 5 no data
 * @property {Int32Array} area the row of `areas`
 */
/**
 * @typedef {object} Places
 * @property {string[]} name
 * @property {("community" | "township" | "zone" | "street" | "estate" | "facility")[]} kind
 * @property {string[]} pinyin initials
 * @property {number[]} row
 * @property {Position[]} at
 */
/**
 * Figures of groups; null where a group is too small to be told.
 * @typedef {object} Areas
 * @property {string[]} level
 * @property {string[]} name
 * @property {(number | null)[]} people_total to tens
 * @property {(number | null)[]} n_items_with_data
 * @property {(number | null)[][]} need_share per need
 * @property {(number | null)[]} mean_reached
 */
/** @typedef {Record<"title" | "publisher" | "licence" | "retrieved" | "asOf" | "completeness" | "note", string> & {rows: number}} Source */
/**
 * @typedef {object} Content
 * @property {string} title
 * @property {string[]} languages
 * @property {string} reviewNumber
 * @property {Basemap | null} basemap
 * @property {{clause: string, approver: string, date: string} | null} exemption
 * @property {string} publisher
 * @property {string} date
 * @property {{name: string, title: string, note: string, walkKmh: number}} district
 * @property {Record<string, [string, string]>} kinds Chinese and English names
 * @property {Speed[]} speeds
 * @property {Needs} needs
 * @property {boolean[]} needData whether anything is known of each need
 * @property {Network} network
 * @property {string[]} streetNames
 * @property {Int32Array} edgeName the row of `streetNames`, or -1
 * @property {string[]} streetClasses
 * @property {Int32Array} edgeClass the row of `streetClasses`; -1 where the same line is drawn already
 * @property {Facilities} facilities
 * @property {Accesses} facilityAccess
 * @property {Homes} homes
 * @property {Overlay[]} overlays
 * @property {Places} places
 * @property {Areas} areas
 * @property {Source[]} sources
 * @property {string[]} notes
 * @property {{unverified: number, sketch: string, base: string}} marks
 * @property {Uint8Array} bytes what is still packed
 */

/** @returns {Promise<Content>} */
async function readContent() {
  const [text, bytes] = await Promise.all([unpackBytes("qyp-text"), unpackBytes("qyp-numbers")]);
  const content = JSON.parse(new TextDecoder().decode(text));
  const column = (/** @type {Column} */ where) => unpackColumn(bytes, where);
  content.needs.serves = content.needs.serves.map(column);
  content.network = unpackNetwork(bytes, content.network);
  content.needs.unsure = content.needs.unsure.map(column);
  content.edgeName = column(content.edgeName);
  content.edgeClass = column(content.edgeClass);
  content.facilities.grounds.shapes = unpackShapes(bytes, content.facilities.grounds.shapes);
  content.facilities.at = unpackPoints(bytes, content.facilities.at);
  content.facilityAccess = unpackAccesses(bytes, content.facilityAccess);
  content.homes.need = content.homes.need.map(column);
  content.homes.share = column(content.homes.share);
  content.homes.area = column(content.homes.area);
  content.places.at = unpackPoints(bytes, content.places.at);
  content.bytes = bytes;
  for (const overlay of content.overlays) {
    overlay.ids ??= [];
    overlay.kind ??= "";
    overlay.facts ??= {};
    overlay.shapes = unpackShapes(bytes, overlay.shapes);
    if (overlay.at) overlay.at = unpackPoints(bytes, overlay.at);
  }
  return content;
}
