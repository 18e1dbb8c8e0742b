"""What land is used for: codes as text, each read in the list that it is of.

0702 is a plot of community services in the classification of 2023 and a farmer's homestead in GB/T 21010, so a layer says
which list its codes are of and nothing is guessed from them. Which classes are residential and which are construction land
is grouped from the names of the classes in ``landuse.csv``; no clause has been checked for it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final, get_args

import geopandas as gpd

from qyp_geo.declarations import CodeSystem, Layer
from qyp_geo.layers.report import Report
from qyp_geo.layers.rows import packaged_rows

CODE_SYSTEMS: Final[tuple[str, ...]] = get_args(CodeSystem)
_LIKE: Final = {
    "ydyh2020": "ydyh2023"
}  # the trial edition differs within classes 06 and 12, not in what these group to
# Two figures a level, three levels at most; the third land survey adds letters, as in 08H2 and 0303K.
_FIGURES: Final = re.compile(r"\d\d(\d\d|[A-Z]\d)?(\d\d)?[A-Z]?")
_LETTERS: Final = re.compile(r"[A-Z]\d{0,2}")
_LOST_A_ZERO: Final = re.compile(r"\d(\d\d){0,2}")
_HOW: Final = "居住用地取住宅用地,不含社区服务设施用地;建设用地按类别名称归并(自定口径,未核)"


def with_uses(frame: gpd.GeoDataFrame, layer: Layer, report: Report) -> gpd.GeoDataFrame:
    """Say of each plot whether it is residential, and whether it is construction land.

    Parameters
    ----------
    frame
        Canonical land use, in metres; `code` is the text of the file.
    layer
        Its `code_system` says which list the codes are of.
    report
        Is told of codes that are none; its notes get the hectares of both groups.

    Returns
    -------
    GeoDataFrame
        With `residential` and `construction`; a code that is not in its list is neither, and told.
    """
    column = layer.columns.get("code", "")
    if layer.code_system is None:
        report.declared(
            "code_system",
            "is missing: one code means different things in two lists",
            remedy=f"Allowed: {', '.join(CODE_SYSTEMS)}",
        )
        return frame
    system = _LIKE.get(layer.code_system, layer.code_system)
    classes = land_classes(system)
    written = frame["code"].str.upper()
    form = _LETTERS if system == "gb50137_2011" else _FIGURES
    blank = written == ""
    report.rows(frame.index[blank], "no code", column=column, remedy="Give the code of its use")
    short = written.map(lambda code: form is _FIGURES and _LOST_A_ZERO.fullmatch(code) is not None).astype(bool)
    for code in dict.fromkeys(written[short]):
        report.rows(
            frame.index[written == code],
            f"not a code of {layer.code_system}: a spreadsheet has taken its leading zero",
            column=column,
            given=[code],
            remedy=f'Did you mean "0{code}"? Save the column as text, and the file again',
        )
    found = written.map(lambda code: _class_of(code, classes) if form.fullmatch(code) else "")
    unknown = (found == "") & ~blank & ~short
    for code in dict.fromkeys(written[unknown]):
        these = written == code
        report.rows(
            frame.index[these],
            f"not a code of {layer.code_system}: neither residential nor construction land "
            f"({frame.area[these].sum() / 1e4:,.2f} ha)",
            column=column,
            given=[code],
            remedy="Check the code, and the declared code_system",
            severity="warning",
        )
    groups = {
        group: found.isin([code for code, row in classes.items() if row[group] == "yes"])
        for group in ("residential", "construction")
    }
    hectares = [frame.area[mask].sum() / 1e4 for mask in groups.values()]
    report.note(f"{layer.code_system}:居住用地 {hectares[0]:,.1f} ha,建设用地 {hectares[1]:,.1f} ha;{_HOW}")
    return frame.assign(code=written, **groups)


def land_classes(system: str) -> Mapping[str, Mapping[str, str]]:
    """Every class of a list that is told apart here, by its code."""
    return {row["code"]: row for row in packaged_rows("landuse.csv") if row["code_system"] == system}


def _class_of(code: str, classes: Mapping[str, object]) -> str:
    """The narrowest class that a code lies in; empty where it lies in none."""
    return next((code[:end] for end in range(len(code), 0, -1) if code[:end] in classes), "")
