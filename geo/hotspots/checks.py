"""Refuse frames on which hotspots cannot be worked out, naming both sides and what is wrong.

Used by `geo.hotspots` and `geo.proof` before anything is counted.
Knows nothing of methods.
"""

from typing import Final

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import shapely

from geo.crs import crs_label, is_in_metres, require_crs
from geo.errors import CrsError, FrameError
from geo.schema import POINTS, Contract, require

_SHOWN: Final = 10
_TWO: Final = 2
AREAS: Final = Contract("cells", (), frozenset({"POLYGON", "MULTIPOLYGON"}))


def require_metres(frame: gpd.GeoDataFrame, name: str) -> pyproj.CRS:
    """Return the CRS of a frame in metres, or refuse the frame.

    Raises
    ------
    FrameError
        ``no_geometry_column``.
    CrsError
        ``no_crs``; ``not_in_metres`` (fields `frame`, `got`).
    """
    require(frame, Contract(name, (), frozenset()))
    crs = require_crs(frame)
    if not is_in_metres(crs):
        raise CrsError("not_in_metres", frame=name, expected="metres", got=crs_label(crs))
    return crs


def require_events(events: gpd.GeoDataFrame, crs: pyproj.CRS | None = None) -> None:
    """Refuse events that are none, not points, without coordinates, or in another CRS.

    Raises
    ------
    FrameError
        ``no_events``, ``no_geometry_column``, ``wrong_geometry_type``,
        ``points_without_coordinates`` (fields `count`, `rows`).
    CrsError
        ``no_crs``, ``not_in_metres``, ``crs_mismatch``.
    """
    own = require_metres(events, "events")
    require(events, POINTS)
    if crs is not None and not own.equals(crs):
        raise CrsError("crs_mismatch", expected=crs_label(crs), got=crs_label(own))
    if len(events) == 0:
        raise FrameError("no_events", frame="events")
    shapes = events.geometry.to_numpy()
    lost = np.asarray(shapely.is_missing(shapes) | shapely.is_empty(shapes))
    lost[~lost] = ~np.isfinite(shapely.get_coordinates(shapes[~lost])).all(axis=1)
    if lost.any():
        rows = events.index[lost][:_SHOWN].tolist()
        raise FrameError("points_without_coordinates", count=int(lost.sum()), rows=rows)


def require_cells(cells: gpd.GeoDataFrame) -> pyproj.CRS:
    """Refuse cells that are none, not polygons, or whose `cell_id` is missing or repeated.

    Raises
    ------
    FrameError
        ``no_cells``, ``missing_columns``, ``missing_codes``, ``repeated_cell_ids`` (fields
        `count`, `ids`), ``cells_without_shape`` (fields `count`, `ids`), ``wrong_geometry_type``.
    CrsError
        ``no_crs``, ``not_in_metres``.
    """
    crs = require_metres(cells, "cells")
    require(cells, AREAS)
    if len(cells) == 0:
        raise FrameError("no_cells", frame="cells")
    if "cell_id" not in cells.columns:
        raise FrameError("missing_columns", frame="cells", missing=["cell_id"])
    ids = cells["cell_id"]
    if ids.isna().any():
        count = int(ids.isna().sum())
        raise FrameError("missing_codes", frame="cells", column="cell_id", count=count)
    repeated = ids[ids.duplicated()].unique()
    if len(repeated):
        raise FrameError(
            "repeated_cell_ids", count=len(repeated), ids=[str(code) for code in repeated[:_SHOWN]]
        )
    shapes = cells.geometry.to_numpy()
    bare = shapely.is_missing(shapes) | shapely.is_empty(shapes)
    if bare.any():
        shown = [str(code) for code in ids[bare][:_SHOWN]]
        raise FrameError("cells_without_shape", count=int(bare.sum()), ids=shown)
    return crs


def require_times(events: pd.DataFrame) -> pd.Series:
    """Return `occurred_at`, or refuse events without it.

    Raises
    ------
    FrameError
        ``missing_columns``; ``times_without_zone`` (field `got`); ``times_missing`` (fields
        `count`, `of`): some events have no time.
    """
    if "occurred_at" not in events.columns:
        raise FrameError("missing_columns", frame="events", missing=["occurred_at"])
    times = events["occurred_at"]
    if not isinstance(times.dtype, pd.DatetimeTZDtype):
        raise FrameError("times_without_zone", column="occurred_at", got=str(times.dtype))
    absent = int(times.isna().sum())
    if absent:
        raise FrameError("times_missing", count=absent, of=len(times))
    return times


def known_to(times: pd.Series) -> str:
    """Tell how finely times are known: ``month``, ``day`` or ``minute``.

    Parameters
    ----------
    times
        Aware, none missing. At least two different times that are all local midnight are days; all
        on a first of a month, months.
    """
    first = times.iloc[0] if len(times) else pd.Timestamp(1)
    if (
        first != first.normalize()
        or times.nunique() < _TWO
        or bool((times != times.dt.normalize()).any())
    ):
        return "minute"
    return "month" if bool((times.dt.day == 1).all()) else "day"


def require_order(name: str, values: tuple[float, ...]) -> None:
    """Refuse bands that are none, not positive or not increasing.

    Raises
    ------
    FrameError
        ``bad_bands`` (fields `option`, `got`).
    """
    steps = np.asarray(values, dtype=np.float64)
    fine = len(steps) > 0 and np.isfinite(steps).all() and steps[0] > 0
    if not (fine and (np.diff(steps) > 0).all()):
        raise FrameError("bad_bands", option=name, got=list(values))
