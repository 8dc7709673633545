"""Write a layer to a file, as finely as the viewer's display level allows.

Used by the command line and screens. Levels (domain note 6.3): public = counts per grid and month,
1 to 4 withheld, no totals beside them, so that no withheld cell can be worked out; wall = the
grid's inner point and a quarter of an hour, no text; internal = exact place, masked text;
admin = every kept column. Of registers of things and of work in public a public and a wall export
hold counts for each community; registers of single office-holders leave the house at level internal
and above only, appraisals at level admin only.
"""

from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any, Final

import geopandas as gpd
import numpy as np
import pandas as pd
from sqlalchemy import select
from sqlalchemy.orm import Session

from data.counting import AS_OF_TODAY, OUTSIDE, Placed, place_events
from data.errors import AccessRefused, ConfigError, ImportRefused
from data.exports.counts import COUNTED, register_counts
from data.exports.records import json_text, register_frame
from data.exports.writers import writer_of
from data.frames import grids_frame, places_frame, streets_frame
from data.grids_of import ChosenGrids, GridsOf
from data.privacy import withheld
from data.repositories.audit import append_audit
from data.repositories.events import MODELS
from data.viewer import DisplayLevel, Viewer
from data.vocabulary import EventLayer, GridKind, PlaceLevel, RegisterLayer

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


@dataclass(frozen=True)
class ExportOptions:
    """What to write.

    Parameters
    ----------
    as_of
        `today`, an ISO date, for incidents, hazards and disputes `event`, or `plan:<number>`:
        boundaries used.
    level
        Display level; never above the viewer's own.
    chosen
        The grids of the plan that `as_of` names.
    """

    as_of: str = AS_OF_TODAY
    level: DisplayLevel = DisplayLevel.ADMIN
    tz: str = "Asia/Shanghai"
    chosen: ChosenGrids | None = None


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
        `level_too_low` (of a plan's grids: below internal); `role_may_not_read`; below level
        internal (appraisals: below admin) `register_of_people` and, for plans and grades,
        `register_not_public`.
    RecordNotFound
        `no_units`: counts of a register where the store has no place to count by.
    ConfigError
        `bad_grids_of`; `layer_not_on_plan`: the layer does not stand on grids;
        `grids_valid_then_are_many`: the layer has no event with a day of its own.
    """
    viewer.require_level(options.level)
    _require_grids(layer, options)
    if layer not in LAYERS:
        raise ImportRefused("unknown_layer", layer=layer, known=", ".join(LAYERS))
    write = writer_of(target)
    frame = _frame(session, viewer, layer, options, now.date())
    target.parent.mkdir(parents=True, exist_ok=True)
    about = {
        "layer": layer,
        "exported_at": now.isoformat(timespec="seconds"),
        "exported_by": viewer.name,
        "level": options.level.name.lower(),
        "as_of": options.as_of,
        **_about_plan(options.chosen),
    }
    write(frame, target, about)
    append_audit(session, viewer, "export", layer, len(frame), about, now)
    return len(frame)


def _require_grids(layer: str, options: ExportOptions) -> None:
    """Refuse grids that a layer cannot be put on, and a plan's grids outside the house."""
    of = GridsOf(options.as_of)
    is_event = layer in set(EventLayer)
    if of.is_event and not is_event:
        raise ConfigError("grids_valid_then_are_many")
    if options.chosen is None:
        if of.plan_id is not None:
            raise ConfigError("layer_not_on_plan", layer=layer, plan=of.plan_id)
        return
    if layer != "grids" and not is_event:
        raise ConfigError("layer_not_on_plan", layer=layer, plan=options.chosen.plan_id)
    if options.level < DisplayLevel.INTERNAL:
        needed = DisplayLevel.INTERNAL.name
        raise AccessRefused("level_too_low", yours=options.level.name, needed=needed)


def _about_plan(chosen: ChosenGrids | None) -> dict[str, str]:
    """Say in the file which plan its grids are, and of how many the people are estimated."""
    if chosen is None:
        return {}
    return {
        "plan": str(chosen.plan_name),
        "plan_version": str(chosen.plan_version),
        "estimated_grids": str(len(chosen.estimated())),
    }


def _frame(
    session: Session, viewer: Viewer, layer: str, options: ExportOptions, today: date
) -> gpd.GeoDataFrame:
    day = GridsOf(options.as_of).day(today)
    if layer == "grids" and options.chosen is not None:
        return options.chosen.frame.reset_index(drop=True)
    if layer == "grids":
        kinds = [grids_frame(session, viewer, as_of=day, kind=kind.value) for kind in GridKind]
        return gpd.GeoDataFrame(pd.concat(kinds), crs=kinds[0].crs).reset_index(drop=True)
    if layer in PLACE_LAYERS:
        frame = places_frame(session, viewer, level=PLACE_LAYERS[layer], as_of=day)
        return frame.reset_index(drop=True)
    if layer == "streets":
        return streets_frame(session, viewer).reset_index(drop=True)
    if layer in set(RegisterLayer):
        return _register(session, viewer, RegisterLayer(layer), options, day)
    return _events(session, viewer, EventLayer(layer), options, today)


def _events(
    session: Session, viewer: Viewer, events: EventLayer, options: ExportOptions, today: date
) -> gpd.GeoDataFrame:
    placed = place_events(
        session, viewer, events, today=today, as_of=options.as_of, tz=options.tz,
        grids=None if options.chosen is None else options.chosen.frame,
    )  # fmt: skip
    if options.level is DisplayLevel.PUBLIC:
        return _public(placed, options.tz)
    if options.level is DisplayLevel.WALL:
        return _wall(placed, options.tz)
    return _exact(session, placed, with_source=options.level is DisplayLevel.ADMIN)


def _register(
    session: Session, viewer: Viewer, layer: RegisterLayer, options: ExportOptions, day: date
) -> gpd.GeoDataFrame:
    if options.level < DisplayLevel.INTERNAL and layer in COUNTED:
        return register_counts(session, viewer, layer, as_of=day, tz=options.tz)
    return register_frame(session, viewer, layer, options.level)


def _grid_codes(placed: Placed) -> np.ndarray[Any, np.dtype[np.object_]]:
    return placed.of_grids(placed.grids.index.to_numpy(dtype=object), None)


def _exact(session: Session, placed: Placed, *, with_source: bool) -> gpd.GeoDataFrame:
    model = MODELS[placed.events.layer]
    names = [*EXACT_COLUMNS, *(ADMIN_COLUMNS if with_source else [])]
    names += [name for name in ("severity", "root_hazard_ref") if hasattr(model, name)]
    columns = [getattr(model, name) for name in ("id", *names)]
    rows = session.execute(select(*columns).order_by(model.id)).all()
    table = pd.DataFrame(rows, columns=["id", *names]).set_index("id")
    table = table.loc[placed.events.ids]
    if "attributes" in table:
        table["attributes"] = table["attributes"].map(json_text, na_action="ignore")
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
    frame = pd.DataFrame(
        {
            "grid_code": grids.index.astype(str),
            "name": grids["name"].to_numpy(),
            "month": counted["month"].to_numpy(),
            **withheld(counted["n"]),
        }
    )
    return gpd.GeoDataFrame(frame, geometry=grids.geometry.to_numpy(), crs="EPSG:4326")


def _texts(coded: Any) -> np.ndarray[Any, np.dtype[np.object_]]:  # noqa: ANN401 - a Coded
    return np.asarray(np.array([*coded.labels, None], dtype=object)[coded.codes])
