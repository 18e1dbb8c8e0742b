// "My location": asked of the device, confirmed by the reader, told to nobody.

/** What the device's refusals mean, by their code. @type {Record<number, string>} */
const REFUSALS = { 1: "locateDenied", 2: "locateFailed", 3: "locateSlow" };

/** @param {Page} page */
function locate(page) {
  const refused = (/** @type {string} */ key) => say(page, location.protocol === "file:" ? "locateFile" : key);
  if (!navigator.geolocation || !window.isSecureContext) return refused("locateInsecure");
  say(page, "locating");
  navigator.geolocation.getCurrentPosition(
    ({ coords }) => located(page, [coords.latitude, coords.longitude], coords.accuracy),
    ({ code }) => refused(REFUSALS[code] ?? "locateFailed"),
    { enableHighAccuracy: true, timeout: 15_000, maximumAge: 60_000 },
  );
}

/** Put the pin there, for the reader to confirm or to drag. @param {Page} page @param {Position} at @param {number} accuracy in metres */
function located(page, at, accuracy) {
  if (!walksFrom(page, at)) return say(page, "locateOutside");
  say(page, "");
  setStart(page, { at, place: -1, confirmed: false, accuracy: Math.ceil(accuracy) }, { fit: true, focus: true });
}

/** Tell the reader something in the panel. @param {Page} page @param {string} message a word's key, or "" */
function say(page, message) {
  page.message = message;
  if (!message) return;
  leaveStart(page);
  raiseSheet("half");
}
