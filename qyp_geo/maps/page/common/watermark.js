// A page that is not released says so across its map, on the screen and in print. `qyp publish` changes the constant word in
// the page's head, and nothing else.

/** In Chinese in either language: it is addressed to whoever would pass the page on. */
const DRAFT_MARK = "内部资料,未经审核不得公开";

/** Whether the page is not released. */
function isDraft() {
  return document.querySelector('meta[name="qyp-release"]')?.getAttribute("content") !== "public";
}

/** Mark a draft. @param {HTMLElement} map what the mark lies across */
function markDraft(map) {
  if (!isDraft()) return;
  const marks = Array.from({ length: 12 }, () => make("span", "", DRAFT_MARK));
  const made = make("div", "watermark", ...marks);
  // What it says, the credits say as text.
  made.setAttribute("aria-hidden", "true");
  map.append(made);
}
