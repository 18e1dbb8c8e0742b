"""Folders that any static host can serve: residents' pages with their tables and downloads, and what each file rests on.

What is public lies in `public/`, and gets there through `gate` alone; `draft/` is for a look inside the office.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from qyp_geo import maps
from qyp_geo.build import repair, replaced_whole
from qyp_geo.built import open_build
from qyp_geo.declarations import Map
from qyp_geo.errors import QypGeoError
from qyp_geo.locking import locked
from qyp_geo.project import find_project
from qyp_geo.publishing.downloads import write_downloads
from qyp_geo.publishing.front import front_page
from qyp_geo.publishing.gate import require_review
from qyp_geo.publishing.manifest import manifest_json, sha256sums
from qyp_geo.record import Run
from qyp_geo.tables import write_csv

__all__ = ["Published", "publish"]

_SUMS: Final = "SHA256SUMS"
_STAYS: Final = "a page for planners tells people building by building: it stays in the office, in build/"


@dataclass(frozen=True, slots=True)
class Published:
    """What was published.

    Attributes
    ----------
    folder
        ``public/`` or ``draft/`` of the district folder.
    files
        All that was written, relative to it.
    left_out
        The pages of the folder that are not in it, with the reason.
    """

    folder: Path
    files: tuple[Path, ...]
    left_out: Mapping[str, str]


def publish(folder: Path, *, draft: bool) -> Published:
    """Write `public/` of a district folder from its last run, or `draft/`: whole or not at all.

    Parameters
    ----------
    folder
        The district folder; what `qyp run` wrote there is up to date.
    draft
        To write a draft instead, which needs no review number: its pages carry the watermark, and planners' pages are in it.

    Raises
    ------
    MissingError, QypGeoError
        As `qyp_geo.built.open_build` does; if there is no page to publish; or if what lies under the name of the folder is not
        of an earlier publishing.
    DeclarationError
        With every page that has neither a 审图号 nor a recorded exemption, and all else that a page for residents is refused.
    """
    find_project(folder)
    with locked(folder, "qyp publish"):
        repair(folder)
        return _publish(folder, draft=draft)


def _publish(folder: Path, *, draft: bool) -> Published:
    name = "draft" if draft else "public"
    _require_ours(folder / name)
    run = open_build(folder)
    pages = {ref: page for ref, page in run.project.maps.items() if draft or page.audience == "residents"}
    residents = {ref: page for ref, page in pages.items() if page.audience == "residents"}
    left_out = dict.fromkeys(run.project.maps.keys() - pages.keys(), _STAYS)
    require_review(run, pages, draft=draft)

    with replaced_whole(folder, name) as target:
        rests_on: dict[str, list[str]] = {}
        for ref, page in pages.items():
            rests_on |= {path: [ref] for path in _write_page(run, ref, page, target, draft=draft)}
        rests_on |= write_downloads(run, residents, target)
        front = front_page(run, pages, rests_on, target, draft=draft)
        (target / "index.html").write_text(front, encoding="utf-8", newline="\n")
        rests_on["index.html"] = list(pages)
        (target / "manifest.json").write_text(
            manifest_json(run, target, rests_on, draft=draft), encoding="utf-8", newline="\n"
        )
        (target / _SUMS).write_text(sha256sums(target), encoding="utf-8", newline="\n")
        files = tuple(sorted(path.relative_to(target) for path in target.rglob("*") if path.is_file()))
    return Published(folder / name, files, left_out)


def _require_ours(whole: Path) -> None:
    """Raise unless a folder may be replaced: publishing throws away what lay there."""
    ours = whole.is_dir() and not whole.is_symlink() and ((whole / _SUMS).is_file() or not any(whole.iterdir()))
    if not ours and (whole.exists() or whole.is_symlink()):
        raise QypGeoError(
            f"{whole} was not written by qyp publish, which replaces all of it: move it away, or give it another name. "
            "For a web server, copy the published folder to where that looks"
        )


def _write_page(run: Run, ref: str, page: Map, target: Path, *, draft: bool) -> list[str]:
    """Write a page, and the tables that go with one for residents; return their paths."""
    html = (run.project.folder / "build" / f"{ref}.html").read_text(encoding="utf-8")
    path = target / f"{ref}.html"
    path.parent.mkdir(exist_ok=True)
    path.write_text(html if draft else maps.release(html), encoding="utf-8", newline="\n")
    written = [path]
    if page.audience == "residents":
        for name, table in maps.published_tables(page, run.results).items():
            written.append(target / "tables" / f"{path.stem}_{name}.csv")
            write_csv(table, written[-1])
    return [one.relative_to(target).as_posix() for one in written]
