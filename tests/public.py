"""The small district with a page for residents: all its layers are public."""

from __future__ import annotations

from pathlib import Path

from tests.small import small_district

REVIEWED = 'review_number = "赣S(2026)000号"\n'
EXEMPT = 'exemption = { clause = "第六条", approver = "市局", date = 2026-03-01 }\n'


def public_district(folder: Path, *, review: str = "") -> Path:
    """Write it into a new folder; `review` is the line of the 审图号 or of the exemption."""
    small_district(folder)
    for path in (folder / "layers").glob("*.toml"):
        text = path.read_text(encoding="utf-8")
        public = 'licence = "CC0"\nsecrecy = "公开"\nmay_redistribute = true'
        path.write_text(text.replace('licence = "CC0"', public), encoding="utf-8")
    (folder / "maps/residents.toml").write_text(
        f'title = "居民页"\naudience = "residents"\n{review}'
        '[[overlay]]\nof = "layers/streets"\nlabel = "路"\n'
        '[[overlay]]\nof = "layers/toilets"\nlabel = "公厕"\n'
        '[[overlay]]\nof = "analyses/coverage"\nlabel = "住宅"\n',
        encoding="utf-8",
    )
    return folder


def silent(_: str) -> None:
    """Take no note of progress."""
