"""Gather what lies in grids and may change hands: open cases, devices, service points, key places.

Used by the impact of plans. Knows nothing of posts and of what is done with the list.

A thing lies where its point is; one without a point, in the grid that its record states. The latter
changes hands only when that grid is no more: it then goes to the grid that took most of its ground.
"""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, Final

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely
from sqlalchemy.orm import Session

from data.counting import place_events
from data.repositories.events import EventArrays, event_records
from data.repositories.register_records import LocatedRecord
from data.repositories.registers import buildings, devices, patrol_targets, service_points
from data.viewer import Viewer
from data.vocabulary import BuildingKind, EventLayer
from geo.assign import assign_lonlat

IntArray = npt.NDArray[np.int64]

THINGS: Final = ("hazard", "dispute", "device", "service_point", "patrol_target", "key_place")
"""Kinds of things, in the order in which they are listed."""
KEY_BUILDINGS: Final = frozenset({BuildingKind.SCHOOL.value, BuildingKind.HOSPITAL.value})
_LAYERS: Final = {"hazard": EventLayer.HAZARDS, "dispute": EventLayer.DISPUTES}
_COLUMNS: Final = ("thing", "id", "external_id", "kind", "name", "severity", "due_at", "stated")
_IDS_AT_A_TIME: Final = 2_000


def things_of(
    session: Session,
    viewer: Viewer,
    events: Mapping[EventLayer, EventArrays],
) -> gpd.GeoDataFrame:
    """List every thing that some grid is responsible for, with its point.

    Parameters
    ----------
    events
        Hazards and disputes, cut to the viewer's areas; the open ones are listed.

    Returns
    -------
    GeoDataFrame
        `thing` (of `THINGS`), `id`, `external_id` (empty for cases: see `with_numbers`), `kind`,
        `name`, `severity`, `due_at` (UTC), `stated` (code of the unit that the record states);
        points in EPSG:4326, missing where a thing has none. A line's point is its middle.
    """
    parts = [_cases(thing, events[layer]) for thing, layer in _LAYERS.items()]
    schools = [b for b in buildings(session, viewer) if b.kind in KEY_BUILDINGS]
    registers: Sequence[tuple[str, Sequence[LocatedRecord]]] = (
        ("device", devices(session, viewer)),
        ("service_point", service_points(session, viewer)),
        ("patrol_target", patrol_targets(session, viewer)),
        ("key_place", schools),
    )
    parts += [_records(thing, records) for thing, records in registers]
    table = pd.DataFrame(
        {name: np.concatenate([part[name] for part in parts]) for name in _COLUMNS}
    )
    shapes = np.concatenate([part["geometry"] for part in parts])
    return gpd.GeoDataFrame(table, geometry=gpd.GeoSeries(shapes, crs="EPSG:4326"))


def seen_cases(
    session: Session, viewer: Viewer, *, today: date, tz: str
) -> dict[EventLayer, EventArrays]:
    """Read hazards and disputes as the viewer may see them."""
    return {
        layer: place_events(session, viewer, layer, today=today, tz=tz).events
        for layer in _LAYERS.values()
    }


def grid_rows(things: gpd.GeoDataFrame, grids: gpd.GeoDataFrame) -> IntArray:
    """Give the row of the grid that each thing lies in, or states; -1 for none."""
    codes = grids["grid_code"].astype(str).tolist()
    row_of = {code: row for row, code in enumerate(codes)}
    rows = np.array([row_of.get(str(code), -1) for code in things["stated"]], dtype=np.int64)
    has_point = np.asarray(things.geometry.notna() & ~things.geometry.is_empty)
    rows[has_point] = -1
    if has_point.any() and len(grids):
        xy = shapely.get_coordinates(things.geometry.to_numpy()[has_point])
        rows[has_point] = assign_lonlat(xy[:, 0], xy[:, 1], grids).grid
    return rows


def with_numbers(session: Session, viewer: Viewer, moves: pd.DataFrame) -> pd.DataFrame:
    """Fill in the numbers of cases, as their records bear them.

    Raises
    ------
    AccessRefused
        `level_too_low`: single records are for `INTERNAL` and above.
    """
    made = moves.copy()
    for thing, layer in _LAYERS.items():
        is_it = (made["thing"] == thing).to_numpy(dtype=bool)
        ids = made.loc[is_it, "id"].to_numpy(dtype=np.int64)
        names: dict[int, str] = {}
        for first in range(0, len(ids), _IDS_AT_A_TIME):
            found = event_records(session, viewer, layer, ids[first : first + _IDS_AT_A_TIME])
            names |= {record.id: record.external_id for record in found}
        made.loc[is_it, "external_id"] = [names.get(number, "") for number in ids.tolist()]
    return made


def _cases(thing: str, events: EventArrays) -> dict[str, npt.NDArray[Any]]:
    kept = events.take(np.flatnonzero(events.is_open))
    shapes = np.full(len(kept), None, dtype=object)
    located = kept.is_located
    shapes[located] = shapely.points(kept.lon[located], kept.lat[located])
    columns = {name: _texts(getattr(kept, name)) for name in ("kind", "severity")}
    return columns | {
        "thing": np.full(len(kept), thing, dtype=object),
        "id": kept.ids,
        "external_id": np.full(len(kept), "", dtype=object),
        "name": np.full(len(kept), None, dtype=object),
        "due_at": kept.due_at,
        "stated": _texts(kept.stated_unit),
        "geometry": shapes,
    }


def _records(thing: str, records: Sequence[LocatedRecord]) -> dict[str, npt.NDArray[Any]]:
    nothing = np.full(len(records), None, dtype=object)
    return {
        "thing": np.full(len(records), thing, dtype=object),
        "id": np.array([record.id for record in records], dtype=np.int64),
        "external_id": np.array([record.external_id for record in records], dtype=object),
        "kind": np.array([record.kind for record in records], dtype=object),
        "name": np.array([record.name for record in records], dtype=object),
        "severity": nothing,
        "due_at": np.full(len(records), np.datetime64("NaT"), dtype="datetime64[ms]"),
        "stated": np.array([record.place_code for record in records], dtype=object),
        "geometry": np.array([_point(record) for record in records], dtype=object),
    }


def _point(record: LocatedRecord) -> Any:  # noqa: ANN401 - a point, or none
    shape = record.geometry
    if shape is None or shape.is_empty:
        return None
    if shape.geom_type == "LineString":
        return shape.interpolate(0.5, normalized=True)
    return shapely.point_on_surface(shape)


def _texts(coded: Any) -> npt.NDArray[np.object_]:  # noqa: ANN401 - a Coded
    return np.asarray(np.array([*coded.labels, None], dtype=object)[coded.codes])
