"""Write a layer to a file, as finely as the viewer's display level allows.

Used by the command line and screens. Levels (domain note 6.3): public = counts per grid and month,
1 to 4 withheld, no totals beside them, so that no withheld cell can be worked out; wall = the
grid's inner point and a quarter of an hour, no text; internal = exact place, masked text;
admin = every kept column. Registers leave the house at level internal and above only, appraisals at
level admin only: a wall shows their counts.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any, Final

import geopandas as gpd
import numpy as np
import pandas as pd
from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from sqlalchemy import select
from sqlalchemy.orm import Session

from data.counting import AS_OF_TODAY, OUTSIDE, UNLOCATED, Placed, place_events
from data.errors import AccessRefused, ImportRefused
from data.formulas import guard_formulas
from data.frames import grids_frame, places_frame, streets_frame
from data.repositories.audit import append_audit
from data.repositories.events import MODELS
from data.repositories.registers import record_columns, register_records
from data.viewer import DisplayLevel, Viewer
from data.vocabulary import EventLayer, GridKind, PlaceLevel, RegisterLayer

SMALLEST_PUBLISHED: Final = 5
QUARTER_HOUR: Final = np.timedelta64(15 * 60 * 1000, "ms")
PLACE_LAYERS: Final = {
    "grids": PlaceLevel.GRID,
    "communities": PlaceLevel.COMMUNITY,
    "subdistricts": PlaceLevel.SUBDISTRICT,
    "counties": PlaceLevel.COUNTY,
    "stations": PlaceLevel.STATION,
}
EXACT_COLUMNS: Final = (
    "source",
    "external_id",
    "kind",
    "kind_source",
    "channel",
    "channel_group",
    "occurred_at",
    "time_precision",
    "time_flags",
    "reported_at",
    "accepted_at",
    "handled_at",
    "closed_at",
    "due_at",
    "status",
    "outcome",
    "stated_unit",
    "description",
)
ADMIN_COLUMNS: Final = ["src_datum", "src_x", "src_y", "attributes", "line", "batch_id"]
LAYERS: Final = (
    *PLACE_LAYERS,
    "streets",
    *(layer.value for layer in EventLayer),
    *(layer.value for layer in RegisterLayer),
)
_BOOKS: Final = ("attributes", "line", "batch_id")


@dataclass(frozen=True)
class ExportOptions:
    """What to write.

    Parameters
    ----------
    as_of
        `today` or an ISO date: boundaries used.
    level
        Display level; never above the viewer's own.
    """

    as_of: str = AS_OF_TODAY
    level: DisplayLevel = DisplayLevel.ADMIN
    tz: str = "Asia/Shanghai"


def export_layer(
    session: Session,
    viewer: Viewer,
    layer: str,
    target: Path,
    *,
    options: ExportOptions,
    now: datetime,
) -> int:
    """Write `layer` to `target` (type by ending) and log it; return the number of rows.

    Raises
    ------
    ImportRefused
        `unknown_layer`, `unknown_file_type`.
    AccessRefused
        `level_too_low`; `register_not_public` (a register below level internal, appraisals below
        admin); `role_may_not_read`.
    """
    viewer.require_level(options.level)
    if layer not in LAYERS:
        raise ImportRefused("unknown_layer", layer=layer, known=", ".join(LAYERS))
    write = _writer(target)
    frame = _frame(session, viewer, layer, options, now.date())
    target.parent.mkdir(parents=True, exist_ok=True)
    about = {
        "layer": layer,
        "exported_at": now.isoformat(timespec="seconds"),
        "exported_by": viewer.name,
        "level": options.level.name.lower(),
        "as_of": options.as_of,
    }
    write(frame, target, about)
    append_audit(session, viewer, "export", layer, len(frame), about, now)
    return len(frame)


def _frame(
    session: Session, viewer: Viewer, layer: str, options: ExportOptions, today: date
) -> gpd.GeoDataFrame:
    day = today if options.as_of == AS_OF_TODAY else date.fromisoformat(options.as_of)
    if layer == "grids":
        kinds = [grids_frame(session, viewer, as_of=day, kind=kind.value) for kind in GridKind]
        return gpd.GeoDataFrame(pd.concat(kinds), crs=kinds[0].crs).reset_index(drop=True)
    if layer in PLACE_LAYERS:
        frame = places_frame(session, viewer, level=PLACE_LAYERS[layer], as_of=day)
        return frame.reset_index(drop=True)
    if layer == "streets":
        return streets_frame(session, viewer).reset_index(drop=True)
    if layer in set(RegisterLayer):
        return _register(session, viewer, RegisterLayer(layer), options.level)
    return _events(session, viewer, EventLayer(layer), options, today)


def _events(
    session: Session, viewer: Viewer, events: EventLayer, options: ExportOptions, today: date
) -> gpd.GeoDataFrame:
    placed = place_events(session, viewer, events, today=today, as_of=options.as_of, tz=options.tz)
    if options.level is DisplayLevel.PUBLIC:
        return _public(placed, options.tz)
    if options.level is DisplayLevel.WALL:
        return _wall(placed, options.tz)
    return _exact(session, placed, with_source=options.level is DisplayLevel.ADMIN)


def _register(
    session: Session, viewer: Viewer, layer: RegisterLayer, level: DisplayLevel
) -> gpd.GeoDataFrame:
    """Give a register's records; points also as `lon` and `lat`, other shapes as `wkt`."""
    is_private = layer is RegisterLayer.APPRAISALS
    needed = DisplayLevel.ADMIN if is_private else DisplayLevel.INTERNAL
    if level < needed:
        facts = {"level": level.name.lower(), "needed": needed.name.lower()}
        raise AccessRefused("register_not_public", layer=layer.value, **facts)
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
        return _json(value)
    return value.isoformat() if isinstance(value, date) else value


