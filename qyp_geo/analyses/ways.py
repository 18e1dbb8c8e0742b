"""The network and who stands where on it, from which a page finds walks and draws them."""

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
        ``edges``: ``line`` (id of the street, empty where one is crossed), ``u`` and ``v`` (nodes), ``length_m``, geometry
        (missing where a street is crossed); with two-sided streets ``side`` (1 left kerb, -1 right, 0 neither) and
        ``half_width_m``. ``accesses``: ``of`` ("unit" or "facility"), ``id``, ``layer`` (of a facility), ``edge``, ``along_m``
        from ``u``, ``off_m`` walked before the edge is reached, ``inside_m`` of it within the unit's gated estate; the geometry
        is where the leg to the street begins. Walks within one gated estate are not on it.
    """
    net = standing.net
    streets = net.edges[["line", "u", "v", "length_m", "geometry"]]
    links = net.crossing_links.assign(line="")
    if "side" in net.edges:
        streets = streets.assign(side=net.edges["side"], half_width_m=net.edges["width_m"] / 2)
        links = links.assign(side=0, half_width_m=0.0)
    edges = pd.concat([streets, links], ignore_index=True)
    units = _accesses("unit", standing.at, standing.points.index.to_numpy(), np.full(len(standing.points), ""))
    table = facilities.table
    others = _accesses("facility", facilities.at, table["id"].to_numpy(), table["layer"].to_numpy())
    accesses = pd.concat([units.assign(inside_m=_inside_m(standing)), others.assign(inside_m=0.0)], ignore_index=True)
    return {
        "edges": gpd.GeoDataFrame(edges, geometry="geometry", crs=net.crs),
        "accesses": gpd.GeoDataFrame(accesses, geometry="geometry", crs=net.crs),
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
            "geometry": shapely.points(_starts(at)),
        }
    )


def _inside_m(standing: Standing) -> np.ndarray:
    """Return what of each unit's ``off_m`` is walked before the gate of its estate: all but the gate's own leg."""
    doors, gates = standing.at, standing.at_gates
    estate = standing.estate[doors.owner]
    of_gate = pd.DataFrame(_starts(gates)).assign(edge=gates.edge, estate=gates.labels.to_numpy()[gates.owner])
    leg_m = pd.Series(gates.off_m, index=pd.MultiIndex.from_frame(of_gate))
    leg_m = leg_m[~leg_m.index.duplicated()]
    of_door = pd.DataFrame(_starts(doors)).assign(edge=doors.edge, estate=estate)
    after_m = leg_m.reindex(pd.MultiIndex.from_frame(of_door)).to_numpy()
    return np.where(estate >= 0, np.nan_to_num(doors.off_m - after_m), 0.0)


def _starts(at: Positions) -> np.ndarray:
    return at.xy if at.start_xy is None else at.start_xy
