// The part of the page's address after "#" tells what is seen, so that a link shows it again. Whoever opens a link did not
// choose what is in it: it is read as short texts and numbers, and what makes no sense is left out.

/** No view needs longer values. */
const LONGEST_VALUE = 200;

/** What the address says, by name. @returns {Record<string, string>} */
function readAddress() {
  /** @type {Record<string, string>} */
  const said = Object.create(null);
  for (const [name, value] of new URLSearchParams(location.hash.slice(1)))
    if (value.length <= LONGEST_VALUE) said[name] = value;
  return said;
}

/** Say what is seen; entries that are "" or missing are left out. @param {Record<string, string | undefined>} entries */
function writeAddress(entries) {
  const said = new URLSearchParams();
  for (const [name, value] of Object.entries(entries)) if (value) said.set(name, value);
  // Commas of positions stay as they are, so that the link can be read.
  const hash = `#${said.toString().replaceAll("%2C", ",")}`;
  if (hash === location.hash) return;
  try {
    history.replaceState(null, "", hash);
  } catch {
    // Browsers refuse when it changes too often; the next change says it all again.
  }
}

/** So many numbers between commas, or null. @param {string | undefined} text @param {number} count */
function readNumbers(text, count) {
  const numbers = (text ?? "").split(",").map((part) => (part.trim() ? Number(part) : NaN));
  return numbers.length === count && numbers.every(Number.isFinite) ? numbers : null;
}

/** A position on the earth, or null. @param {string | undefined} text @returns {Position | null} */
function readPosition(text) {
  const numbers = readNumbers(text, 2);
  if (!numbers || Math.abs(numbers[0]) > 90 || Math.abs(numbers[1]) > 180) return null;
  return [numbers[0], numbers[1]];
}

/** @param {Position} position @param {number} [decimals] */
function positionText([lat, lng], decimals = 5) {
  return `${lat.toFixed(decimals)},${lng.toFixed(decimals)}`;
}
