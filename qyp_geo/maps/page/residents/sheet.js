// On a phone the panel is a sheet that is drawn up over the map; beside a wide map it stands still.

const SHEET_STEPS = ["low", "half", "high"];
/** A finger that moves less than this, in pixels, has pressed the handle and not drawn it. */
const LEAST_DRAG = 8;

/** Whether the page is laid out for a phone, as page.css decides it. */
function isNarrow() {
  return window.matchMedia("(max-width: 760px)").matches;
}

/** @param {string} step */
function raiseSheet(step) {
  byId("panel").dataset.sheet = step;
  byId("handle").setAttribute("aria-expanded", String(step !== "low"));
}

/** What the sheet covers of the map, in pixels. */
function sheetCover() {
  if (!isNarrow()) return 0;
  const shares = { low: 0.16, half: 0.46, high: 0.46 };
  return window.innerHeight * shares[/** @type {keyof typeof shares} */ (byId("panel").dataset.sheet ?? "half")];
}

function setUpSheet() {
  const sheet = byId("panel");
  const handle = byId("handle");
  let from = 0;
  let high = 0;
  let dragged = false;
  const move = (/** @type {PointerEvent} */ event) => {
    if (Math.abs(event.clientY - from) < LEAST_DRAG && !dragged) return;
    dragged = true;
    sheet.style.height = `${Math.min(Math.max(high + from - event.clientY, 90), window.innerHeight - 136)}px`;
  };
  const stop = () => {
    handle.removeEventListener("pointermove", move);
    if (!dragged) return;
    const share = sheet.offsetHeight / window.innerHeight;
    sheet.style.height = "";
    sheet.classList.remove("dragged");
    raiseSheet(share < 0.3 ? "low" : share < 0.66 ? "half" : "high");
  };
  handle.addEventListener("pointerdown", (event) => {
    [from, high, dragged] = [event.clientY, sheet.offsetHeight, false];
    sheet.classList.add("dragged");
    handle.setPointerCapture(event.pointerId);
    handle.addEventListener("pointermove", move);
  });
  handle.addEventListener("pointerup", stop);
  handle.addEventListener("pointercancel", stop);
  handle.addEventListener("click", () => {
    sheet.classList.remove("dragged");
    // A drag ends with a click, too.
    if (dragged) return;
    const at = SHEET_STEPS.indexOf(sheet.dataset.sheet ?? "half");
    raiseSheet(SHEET_STEPS[(at + 1) % SHEET_STEPS.length]);
  });
  raiseSheet("half");
}
