"""Turn records of places and posts into GeoDataFrames that satisfy `geo.schema`.

Used by counting, exports, importers and view models; the only place where records become frames.
Knows nothing of measures and of drawing. Every frame is EPSG:4326, one row for each code, the code
as index.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from shapely.geometry.base import BaseGeometry
from sqlalchemy.orm import Session

from data.repositories.people import list_posts
from data.repositories.places import (
    PlaceRecord,
    PlaceTree,
    compound_rows,
    place_tree,
    shapes_of,
    street_rows,
)
from data.repositories.registers import buildings
from data.viewer import Viewer
from data.vocabulary import TREE_LEVELS, GridKind, PlaceLevel
from geo.crs import STORED_CRS
from geo.schema import GRIDS, require

_UPPER = tuple(level for level in TREE_LEVELS if level is not PlaceLevel.GRID)
GRID_COLUMNS = (
    "grid_code",
    "name",
    "kind",
    "parent_code",
    *(f"{level}_code" for level in reversed(_UPPER)),
    "station_code",
    "households",
    "residents",
    "area_m2",
    "valid_from",
    "valid_to",
)
"""Columns of `grids_frame` beside the geometry."""
PLACE_COLUMNS = (
    "code",
    "name",
    "level",
    "kind",
    "parent_code",
    *(f"{level}_code" for level in reversed(_UPPER)),
    "station_code",
    "households",
    "residents",
    "area_m2",
    "valid_from",
    "valid_to",
    "is_derived",
)
"""Columns of `places_frame` beside the geometry."""


def grids_frame(
    session: Session,
    viewer: Viewer,
    *,
    as_of: date | None = None,
    kind: str = GridKind.BASE.value,
) -> gpd.GeoDataFrame:
    """Give the grids of one kind that hold on one day, sorted by code.

    Parameters
    ----------
    as_of
        The day; None is today in Asia/Shanghai.
    kind
        base, exclusive or micro.

    Returns
    -------
    GeoDataFrame
        Satisfies `geo.schema.GRIDS`; `GRID_COLUMNS` and the geometry, index = `grid_code`
        (unnamed). `households` and `residents` are Int64 with <NA>, `station_code` that of the
        grid or of the nearest place above it that states one. Grids without a shape are there,
        with a missing one. Only grids of the viewer's areas.
    """
    tree = place_tree(session, viewer, as_of=as_of)
    chosen = _chosen(tree, PlaceLevel.GRID.value, kind, own_only=True)
    shapes = shapes_of(session, (r.id for r in chosen), as_of=tree.as_of)
    rows = [_upper_codes(tree, r) | _grid_row(r) for r in chosen]
    frame = _frame(rows, GRID_COLUMNS, [shapes.get(r.id) for r in chosen])
    frame.index = pd.Index(frame["grid_code"].to_numpy(dtype=object), dtype=object)
    require(frame, GRIDS)
    return frame


def places_frame(
    session: Session,
    viewer: Viewer,
    *,
    level: str,
    as_of: date | None = None,
    kind: str | None = None,
) -> gpd.GeoDataFrame:
    """Give the places of one level that hold on one day, sorted by code.

    Returns
    -------
    GeoDataFrame
        `PLACE_COLUMNS` and the geometry, index = `code` (unnamed). A place without a shape of its
        own gets the union of the base grids below it, and `is_derived` says so; households and
        residents that are not stated are the sum over those grids when every one states them.
        Places above the viewer's areas are included for drawing.
    """
    tree = place_tree(session, viewer, as_of=as_of)
    chosen = _chosen(tree, level, kind, own_only=False)
    shapes = shapes_of(session, (r.id for r in chosen), as_of=tree.as_of)
    below = _base_grids_below(tree)
    bare = [r for r in chosen if r.id not in shapes]
    derived = _unions(session, tree, {r.id: below[r.id] for r in bare})
    rows = []
    for record in chosen:
        row = _upper_codes(tree, record) | _place_row(record)
        grids = [tree.records[k] for k in below[record.id]]
        if record.level != PlaceLevel.GRID.value:
            row["households"] = _stated_or_sum(
                record.household_count, [g.household_count for g in grids]
            )
            row["residents"] = _stated_or_sum(
                record.resident_count, [g.resident_count for g in grids]
            )
        row["is_derived"] = record.id in derived
        rows.append(row)
    frame = _frame(rows, PLACE_COLUMNS, [(shapes | derived).get(r.id) for r in chosen])
    frame.index = pd.Index(frame["code"].to_numpy(dtype=object), dtype=object)
    return frame


def streets_frame(session: Session, viewer: Viewer) -> gpd.GeoDataFrame:
    """Give the street lines: `street_id`, `name`, `street_class`, `length_m`, geometry.

    Streets are the plain basemap and hold nothing of anybody: areas do not limit them.
    """
    del viewer  # taken, as every read takes one: part of the contract of reads
    rows = street_rows(session)
    columns = ("street_id", "name", "street_class", "length_m")
    return _frame([dict(zip(columns, r[:4], strict=True)) for r in rows], columns, _last(rows))


def compounds_frame(session: Session, viewer: Viewer) -> gpd.GeoDataFrame:
    """Give the compounds: `compound_id`, `name`, `kind`, `households`, `residents`, geometry."""
    del viewer  # taken, as every read takes one: part of the contract of reads
    rows = compound_rows(session)
    columns = ("compound_id", "name", "kind", "households", "residents")
    return _frame([dict(zip(columns, r[:5], strict=True)) for r in rows], columns, _last(rows))


def homes_frame(session: Session, viewer: Viewer) -> gpd.GeoDataFrame:
    """Give the buildings in which households live: a point inside each, `households`, `residents`.

    Where no building states its residents, they are taken to live as the households do.
    """
    columns = ("households", "residents")
    lived = [
        b for b in buildings(session, viewer)
        if b.household_count and b.geometry is not None and not b.geometry.is_empty
    ]  # fmt: skip
    has_residents = any(b.resident_count for b in lived)
    counts = [
        (b.household_count, b.resident_count or 0 if has_residents else b.household_count)
        for b in lived
    ]
    points = [shapely.point_on_surface(b.geometry) for b in lived]
    frame = _frame([dict(zip(columns, row, strict=True)) for row in counts], columns, points)
    return frame.astype(dict.fromkeys(columns, np.int64))


def _last(rows: Sequence[Sequence[object]]) -> list[BaseGeometry | None]:
    return [r[-1] if isinstance(r[-1], BaseGeometry) else None for r in rows]


def _frame(
    rows: list[dict[str, object]],
    columns: tuple[str, ...],
    shapes: Sequence[BaseGeometry | None],
) -> gpd.GeoDataFrame:
    table = pd.DataFrame(rows, columns=list(columns), dtype=object)
    for column in ("households", "residents"):
        if column in columns:
            table[column] = table[column].astype("Int64")
    for column in ("area_m2", "length_m"):
        if column in columns:
            table[column] = table[column].astype("float64")
    if "is_derived" in columns:
        table["is_derived"] = table["is_derived"].astype(bool)
    geometry = np.empty(len(shapes), dtype=object)
    geometry[:] = list(shapes)
    return gpd.GeoDataFrame(table, geometry=gpd.GeoSeries(geometry, crs=STORED_CRS))


def _chosen(tree: PlaceTree, level: str, kind: str | None, *, own_only: bool) -> list[PlaceRecord]:
    keys: Iterable[int] = tree.own if own_only else tree.records
    records = [tree.records[key] for key in keys]
    kept = [r for r in records if r.level == level and (kind is None or r.kind == kind)]
    return sorted(kept, key=lambda r: r.code)


def _upper_codes(tree: PlaceTree, record: PlaceRecord) -> dict[str, object]:
    above = tree.ancestors(record.id)
    codes: dict[str, object] = {
        f"{level}_code": above[level].code if level in above else None for level in _UPPER
    }
    if record.level in _UPPER:
        codes[f"{record.level}_code"] = record.code
    codes["station_code"] = tree.station_code(record.id)
    return codes


def _grid_row(record: PlaceRecord) -> dict[str, object]:
    return {
        "grid_code": record.code,
        "name": record.name,
        "kind": record.kind,
        "parent_code": record.parent_code,
        "households": record.household_count,
        "residents": record.resident_count,
        "area_m2": record.area_m2,
        "valid_from": record.valid_from,
        "valid_to": record.valid_to,
    }


def _place_row(record: PlaceRecord) -> dict[str, object]:
    row = _grid_row(record)
    row["code"] = row.pop("grid_code")
    row["level"] = record.level
    return row


def _base_grids_below(tree: PlaceTree) -> dict[int, list[int]]:
    below: dict[int, list[int]] = defaultdict(list)
    for key, record in tree.records.items():
        if record.level != PlaceLevel.GRID.value or record.kind != GridKind.BASE.value:
            continue
        above, seen = tree.parent_of.get(key), {key}
        station = tree.station_of.get(key)
        while above is not None and above not in seen:
            below[above].append(key)
            station = station if station is not None else tree.station_of.get(above)
            seen.add(above)
            above = tree.parent_of.get(above)
        if station is not None and station not in seen:
            below[station].append(key)
    return below


def _unions(
    session: Session, tree: PlaceTree, below: dict[int, list[int]]
) -> dict[int, BaseGeometry]:
    wanted = {key for keys in below.values() for key in keys}
    shapes = shapes_of(session, wanted, as_of=tree.as_of) if wanted else {}
    unions = {}
    for place_id, keys in below.items():
        parts = [
            shapely.make_valid(shapes[key], method="structure", keep_collapsed=False)
            for key in keys
            if key in shapes
        ]
        whole = shapely.union_all(parts) if parts else None
        if whole is not None and not whole.is_empty:
            unions[place_id] = whole
    return unions


def _stated_or_sum(stated: int | None, parts: Sequence[int | None]) -> int | None:
    if stated is not None:
        return stated
    known = [part for part in parts if part is not None]
    return sum(known) if parts and len(known) == len(parts) else None


POST_COLUMNS = (
    "post_id",
    "place_code",
    "place_level",
    "place_name",
    "position",
    "title",
    "planned_count",
    "filled_count",
    "on_leave_count",
    "is_filled",
    "is_derived",
    "holders",
)
"""Columns of `posts_frame` beside the geometry."""


def posts_frame(session: Session, viewer: Viewer, *, as_of: date | None = None) -> gpd.GeoDataFrame:
    """Give the posts of one day as points, sorted by place.

    Returns
    -------
    GeoDataFrame
        `POST_COLUMNS` and Point geometry. A post without a point of its own stands at a point
        inside its place, and `is_derived` says so; where the place has no shape either, the
        geometry is missing. `holders` is a tuple of role titles of those who do the work.
    """
    posts = list_posts(session, viewer, as_of=as_of)
    levels = {post.place_level for post in posts if post.point is None}
    points: dict[tuple[str, str], BaseGeometry] = {}
    for level in levels:
        places = places_frame(session, viewer, level=level, as_of=as_of)
        for code, shape in zip(places["code"], places.geometry, strict=True):
            if shape is not None and not shape.is_empty:
                points[level, str(code)] = _inside(shape)
    rows: list[dict[str, object]] = [
        {
            "post_id": post.id,
            "place_code": post.place_code,
            "place_level": post.place_level,
            "place_name": post.place_name,
            "position": post.position,
            "title": post.title,
            "planned_count": post.planned_count,
            "filled_count": post.filled_count,
            "on_leave_count": sum(duty.is_on_leave for duty in post.duties),
            "is_filled": post.filled_count > 0,
            "is_derived": post.point is None,
            "holders": tuple(
                duty.substitute_title or duty.holder_title for duty in post.duties if duty.is_filled
            ),
        }
        for post in posts
    ]
    shapes = [
        post.point if post.point is not None else points.get((post.place_level, post.place_code))
        for post in posts
    ]
    return _frame(rows, POST_COLUMNS, shapes)


def _inside(shape: BaseGeometry) -> BaseGeometry:
    """Give a point inside a shape, of which rings may cross themselves."""
    sound = shapely.make_valid(shape, method="structure", keep_collapsed=False)
    return shapely.point_on_surface(shape if sound.is_empty else sound)
