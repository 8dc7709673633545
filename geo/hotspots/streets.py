"""Count events by the street they happened on.

Used by the street view of hotspots where street lines are loaded.
Knows nothing of cells.
"""

from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import shapely

from geo.errors import FrameError
from geo.hotspots.checks import require_events, require_metres
from geo.hotspots.result import Report
from geo.schema import Contract, require

LINES = Contract("streets", (), frozenset({"LINESTRING", "MULTILINESTRING"}))


@dataclass(frozen=True, slots=True)
class StreetCounts:
    """Events of each street.

    Attributes
    ----------
    frame
        The streets with `n`, `length_m` and `per_km` (NaN where a street has no length).
    report
        `n_events`, `on_streets`, `beyond_reach`, `reach_m`, `ties`.
    """

    frame: gpd.GeoDataFrame
    report: Report


def street_counts(
    events: gpd.GeoDataFrame, streets: gpd.GeoDataFrame, reach_m: float
) -> StreetCounts:
    """Give each event to the nearest street, if it is near enough.

    Parameters
    ----------
    events
        Points in metres.
    streets
        Lines in the same CRS with `street_id`, unique.
    reach_m
        Largest distance from an event to its street, metres, inclusive. Of several equally near
        streets the lowest `street_id` gets the event.

    Raises
    ------
    FrameError
        ``no_events``, ``no_streets_to_count``, ``missing_columns``, ``repeated_street_ids``,
        ``bad_street_reach`` (field `reach_m`), ``wrong_geometry_type``.
    CrsError
        ``no_crs``, ``not_in_metres``, ``crs_mismatch``.
    """
    crs = require_metres(streets, "streets")
    require_events(events, crs)
    require(streets, LINES)
    if len(streets) == 0:
        raise FrameError("no_streets_to_count", frame="streets")
    if "street_id" not in streets.columns:
        raise FrameError("missing_columns", frame="streets", missing=["street_id"])
    ids = streets["street_id"]
    if ids.duplicated().any():
        shown = [str(code) for code in ids[ids.duplicated()].unique()[:10]]
        raise FrameError("repeated_street_ids", ids=shown, count=int(ids.duplicated().sum()))
    if not (np.isfinite(reach_m) and reach_m > 0):
        raise FrameError("bad_street_reach", reach_m=reach_m)
    tree = shapely.STRtree(streets.geometry.to_numpy())
    event, street = tree.query_nearest(
        events.geometry.to_numpy(), max_distance=float(np.nextafter(reach_m, np.inf))
    )
    order = np.argsort(ids.to_numpy(), kind="stable")
    rank = np.argsort(order)
    best = np.full(len(events), len(streets), dtype=np.int64)
    np.minimum.at(best, event, rank[street])
    found = best < len(streets)
    counts = np.bincount(order[best[found]], minlength=len(streets))
    frame = streets.copy()
    frame["n"] = counts
    frame["length_m"] = streets.length.to_numpy()
    frame["per_km"] = 1000.0 * frame["n"] / frame["length_m"].where(frame["length_m"] > 0)
    report: Report = {
        "n_events": len(events),
        "on_streets": int(found.sum()),
        "beyond_reach": int((~found).sum()),
        "reach_m": reach_m,
        "ties": len(event) - int(found.sum()),
    }
    return StreetCounts(frame, report)