def _grid_codes(placed: Placed) -> np.ndarray[Any, np.dtype[np.object_]]:
    codes = np.array([*placed.grids.index, None, None], dtype=object)
    return np.asarray(codes[np.where(placed.position >= 0, placed.position, UNLOCATED)])


def _exact(session: Session, placed: Placed, *, with_source: bool) -> gpd.GeoDataFrame:
    model = MODELS[placed.events.layer]
    names = [*EXACT_COLUMNS, *(ADMIN_COLUMNS if with_source else [])]
    names += [name for name in ("severity", "root_hazard_ref") if hasattr(model, name)]
    columns = [getattr(model, name) for name in ("id", *names)]
    rows = session.execute(select(*columns).order_by(model.id)).all()
    table = pd.DataFrame(rows, columns=["id", *names]).set_index("id")
    table = table.loc[placed.events.ids]
    if "attributes" in table:
        table["attributes"] = table["attributes"].map(_json, na_action="ignore")
    for name in [name for name in names if name.endswith("_at")]:
        table[name] = pd.to_datetime(table[name], utc=True)
    table["grid_code"] = _grid_codes(placed)
    table["is_on_border"] = placed.on_border
    table["is_outside"] = placed.position == OUTSIDE
    located = placed.events.is_located
    points = gpd.points_from_xy(placed.events.lon, placed.events.lat)
    shapes = np.array(points, dtype=object)
    shapes[~located] = None
    table["lon"], table["lat"] = placed.events.lon, placed.events.lat
    return gpd.GeoDataFrame(table.reset_index(drop=True), geometry=shapes, crs="EPSG:4326")


def _wall(placed: Placed, tz: str) -> gpd.GeoDataFrame:
    inside = placed.position >= 0
    spots = placed.grids.geometry.representative_point()
    rounded = (
        placed.events.occurred_at
        - (placed.events.occurred_at - np.datetime64(0, "ms")) % QUARTER_HOUR
    )
    frame = pd.DataFrame(
        {
            "kind": _texts(placed.events.kind),
            "channel_group": _texts(placed.events.channel_group),
            "status": _texts(placed.events.status),
            "occurred_at": pd.Series(rounded).dt.tz_localize("UTC").dt.tz_convert(tz),
            "grid_code": _grid_codes(placed),
        }
    )[inside]
    shapes = np.asarray(spots, dtype=object)[placed.position[inside]]
    return gpd.GeoDataFrame(frame.reset_index(drop=True), geometry=shapes, crs="EPSG:4326")


