"""Count a register by community for the public and for walls; small counts are withheld.

Used by `data.exports.layers`. Counts stand at one level of places only and without totals beside
them, so that no withheld count can be worked out.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

import geopandas as gpd
import pandas as pd
import shapely
from sqlalchemy.orm import Session

from data.errors import RecordNotFound
from data.frames import grids_frame, places_frame
from data.privacy import SMALLEST_PUBLISHED, WITHHELD, is_withheld, withheld
from data.repositories.places import code_history, place_tree
from data.repositories.register_records import AgreementRecord, RegisterRecord
from data.repositories.registers import register_records
from data.viewer import Viewer
from data.vocabulary import PlaceLevel, RegisterLayer
from geo.assign import assign_lonlat

__all__ = ["COUNTED", "SMALLEST_PUBLISHED", "WITHHELD", "is_withheld", "register_counts"]

COUNTED: Final = frozenset(
    {
        RegisterLayer.BUILDINGS,
        RegisterLayer.DEVICES,
        RegisterLayer.SERVICE_POINTS,
        RegisterLayer.PATROL_TARGETS,
        RegisterLayer.PATROL_STOPS,
        RegisterLayer.MEETINGS,
        RegisterLayer.AGREEMENTS,
    }
)
"""Registers of things and of work in public: what they count says nothing of single people."""
_LEVELS: Final = (PlaceLevel.COMMUNITY, PlaceLevel.SUBDISTRICT, PlaceLevel.COUNTY)


@dataclass(frozen=True, slots=True)
class _Units:
    """The places that are counted by.

    Attributes
    ----------
    frame
        EPSG:4326, code as index.
    of_code
        Code of a place, or any that it ever bore → code of the unit that it is or lies in.
    """

    level: PlaceLevel
    frame: gpd.GeoDataFrame
    of_code: Mapping[str, str]


def register_counts(
    session: Session, viewer: Viewer, layer: RegisterLayer, *, as_of: date, tz: str
) -> gpd.GeoDataFrame:
    """Count a register by community and kind; stops and meetings by month as well.

    Counted are things as they stand, stops by their arrival, meetings by the day they were held
    (planned ones are left out) and agreements that are in force on the day. A record lies where
    its shape does, else in the place that it states; one without either is not counted.

    Returns
    -------
    GeoDataFrame
        `place_code`, `name`, `level`, `kind`, `month` where there is one, `n`, `note`; the shape
        of the place in EPSG:4326. Where there are no communities, subdistricts stand there, else
        counties.

    Raises
    ------
    RecordNotFound
        `no_units`: the store has none of them on that day.
    """
    units = _units(session, viewer, as_of)
    records = register_records(session, viewer, layer)
    places = _places_of(session, viewer, units, records, as_of)
    rows = [
        (place, getattr(record, "kind", ""), _month(record, tz))
        for record, place in zip(records, places, strict=True)
        if place and _counts(record, layer, as_of)
    ]
    table = pd.DataFrame(rows, columns=["place_code", "kind", "month"], dtype="str")
    counted = table.value_counts(sort=False).sort_index().rename("n").reset_index()
    found = units.frame.loc[counted["place_code"]]
    frame = pd.DataFrame(
        {
            "place_code": counted["place_code"].to_numpy(dtype=object),
            "name": found["name"].to_numpy(dtype=object),
            "level": units.level.value,
            "kind": counted["kind"].to_numpy(dtype=object),
            "month": counted["month"].to_numpy(dtype=object),
            **withheld(counted["n"]),
        }
    )
    bare = [name for name in ("kind", "month") if not table[name].any()]
    shapes = gpd.GeoSeries(found.geometry.to_numpy(), crs="EPSG:4326")
    return gpd.GeoDataFrame(frame.drop(columns=bare), geometry=shapes)


def _units(session: Session, viewer: Viewer, as_of: date) -> _Units:
    """Give the finest level of places above the grids that the store has."""
    for level in _LEVELS:
        frame = places_frame(session, viewer, level=level, as_of=as_of)
        if len(frame):
            break
    else:
        level = PlaceLevel.COMMUNITY
        raise RecordNotFound("no_units", level=level.value, as_of=as_of.isoformat())
    tree = place_tree(session, viewer, as_of=as_of)
    of_key = {}
    for key, record in tree.records.items():
        unit = record if record.level == level else tree.ancestors(key).get(level)
        if unit is not None:
            of_key[key] = unit.code
    of_code = {
        period.code: of_key[period.place_id]
        for period in code_history(session, viewer)
        if period.place_id in of_key
    }
    of_code |= {tree.records[key].code: code for key, code in of_key.items()}
    return _Units(level, frame, of_code)


def _places_of(
    session: Session,
    viewer: Viewer,
    units: _Units,
    records: Sequence[RegisterRecord],
    as_of: date,
) -> list[str]:
    """Give the unit of each record; empty where it lies in none."""
    found = [units.of_code.get(getattr(record, "place_code", None) or "", "") for record in records]
    shaped = [k for k, record in enumerate(records) if _shape(record) is not None]
    if not shaped:
        return found
    cells, column = grids_frame(session, viewer, as_of=as_of), f"{units.level.value}_code"
    if not len(cells):
        cells, column = units.frame.assign(grid_code=units.frame.index), "grid_code"
        cells = cells[cells.geometry.notna() & ~cells.geometry.is_empty]
    if not len(cells):
        return found
    spots = [_shape(records[k]).representative_point() for k in shaped]
    at = assign_lonlat(shapely.get_x(spots), shapely.get_y(spots), cells).grid
    codes = cells[column].to_numpy(dtype=object)
    for k, row in zip(shaped, at.tolist(), strict=True):
        code = codes[row] if row >= 0 else None
        found[k] = str(code) if isinstance(code, str) and code in units.frame.index else ""
    return found


def _shape(record: RegisterRecord) -> Any:  # noqa: ANN401 - a shape, or none
    return getattr(record, "geometry", None)


def _month(record: RegisterRecord, tz: str) -> str:
    arrived_at = getattr(record, "arrived_at", None)
    if arrived_at is not None:
        return str(pd.Timestamp(arrived_at).tz_convert(tz).strftime("%Y-%m"))
    held_on: date | None = getattr(record, "held_on", None)
    return "" if held_on is None else held_on.strftime("%Y-%m")


def _counts(record: RegisterRecord, layer: RegisterLayer, as_of: date) -> bool:
    """Whether a record is counted on a day."""
    if isinstance(record, AgreementRecord):
        return record.since <= as_of and (record.until is None or as_of < record.until)
    return layer is not RegisterLayer.MEETINGS or getattr(record, "held_on", None) is not None
