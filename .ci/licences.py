"""List the licences of all that qyp-geo, installed, needs; status 1 where one does not allow free use."""

from __future__ import annotations

import re
import sys
from importlib.metadata import Distribution, PackageNotFoundError, distribution

from packaging.requirements import Requirement

REFUSED = re.compile(r"\b(AGPL|Affero|SSPL|BUSL|Commons Clause|non-?commercial|proprietary)\b", re.IGNORECASE)
EXTRAS = ("dask", "postgis", "raster")


def needed(name: str, extras: tuple[str, ...] = ()) -> dict[str, Distribution]:
    """Every distribution that one needs with its extras, and theirs, as far as they are installed."""
    found: dict[str, Distribution] = {}
    waiting = [(name, extras)]
    while waiting:
        one, with_extras = waiting.pop()
        try:
            known = distribution(one)
        except PackageNotFoundError:
            continue
        found[known.metadata["Name"]] = known
        for line in known.requires or ():
            wanted = Requirement(line)
            asked = any(
                wanted.marker is None or wanted.marker.evaluate({"extra": extra}) for extra in (*with_extras, "")
            )
            if asked and wanted.name not in {done.lower() for done in found} | {other for other, _ in waiting}:
                waiting.append((wanted.name, tuple(wanted.extras)))
    return found


def licence(one: Distribution) -> str:
    """What a distribution says of its licence: the expression, else the classifiers, else the first line of the field."""
    said = one.metadata.get("License-Expression")
    classed = [line.split("::")[-1].strip() for line in one.metadata.get_all("Classifier", ()) if "License ::" in line]
    field = (one.metadata.get("License") or "").strip().splitlines()
    return said or ", ".join(classed) or (field[0] if field else "not stated")


def main() -> int:
    """List the licences, and return the status."""
    every = {name: licence(one) for name, one in needed("qyp-geo", EXTRAS).items()}
    for name, said in sorted(every.items(), key=lambda item: item[0].lower()):
        print(f"{name:28} {said}")  # noqa: T201
    refused = {name for name, said in every.items() if REFUSED.search(said)}
    for name in sorted(refused):
        print(f"{name} may not be used: {every[name]}", file=sys.stderr)  # noqa: T201
    return 1 if refused or not every else 0


if __name__ == "__main__":
    sys.exit(main())
