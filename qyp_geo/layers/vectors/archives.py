"""Map files in a zip archive: which it holds, each put where a driver can open it."""

from __future__ import annotations

import re
import shutil
import zipfile
from collections import Counter
from collections.abc import Collection
from pathlib import Path, PurePosixPath
from typing import Final

_UTF8_NAME: Final = 0x800  # the flag of a member whose name is in UTF-8; without it Chinese archivers write GBK
_GEODATABASE: Final = "a00000001.gdbtable"


def unpack(path: Path, place: Path, *, suffixes: Collection[str]) -> dict[str, Path]:
    """Unpack the map files of an archive, with what lies beside each under the same name.

    Parameters
    ----------
    path
        An archive that was looked at before (`qyp_geo.layers.limits`).
    place
        An empty folder.
    suffixes
        Of the files that are map files.

    Returns
    -------
    dict
        What there is, by its name without suffix, or by its whole path where two share that; a geodatabase is a folder.
    """
    with zipfile.ZipFile(path) as archive:
        every = {_name(member): member for member in archive.infolist() if not member.is_dir()}
        # macOS puts what it knows of a file beside it, under the same suffix.
        members = {name: member for name, member in every.items() if not name.name.startswith("._")}
        parents = {name.parent for name in members if name.name.lower() == _GEODATABASE}
        bases = {parent: parent if parent.name else PurePosixPath(path.stem) for parent in parents}
        mains = [
            *bases.values(),
            *(name for name in members if name.suffix.lower() in suffixes and name.parent not in bases),
        ]
        stems = Counter(main.stem for main in mains)
        held = {}
        for number, main in enumerate(mains):
            inside = place / str(number)
            folder = next((parent for parent, base in bases.items() if base == main), None)
            target = inside / (f"{_plain(main.stem)}.gdb" if folder is not None else _plain(main.name))
            if folder is not None:
                target.mkdir(parents=True)
                parts = {name: target / _plain(name.name) for name in members if name.parent == folder}
            else:
                inside.mkdir()
                parts = {name: inside / _as_main(name, target) for name in members if _same_but_suffix(name, main)}
            for name, out in parts.items():
                with archive.open(members[name]) as content, out.open("wb") as file:
                    shutil.copyfileobj(content, file)
            held[main.stem if stems[main.stem] == 1 else str(main)] = target
    return held


def _name(member: zipfile.ZipInfo) -> PurePosixPath:
    """The path of a member, as who packed it wrote it."""
    name = member.filename
    if not member.flag_bits & _UTF8_NAME and not name.isascii():
        written = name.encode("cp437")
        try:
            name = written.decode("utf-8")
        except UnicodeDecodeError:
            name = written.decode("gb18030", errors="replace")
    return PurePosixPath(name.replace("\\", "/"))


def _same_but_suffix(name: PurePosixPath, main: PurePosixPath) -> bool:
    return name.parent == main.parent and name.stem.lower() == main.stem.lower()


def _as_main(name: PurePosixPath, main: Path) -> str:
    """A file beside another, under the other's name: drivers look for ``roads.dbf`` beside ``roads.shp``."""
    return main.name if name.suffix == main.suffix else f"{main.stem}{name.suffix.lower()}"


def _plain(name: str) -> str:
    """A file name that every system takes."""
    return re.sub(r'[\x00-\x1f<>:"/\\|?*\ufffd]', "_", name).strip(". ") or "_"
