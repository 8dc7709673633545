"""State which columns a frame must have, and refuse frames that lack them.

Used by every function of geo that takes a frame, and by the frames of data.
Knows nothing of where a frame came from.
"""

from dataclasses import dataclass
from typing import Final

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from geo.errors import FrameError

_POLYGONAL: Final = frozenset({"POLYGON", "MULTIPOLYGON"})
_PUNCTUAL: Final = frozenset({"POINT"})


@dataclass(frozen=True, slots=True)
class Contract:
    """What a frame must look like.

    Attributes
    ----------
    name
        What the frame is called in an error.
    text_columns
        Columns that must exist and hold text without missing values.
    geometry_types
        Geometry types allowed, as shapely names them (``POLYGON``). Missing and empty geometries
        are always allowed here: `find_faults` lists them, `assign_points` refuses them by its
        own code.
    """

    name: str
    text_columns: tuple[str, ...]
    geometry_types: frozenset[str]


GRIDS: Final = Contract("grids", ("grid_code",), _POLYGONAL)
"""`grid_code` (text), optional `name`, and Polygon or MultiPolygon geometry."""

CODED: Final = Contract("grids", ("grid_code",), frozenset())
"""`grid_code` (text) and any geometry: what the list of boundary faults accepts."""

PARENTS: Final = Contract("parents", ("code",), _POLYGONAL)
"""`code` (text) of a community or a higher unit, and its polygon."""

POINTS: Final = Contract("points", (), _PUNCTUAL)
"""Point geometry; the index is kept in every answer."""


def require(frame: gpd.GeoDataFrame, contract: Contract) -> None:
    """Refuse a frame that breaks a contract.

    Parameters
    ----------
    frame
        Any GeoDataFrame with an active geometry column.
    contract
        One of `GRIDS`, `CODED`, `PARENTS`, `POINTS`.

    Raises
    ------
    FrameError
        ``no_geometry_column``, ``missing_columns`` (field `missing`), ``wrong_dtype`` (field
        `column`), ``missing_codes`` (fields `column`, `count`), ``wrong_geometry_type`` (fields
        `expected`, `got`).
    """
    if not isinstance(frame, gpd.GeoDataFrame) or frame.active_geometry_name is None:
        raise FrameError("no_geometry_column", frame=contract.name)
    missing = [column for column in contract.text_columns if column not in frame.columns]
    if missing:
        raise FrameError("missing_columns", frame=contract.name, missing=missing)
    for column in contract.text_columns:
        _require_text(frame[column], contract.name)
    if contract.geometry_types:
        shapes = frame.geometry.to_numpy()
        kinds = np.where(shapely.is_empty(shapes), -1, shapely.get_type_id(shapes))
        names = {shapely.GeometryType(kind).name for kind in np.unique(kinds) if kind >= 0}
        strange = sorted(names - contract.geometry_types)
        if strange:
            raise FrameError(
                "wrong_geometry_type",
                frame=contract.name,
                expected=sorted(contract.geometry_types),
                got=strange,
            )


def _require_text(column: pd.Series, frame_name: str) -> None:
    absent = int(column.isna().sum())
    if absent:
        raise FrameError("missing_codes", frame=frame_name, column=column.name, count=absent)
    if not np.all([isinstance(value, str) for value in column.to_numpy(dtype=object)]):
        raise FrameError("wrong_dtype", frame=frame_name, column=column.name, expected="text")
