"""Lay the records of a register out as a table, one row each.

Used by `data.exports.layers` at level INTERNAL and above. Knows nothing of files.
"""

import json
from datetime import date
from typing import Any, Final

import geopandas as gpd
import numpy as np
import pandas as pd
from sqlalchemy.orm import Session

from data.errors import AccessRefused
from data.repositories.registers import record_columns, register_records
from data.viewer import DisplayLevel, Viewer
from data.vocabulary import RegisterLayer

OF_PEOPLE: Final = frozenset(
    {
        RegisterLayer.DUTY_SHIFTS,
        RegisterLayer.TALKS,
        RegisterLayer.DEBRIEFS,
        RegisterLayer.APPRAISALS,
    }
)
"""Registers whose rows speak of single office-holders: not even their counts are published."""
_BOOKS: Final = ("attributes", "line", "batch_id")


def register_frame(
    session: Session, viewer: Viewer, layer: RegisterLayer, level: DisplayLevel
) -> gpd.GeoDataFrame:
    """Give a register's records; points also as `lon` and `lat`, other shapes as `wkt`.

    Raises
    ------
    AccessRefused
        Below level INTERNAL (appraisals: ADMIN): `register_of_people`, else `register_not_public`;
        `role_may_not_read`.
    """
    is_private = layer is RegisterLayer.APPRAISALS
    needed = DisplayLevel.ADMIN if is_private else DisplayLevel.INTERNAL
    if level < needed:
        facts = {"level": level.name.lower(), "needed": needed.name.lower()}
        code = "register_of_people" if layer in OF_PEOPLE else "register_not_public"
        raise AccessRefused(code, layer=layer.value, **facts)
    records = register_records(session, viewer, layer)
    names = record_columns(layer)
    if level < DisplayLevel.ADMIN:
        names = [name for name in names if name not in _BOOKS]
    told = [name for name in names if name != "geometry"]
    table = pd.DataFrame(
        {name: _column(name, [getattr(record, name) for record in records]) for name in told}
    )
    shapes = np.array([getattr(record, "geometry", None) for record in records], dtype=object)
    if "geometry" in names:
        points = [s if s is not None and s.geom_type == "Point" else None for s in shapes]
        table["lon"] = [None if point is None else point.x for point in points]
        table["lat"] = [None if point is None else point.y for point in points]
        if layer in (RegisterLayer.BUILDINGS, RegisterLayer.PATROL_TARGETS):
            table["wkt"] = [
                None if s is None or p is not None else s.wkt
                for s, p in zip(shapes, points, strict=True)
            ]
    return gpd.GeoDataFrame(table, geometry=gpd.GeoSeries(shapes, crs="EPSG:4326"))


def _column(name: str, cells: list[Any]) -> pd.Series:
    """Give cells the type that every kind of file can hold: days and lists become text."""
    if name.endswith("_at"):
        return pd.Series(pd.to_datetime(cells, utc=True))
    told = {type(cell) for cell in cells if cell is not None}
    if told == {bool}:
        return pd.Series(cells, dtype="boolean")
    if told == {int}:
        return pd.Series(cells, dtype="Int64")
    if told and told <= {int, float}:
        return pd.Series(cells, dtype="float64")
    return pd.Series([_flat(cell) for cell in cells], dtype=object)


def _flat(value: Any) -> Any:  # noqa: ANN401 - a cell of a record
    if isinstance(value, dict | list):
        return json_text(value)
    return value.isoformat() if isinstance(value, date) else value


def json_text(value: object) -> str:
    """Write a list or a mapping into one cell."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True)
