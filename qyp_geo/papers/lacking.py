"""What a report tells of who is left out: the gaps that most people live in, and the links that would help most."""

from __future__ import annotations

from typing import Final

import geopandas as gpd
import pandas as pd

from qyp_geo.frames import Result
from qyp_geo.papers.figures import Label, Look, Shown
from qyp_geo.papers.model import (
    Block,
    Row,
    Table,
    in_figures,
    in_tens,
    in_words,
    named,
    people,
    rows_of,
    said,
    tabulate,
)
from qyp_geo.papers.telling import Finding, Telling, merged
from qyp_geo.tables import LINK_WORDS

TOP_GAPS: Final = 20
TOP_LINKS: Final = 10
_ABOVE: Final = 0.006
"""Labels of gaps stand above them by this part of the district's height."""
_NEAR: Final = 0.09
"""Those nearer than this part of it are written as one."""


def gaps(telling: Telling, reference: str, result: Result) -> Finding:
    """Where people are left out, and which links would help most."""
    words, found = telling.words, result.table
    if found.empty:
        return Finding((words("gaps_none"),), (words("gaps_none"),))
    by_type = found["type"].value_counts()
    types = words("list_joint").join(f"{words.of_data(str(kind))} {n}" for kind, n in by_type.items())
    suspected = int(found["suspected"].sum())
    listed = found.head(TOP_GAPS).reset_index()
    drawn = found.head(TOP_GAPS)
    places = gpd.GeoSeries([drawn.geometry.union_all()], crs=drawn.crs)  # several are of the same homes
    themes = [Shown(places, Look(words("gap_places"), "#a3006b", "#a3006b", 1.0, alpha=0.35))]
    edges = drawn.bounds
    tall_m = telling.height_m
    middle, top = (edges["minx"] + edges["maxx"]) / 2, edges["maxy"] + _ABOVE * tall_m
    labels = merged(
        [Label(str(n), x, y, above=True) for n, x, y in zip(drawn.index, middle, top, strict=True)],
        within_m=_NEAR * tall_m,
    )
    missing = {"title": "missing_title", "kind": "missing"}

    def lacks(row: Row) -> str:
        return named(words, {key: row[column] for key, column in missing.items()})

    blocks: list[Block] = [
        words("gaps_lead", n=len(found), types=types),
        telling.map(
            reference,
            "places",
            words("map_gaps", shown=len(drawn)),
            themes,
            alt=words("map_gaps_alt", shown=len(drawn)),
            labels=labels,
        ),
        tabulate(
            words,
            words("gaps_table", shown=len(listed), n=len(found)),
            listed,
            {
                "number": said("id"),
                "type": in_words(words, "type"),
                "missing": lacks,
                ">people": in_tens("people"),
                "township": said("township"),
                "community": said("community"),
                "nearest": said("nearest_name"),
                ">nearest_walk": in_figures("nearest_walk_m"),
                "action": in_words(words, "action"),
            },
            note=words("gaps_note"),
        ),
    ]
    if len(links := result.parts["links"]):
        blocks.append(_links(telling, links))
    largest = rows_of(listed)[0]
    sentences = [
        words(
            "gaps_said",
            n=len(found),
            types=types,
            place=" ".join(filter(None, (largest["id"], largest["township"], largest["community"]))),
            missing=lacks(largest),
            people=people(largest["people"]),
        )
    ]
    if suspected:
        sentences.append(words("gaps_suspected", n=suspected))
    return Finding(tuple(blocks), tuple(sentences), ((f"{len(found):,}", words("card_gaps")),))


def _links(telling: Telling, links: pd.DataFrame) -> Table:
    """The links that help most: of those at one wall or street for the same gap the best, and how many there are."""
    words = telling.words
    by_place = links.reset_index().groupby(["kind", "crosses", "gap"], sort=False, dropna=False)
    places = by_place.first().assign(n_places=by_place.size()).reset_index()
    return tabulate(
        words,
        words("links_table", shown=min(TOP_LINKS, len(places)), n=len(places), of=len(links)),
        places.head(TOP_LINKS),
        {
            "number": said("id"),
            "link_kind": lambda row: words.of_data(str(LINK_WORDS.get(row["kind"], row["kind"]))),
            "crosses": said("crosses"),
            ">length": in_figures("length_m"),
            ">people_gained": in_tens("people_gained"),
            "gap": said("gap"),
            ">n_places": in_figures("n_places"),
        },
        note=words("links_note"),
    )
