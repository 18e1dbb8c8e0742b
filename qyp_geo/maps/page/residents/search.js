// What is found by name or pinyin initials.

const MOST_FOUND = 30;
/** @type {Record<string, string>} */
const PLACE_WORDS = {
  estate: "kindEstate",
  community: "kindCommunity",
  street: "kindStreet",
  township: "kindTownship",
  zone: "kindZone",
  facility: "kindFacility",
};

/** Rows of the places that fit what is typed: names that begin with it, then those that hold it, then initials. @param {Page} page @param {string} typed */
function placesFound(page, typed) {
  const wanted = typed.trim().toLowerCase();
  if (!wanted) return [];
  const { name, kind, pinyin } = page.places;
  const kinds = Object.keys(PLACE_WORDS);
  const ranked = name.flatMap((text, row) => {
    const own = text.toLowerCase();
    const rank = [
      own.startsWith(wanted),
      own.includes(wanted),
      pinyin[row].startsWith(wanted),
      pinyin[row].includes(wanted),
    ].indexOf(true);
    return rank < 0 ? [] : [{ row, order: rank * 10 + kinds.indexOf(kind[row]) }];
  });
  return ranked
    .sort((a, b) => a.order - b.order || a.row - b.row)
    .slice(0, MOST_FOUND)
    .map(({ row }) => row);
}

/** What a place is: of a facility, its kind. @param {Page} page @param {number} place */
function placeKind(page, place) {
  const { kind, row } = page.places;
  if (kind[place] === "facility" && row[place] >= 0) return kindName(page, page.facilities.kind[row[place]]);
  return word(PLACE_WORDS[kind[place]]);
}

/** @param {Page} page */
function setUpSearch(page) {
  makeCombobox(
    (typed) => placesFound(page, typed).map((place) => ({ text: page.places.name[place], detail: placeKind(page, place), place })),
    ({ place }) => {
      byId("search").blur();
      choosePlace(page, place);
    },
  );
}
