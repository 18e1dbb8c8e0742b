"""The network and who stands where on it, from which a page draws the way from a home to a facility."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from qyp_geo.analyses.access import Facilities
from qyp_geo.analyses.standing import Standing
from qyp_geo.network import Positions


def network_parts(standing: Standing, facilities: Facilities) -> dict[str, pd.DataFrame]:
    """Return the network that walks were found on, as parts of a result.

    Parameters
    ----------
    standing, facilities
        Where demand and facilities stand.

    Returns
    -------
    dict
        ``edges``: ``u`` and ``v`` (nodes), ``length_m``, geometry (missing where a street is crossed). ``accesses``: ``of``
        ("unit" or "facility"), ``id``, ``layer`` (of a facility), ``edge``, ``along_m`` from ``u``, ``off_m`` walked before the
        edge is reached; the geometry is where the leg to the street begins. Walks within one gated estate are not on it.
    """
    net = standing.net
    edges = pd.concat([net.edges[["u", "v", "length_m", "geometry"]], net.crossing_links], ignore_index=True)
    units = _accesses("unit", standing.at, standing.points.index.to_numpy(), np.full(len(standing.points), ""))
    table = facilities.table
    others = _accesses("facility", facilities.at, table["id"].to_numpy(), table["layer"].to_numpy())
    return {
        "edges": gpd.GeoDataFrame(edges, geometry="geometry", crs=net.crs),
        "accesses": gpd.GeoDataFrame(pd.concat([units, others], ignore_index=True), geometry="geometry", crs=net.crs),
    }


def _accesses(of: str, at: Positions, ids: np.ndarray, layers: np.ndarray) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "of": of,
            "id": ids[at.owner],
            "layer": layers[at.owner],
            "edge": at.edge,
            "along_m": at.along_m,
            "off_m": at.off_m,
            "geometry": shapely.points(at.xy if at.start_xy is None else at.start_xy),
        }
    )