def _public(placed: Placed, tz: str) -> gpd.GeoDataFrame:
    inside = (placed.position >= 0) & ~np.isnat(placed.events.occurred_at)
    local = pd.Series(placed.events.occurred_at[inside]).dt.tz_localize("UTC").dt.tz_convert(tz)
    table = pd.DataFrame(
        {"grid": placed.position[inside], "month": local.dt.strftime("%Y-%m").to_numpy()}
    )
    counted = table.value_counts(["grid", "month"], sort=False).rename("n").reset_index()
    grids = placed.grids.iloc[counted["grid"]]
    withheld = counted["n"].to_numpy() < SMALLEST_PUBLISHED
    frame = pd.DataFrame(
        {
            "grid_code": grids.index.astype(str),
            "name": grids["name"].to_numpy(),
            "month": counted["month"].to_numpy(),
            "n": counted["n"].astype("Int64").mask(withheld).to_numpy(),
            "note": np.where(withheld, f"<{SMALLEST_PUBLISHED}", ""),
        }
    )
    return gpd.GeoDataFrame(frame, geometry=grids.geometry.to_numpy(), crs="EPSG:4326")


def _texts(coded: Any) -> np.ndarray[Any, np.dtype[np.object_]]:  # noqa: ANN401 - a Coded
    return np.asarray(np.array([*coded.labels, None], dtype=object)[coded.codes])


def _json(value: object) -> str:
    import json

    return json.dumps(value, ensure_ascii=False, sort_keys=True)


def _writer(target: Path) -> Callable[[gpd.GeoDataFrame, Path, Mapping[str, str]], None]:
    writers = {
        ".gpkg": _write_features,
        ".geojson": _write_features,
        ".csv": _write_csv,
        ".xlsx": _write_workbook,
        ".parquet": _write_parquet,
    }
    if target.suffix.lower() not in writers:
        known = ", ".join(writers)
        raise ImportRefused("unknown_file_type", file=target.name, known=known)
    return writers[target.suffix.lower()]


def _write_features(frame: gpd.GeoDataFrame, target: Path, about: Mapping[str, str]) -> None:
    target.unlink(missing_ok=True)
    driver = "GPKG" if target.suffix.lower() == ".gpkg" else "GeoJSON"
    plain = frame.copy()
    for name in plain.columns:
        if plain[name].dtype == object and name != plain.active_geometry_name:
            plain[name] = plain[name].where(plain[name].notna(), None)
    plain.to_file(target, driver=driver, engine="pyogrio", layer=about["layer"])


def _write_parquet(frame: gpd.GeoDataFrame, target: Path, _about: Mapping[str, str]) -> None:
    frame.to_parquet(target)


def _write_csv(frame: gpd.GeoDataFrame, target: Path, _about: Mapping[str, str]) -> None:
    table = _without_shapes(frame)
    for name in table.columns:
        if not pd.api.types.is_numeric_dtype(table[name].dtype):
            table[name] = guard_formulas(table[name])
    table.to_csv(target, index=False, encoding="utf-8-sig")


def _write_workbook(frame: gpd.GeoDataFrame, target: Path, about: Mapping[str, str]) -> None:
    table = _without_shapes(frame)
    book = Workbook(write_only=True)
    sheet = book.create_sheet(about["layer"])
    sheet.append([_cell(sheet, name) for name in table.columns])
    for row in table.itertuples(index=False):
        sheet.append([_cell(sheet, value) for value in row])
    notes = book.create_sheet("about")
    for name, text in about.items():
        notes.append([_cell(notes, name), _cell(notes, text)])
    book.save(target)


def _cell(sheet: Any, value: Any) -> Any:  # noqa: ANN401 - openpyxl is untyped
    """Write text as text: never as a formula."""
    if value is None or value is pd.NaT or (isinstance(value, float) and np.isnan(value)):
        return WriteOnlyCell(sheet, None)
    if isinstance(value, bool | int | float | np.integer | np.floating | np.bool_):
        return WriteOnlyCell(sheet, value.item() if hasattr(value, "item") else value)
    cell = WriteOnlyCell(sheet, "")
    text = value.isoformat() if isinstance(value, date | datetime) else str(value)
    cell.value = text
    cell.data_type = "s"
    return cell


def _without_shapes(frame: gpd.GeoDataFrame) -> pd.DataFrame:
    table = pd.DataFrame(frame.drop(columns=frame.active_geometry_name))
    kinds = set(frame.geom_type.dropna())
    if "lon" not in table and kinds == {"Point"}:
        table["lon"], table["lat"] = frame.geometry.x, frame.geometry.y
    return table
