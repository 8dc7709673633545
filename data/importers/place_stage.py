"""Place the rows of a file among the stored places: parents, stations, faults, repair.

Used by the importer of places.
Knows nothing of writing: it reads the store, and leaves it alone.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import geopandas as gpd
import shapely
from shapely.geometry.base import BaseGeometry
from sqlalchemy.orm import Session

from data.errors import ImportRefused
from data.importers.place_check import (
    CheckResult,
    Parents,
    check_frame,
    find_parents,
    frame_of,
    standing,
    strays_from_base,
)
from data.importers.place_columns import PlaceDraft, PlaceOptions, read_drafts
from data.importers.place_files import PlaceFile
from data.importers.report import Caution, Rejection
from data.repositories.place_writes import as_multi
from data.repositories.places import PlaceRecord, PlaceTree, place_tree, shapes_of, today_here
from data.viewer import Viewer
from data.vocabulary import TREE_LEVELS, GridKind, PlaceLevel
from geo.errors import GeoError
from geo.tiling import repair

_SHOWN: Final = 20


@dataclass(frozen=True)
class KnownPlaces:
    """What the store knows before the file is read."""

    tree: PlaceTree
    uppers: tuple[PlaceRecord, ...]
    stations: Mapping[str, PlaceRecord]
    shapes: Mapping[int, BaseGeometry]
    base: Mapping[str, BaseGeometry]
    comparison: gpd.GeoDataFrame

    @classmethod
    def read(cls, session: Session, viewer: Viewer, options: PlaceOptions) -> "KnownPlaces":
        """Read the tree and the shapes of the effective day (today where none is stated)."""
        day = options.effective or today_here()
        tree = place_tree(session, viewer, as_of=day)
        uppers = _uppers(tree, options)
        peers = [r for r in tree.records.values() if r.level == options.level]
        base = [
            r
            for r in tree.records.values()
            if r.level == PlaceLevel.GRID.value and r.kind == GridKind.BASE.value
        ]
        wanted = {r.id for r in (*uppers, *peers)}
        if options.level == PlaceLevel.GRID.value and not options.is_tiling:
            wanted |= {r.id for r in base}
        shapes = shapes_of(session, wanted, as_of=day)
        compared = [r for r in (*peers, *uppers) if r.id in shapes]
        return cls(
            tree=tree,
            uppers=uppers,
            stations=tree.by_code(PlaceLevel.STATION.value),
            shapes=shapes,
            base={r.code: shapes[r.id] for r in base if r.id in shapes},
            comparison=frame_of(
                [r.code for r in compared],
                [shapes[r.id] for r in compared],
                name=[r.name for r in compared],
            ),
        )


@dataclass(frozen=True)
class StagedPlaces:
    """Drafts that may be written, with their parents, and all that was found."""

    rows: tuple[PlaceDraft, ...]
    parents: Parents
    station_ids: tuple[int | None, ...]
    check: CheckResult
    rejections: tuple[Rejection, ...]
    warnings: tuple[Caution, ...]
    moved: tuple[Mapping[str, Any], ...] = ()
    holes_left: int = 0


def _uppers(tree: PlaceTree, options: PlaceOptions) -> tuple[PlaceRecord, ...]:
    levels = [level.value for level in TREE_LEVELS]
    if options.level == PlaceLevel.STATION.value:
        above = levels[:-2]
    else:
        above = levels[: levels.index(options.level)]
    found: list[PlaceRecord] = []
    if options.grid_kind == GridKind.MICRO.value and options.level == PlaceLevel.GRID.value:
        found += [
            r
            for r in tree.records.values()
            if r.level == PlaceLevel.GRID.value and r.kind == GridKind.BASE.value
        ]
    for level in reversed(above):
        found += sorted(tree.by_code(level).values(), key=lambda r: r.code)
    return tuple(found)


def level_above(level: str) -> str:
    """Name the level above one; empty for provinces and stations."""
    levels = [known.value for known in TREE_LEVELS]
    if level not in levels or levels.index(level) == 0:
        return ""
    return levels[levels.index(level) - 1]


def stage(file: PlaceFile, options: PlaceOptions, known: KnownPlaces) -> StagedPlaces:
    """Read the rows, set aside those that cannot stand, find parents, list faults, repair."""
    drafts = read_drafts(file.table, file.lines, file.shapes, options)
    is_bare_grids = options.level == PlaceLevel.GRID.value and not file.has_geometry
    codes = frozenset(known.tree.by_code(options.level)) if is_bare_grids else None
    stand = standing(drafts.rows, needs_shape=file.has_geometry, known=codes)
    parents = find_parents(
        stand.rows, known.uppers, known.shapes, by_prefix=options.level != PlaceLevel.STATION.value
    )
    station_ids, unknown_stations = _stations(stand.rows, known)
    check = _check(drafts.rows, stand.rows, parents, options, known)
    warnings = [*file.warnings, *drafts.warnings, *stand.warnings, *check.warnings]
    for code, places in (
        ("unknown_parent", parents.unknown),
        ("code_not_under_parent", parents.mismatched),
        ("unknown_station", unknown_stations),
    ):
        if places:
            warnings.append(Caution(code, listed(places)))
    if parents.ways["none"] and known.uppers:
        warnings.append(Caution("without_parent", {"count": parents.ways["none"]}))
    rows = stand.rows
    moved: tuple[Mapping[str, Any], ...] = ()
    holes = 0
    if options.repair and file.has_geometry and rows:
        rows, moved, holes = _repaired(rows, options)
    return StagedPlaces(
        rows,
        parents,
        station_ids,
        check,
        (*file.rejections, *drafts.rejections, *stand.rejections),
        tuple(warnings),
        moved,
        holes,
    )


def _check(
    drafts: Sequence[PlaceDraft],
    rows: Sequence[PlaceDraft],
    parents: Parents,
    options: PlaceOptions,
    known: KnownPlaces,
) -> CheckResult:
    if all(draft.geometry is None for draft in drafts):
        empty = check_frame(frame_of([], []), None, is_tiling=False)
        return CheckResult(len(drafts), empty)
    code_of = {r.id: r.code for r in known.uppers}
    parent_of = {
        row.code: code_of.get(key) if key is not None else None
        for row, key in zip(rows, parents.keys, strict=True)
    }
    grids = frame_of(
        [d.code for d in drafts],
        [d.geometry for d in drafts],
        parent_code=[parent_of.get(d.code) for d in drafts],
    )
    shaped = [r for r in known.uppers if r.id in known.shapes]
    uppers = frame_of([r.code for r in shaped], [known.shapes[r.id] for r in shaped])
    uppers = uppers.rename(columns={"grid_code": "code"})
    faults = check_frame(grids, uppers, is_tiling=options.is_tiling)
    is_over = options.level == PlaceLevel.GRID.value and not options.is_tiling
    if not is_over:
        return CheckResult(len(drafts), faults)
    if not known.base:
        return CheckResult(len(drafts), faults, [Caution("no_base_grids")])
    is_micro = options.grid_kind == GridKind.MICRO.value
    strays = strays_from_base(rows, known.base, is_micro=is_micro)
    notes = []
    if strays:
        kind = str(strays[0]["kind"])
        notes.append(Caution(kind, listed([s["code"] for s in strays])))
    return CheckResult(len(drafts), faults, notes, strays=strays)


def _repaired(
    rows: Sequence[PlaceDraft], options: PlaceOptions
) -> tuple[tuple[PlaceDraft, ...], tuple[Mapping[str, Any], ...], int]:
    frame = frame_of([row.code for row in rows], [row.geometry for row in rows])
    try:
        done = repair(frame, gap_width_m=options.gap_width_m)
    except GeoError as error:
        raise ImportRefused(error.code, **error.fields) from error
    fixed = tuple(
        row if _is_same(row.geometry, shape) else replace(row, geometry=shape)
        for row, shape in zip(rows, done.frame.geometry, strict=True)
    )
    moved = tuple({str(k): v for k, v in row.items()} for row in done.moved.to_dict("records"))
    return fixed, moved, done.holes_left


def _is_same(before: BaseGeometry | None, after: BaseGeometry | None) -> bool:
    """Whether a repair left every vertex; where a ring begins and turns does not count."""
    if before is None or after is None:
        return before is after
    return bool(shapely.equals_identical(_normal(before), _normal(after)))


def _normal(shape: BaseGeometry) -> BaseGeometry:
    return shapely.normalize(as_multi(shape))


def _stations(
    rows: Sequence[PlaceDraft], known: KnownPlaces
) -> tuple[tuple[int | None, ...], tuple[str, ...]]:
    by_name = {record.name: record for record in known.stations.values()}
    found = [
        known.stations.get(row.station) or by_name.get(row.station) if row.station else None
        for row in rows
    ]
    unknown = {
        row.station for row, record in zip(rows, found, strict=True) if row.station and not record
    }
    return tuple(r.id if r else None for r in found), tuple(sorted(unknown))


def listed(codes: Sequence[str]) -> dict[str, Any]:
    """Give how many codes there are and the first of them, as fields of a warning."""
    return {"count": len(codes), "places": list(codes[:_SHOWN])}
