"""What long work keeps between runs: each thing in a folder whose name changes with whatever the thing depends on."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path

from qyp_geo.build import require_own
from qyp_geo.tiles.workers import versions


class Cache:
    """A folder that may be deleted at any time.

    Parameters
    ----------
    folder
        Where things are kept, and nothing else: it is made when the first is, and tidied. Neither it nor the folder it lies
        in may be a link.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._used: set[Path] = set()

    def place(self, sort: str, *rests_on: str) -> Path:
        """Return the folder of a thing, made or not, by its sort and all that it rests on; the versions count too."""
        told = "\0".join([*rests_on, *(f"{name} {version}" for name, version in versions().items())])
        place = self._folder / sort / hashlib.sha256(told.encode()).hexdigest()[:20]
        self._used.add(place)
        require_own(self._folder.parent)
        require_own(self._folder)
        self._folder.mkdir(parents=True, exist_ok=True)
        (self._folder / ".gitignore").write_text("*\n", encoding="utf-8")
        return place

    def tidy(self) -> None:
        """Delete what this run did not ask for.

        Raises
        ------
        QypGeoError
            If the folder is a link: what lies elsewhere is not for the program to delete.
        """
        require_own(self._folder.parent)
        require_own(self._folder)
        for place in self._folder.glob("*/*"):
            if place not in self._used:
                shutil.rmtree(place)
