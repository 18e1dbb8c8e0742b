"""The PostGIS database of a district folder: its address from the environment, and what is told where it cannot be reached."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from qyp_geo.declarations import Layer
from qyp_geo.errors import MissingError
from qyp_geo.layers.placing import Area
from qyp_geo.layers.report import Report
from qyp_geo.secrets import secret

if TYPE_CHECKING:
    from qyp_geo.layers.postgis_tables import Rows


_OF_FILES: Final = frozenset({"format", "by_name", "wkt", "encoding", "lon", "lat", "tags"})


class Database:
    """The database whose address stands in `QYP_POSTGIS_DSN`; that it cannot be reached is told once for all layers.

    Parameters
    ----------
    crs
        The district's CRS.
    """

    def __init__(self, crs: str) -> None:
        self._crs = crs
        self._out_of_reach = False

    def take(self, layer: Layer, *, area: Area | None, report: Report) -> Rows | None:
        """Fetch a layer's rows.

        Parameters
        ----------
        layer
            Names the table and its columns; its `source.layer` the geometry column, where there are several.
        area
            The district, beyond which nothing is fetched; None for its boundary itself.
        report
            Is told what is wrong, without the address of the database and its password.

        Returns
        -------
        Rows or None
            None where the table cannot be read.
        """
        report.row_word = "record"
        named = layer.source.table or ""
        for key in sorted(layer.source.model_fields_set & _OF_FILES):
            report.declared(f"source.{key}", "says how a file is read, and this is a table", remedy="Leave it out")
        if report.failed:
            return None
        if self._out_of_reach:
            report.declared("source.table", "the database cannot be reached, as told before", given=named)
            return None
        try:
            from qyp_geo.layers import postgis_tables  # noqa: PLC0415  psycopg is not installed everywhere
        except ImportError:
            report.declared(
                "source.table",
                "a PostGIS table is read with psycopg, which is not installed",
                given=named,
                remedy='Install it: pip install "qyp-geo[postgis]"',
            )
            return None
        try:
            dsn = secret("QYP_POSTGIS_DSN", needed_for=f"{named} is a table of a database")
            return postgis_tables.read_table(dsn, layer, crs=self._crs, area=area, report=report)
        except MissingError as error:
            remedy = "Set it there, and nowhere else, to postgresql://USER:PASSWORD@HOST:5432/DATABASE"
            report.declared("source.table", str(error), remedy=remedy)
        except postgis_tables.RefusedError as error:
            self._out_of_reach = error.out_of_reach
            report.whole(error.what, given=error.given, remedy=error.remedy)
        return None
