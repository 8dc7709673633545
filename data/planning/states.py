"""Turn stored grids into a tiling and back: open, fold outcomes of edits, write one down.

Used by the other files of `data.planning`. An outcome is the value of `geo.edits.values.Restore`
that leads forward: what the touched grids were after an edit, bit for bit.
Knows nothing of the store.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeVar

import geopandas as gpd
import numpy as np
import shapely

from data.errors import DataError
from data.repositories.place_writes import as_multi
from data.repositories.plan_records import BaseGrid, PlannedGrid
from geo.crs import STORED_CRS, require_stored
from geo.edits.report import Report
from geo.edits.tiling import COUNTS, EditTiling
from geo.edits.values import Edit, GridState, Restore, from_json, to_json

_T = TypeVar("_T")
HOUSEHOLDS, RESIDENTS = COUNTS


def tiling_of(grids: Sequence[BaseGrid], *, retired: Iterable[str] = ()) -> EditTiling:
    """Take grids as a tiling to edit, without checking that they tile (see `open_plan`)."""
    listed = sorted(grids, key=lambda grid: grid.code)
    shapes = np.empty(len(listed), dtype=object)
    shapes[:] = [grid.shape for grid in listed]
    return EditTiling(
        codes=tuple(grid.code for grid in listed),
        shapes=shapes,
        names={grid.code: grid.name for grid in listed},
        parents={grid.code: grid.parent_code for grid in listed if grid.parent_code},
        counts={
            HOUSEHOLDS: {
                g.code: g.household_count for g in listed if g.household_count is not None
            },
            RESIDENTS: {g.code: g.resident_count for g in listed if g.resident_count is not None},
        },
        estimated=frozenset((measure, g.code) for g in listed for measure in g.estimated),
        retired=frozenset(retired),
    )


def grids_of_tiling(tiling: EditTiling) -> tuple[BaseGrid, ...]:
    """Give the grids of a tiling as values of the store."""
    households, residents = (tiling.counts.get(measure, {}) for measure in COUNTS)
    return tuple(
        BaseGrid(
            code=code,
            name=tiling.names.get(code, code),
            parent_code=tiling.parents.get(code),
            household_count=households.get(code),
            resident_count=residents.get(code),
            estimated=tuple(m for m in COUNTS if (m, code) in tiling.estimated),
            shape=as_multi(shape),
        )
        for code, shape in zip(tiling.codes, tiling.shapes, strict=True)
    )


def grids_of_frame(frame: gpd.GeoDataFrame, known: Mapping[str, BaseGrid]) -> tuple[BaseGrid, ...]:
    """Take the grids of an imported frame; what it does not say is taken from the known grids.

    Parameters
    ----------
    frame
        `grid_code` and geometry (EPSG:4326); optional `name`, `parent_code`, `households`,
        `residents`. A new code without a parent lies in the community of the ground it takes.
    known
        Grids of the store by code.

    Raises
    ------
    DataError
        `plan_file_empty`; `plan_file_not_areas` (field `codes`): a grid without an area;
        `plan_file_repeats_codes`.
    CrsError
        Those of `geo.crs.require_stored`.
    """
    require_stored(frame)
    repeated = frame["grid_code"][frame["grid_code"].duplicated()]
    if len(repeated):
        raise DataError("plan_file_repeats_codes", codes=sorted(set(repeated.astype(str)))[:20])
    lying = _Ground(known)
    grids, bare = [], []
    for row in frame.to_dict("records"):
        code, shape = str(row["grid_code"]), row[frame.geometry.name]
        own = known.get(code)
        if shape is None or shape.is_empty or shape.geom_type not in {"Polygon", "MultiPolygon"}:
            bare.append(code)
            continue
        grids.append(
            BaseGrid(
                code=code,
                name=_text(row.get("name")) or (own.name if own else code),
                parent_code=_text(row.get("parent_code"))
                or (own.parent_code if own else lying.parent_of(shape)),
                household_count=_number(row.get(HOUSEHOLDS), own.household_count if own else None),
                resident_count=_number(row.get(RESIDENTS), own.resident_count if own else None),
                estimated=(),
                shape=as_multi(shape),
            )
        )
    if bare:
        raise DataError("plan_file_not_areas", codes=sorted(bare)[:20], count=len(bare))
    if not grids:
        raise DataError("plan_file_empty")
    return tuple(sorted(grids, key=lambda grid: grid.code))


class _Ground:
    """Whose community the ground is, by the known grids."""

    def __init__(self, known: Mapping[str, BaseGrid]) -> None:
        self._grids = list(known.values())
        self._tree = shapely.STRtree([grid.shape for grid in self._grids])

    def parent_of(self, shape: shapely.Geometry) -> str | None:
        """Give the community of the known grid in which an inner point of a shape lies."""
        rows = self._tree.query(shapely.point_on_surface(shape), predicate="intersects")
        return self._grids[int(min(rows))].parent_code if len(rows) else None


def _text(value: Any) -> str | None:  # noqa: ANN401 - a cell
    return value if isinstance(value, str) and value else None


def _number(value: Any, otherwise: int | None) -> int | None:  # noqa: ANN401 - a cell
    is_known = isinstance(value, int | float | np.integer) and value == value  # noqa: PLR0124 - not NaN
    return int(value) if is_known else otherwise


def outcome_of(before: EditTiling, after: EditTiling, codes: Iterable[str]) -> Restore:
    """Write down what became of grids: the `Restore` that leads from `before` to `after`."""
    wanted = sorted(set(codes))
    return Restore(
        grids=tuple(_state(after, code) for code in wanted if code in after),
        removed=tuple(code for code in wanted if code not in after and code in before),
        retired=tuple(sorted(after.retired - before.retired)),
        unretired=tuple(sorted(before.retired - after.retired)),
    )


def touched_codes(report: Report) -> tuple[str, ...]:
    """Give every code that an edit touched, before or after."""
    return tuple(sorted({*report.touched, *report.added, *report.removed}))


def _state(tiling: EditTiling, code: str) -> GridState:
    return GridState(
        code=code,
        name=tiling.names.get(code, ""),
        parent=tiling.parents.get(code, ""),
        shape=bytes(shapely.to_wkb(tiling.shape(code))),
        counts=tuple((m, numbers[code]) for m, numbers in tiling.counts.items() if code in numbers),
        estimated=tuple(sorted(m for m, c in tiling.estimated if c == code)),
        locked=code in tiling.locked,
    )


def folded(tiling: EditTiling, outcomes: Iterable[Mapping[str, Any]]) -> EditTiling:
    """Lay the outcomes of edits (JSON) over a tiling, in order."""
    states: dict[str, GridState | None] = {}
    retired = set(tiling.retired)
    for document in outcomes:
        outcome = from_json(document)
        if not isinstance(outcome, Restore):
            raise DataError("plan_log_damaged", kind=str(document.get("kind")))
        states |= dict.fromkeys(outcome.removed)
        states |= {state.code: state for state in outcome.grids}
        retired = (retired | set(outcome.retired)) - set(outcome.unretired)
    return _laid(tiling, states, retired) if states or retired != tiling.retired else tiling


def _laid(
    tiling: EditTiling, states: Mapping[str, GridState | None], retired: set[str]
) -> EditTiling:
    standing = [state for state in states.values() if state is not None]
    shapes = {
        code: shape
        for code, shape in zip(tiling.codes, tiling.shapes, strict=True)
        if code not in states
    }
    shapes |= {state.code: shapely.from_wkb(state.shape) for state in standing}
    codes = tuple(sorted(shapes))
    laid = np.empty(len(codes), dtype=object)
    laid[:] = [shapes[code] for code in codes]
    counts: dict[str, dict[str, int]] = {
        measure: _kept(numbers, states) for measure, numbers in tiling.counts.items()
    }
    for state in standing:
        for measure, number in state.counts:
            counts.setdefault(measure, {})[state.code] = number
    marks = {(m, c) for m, c in tiling.estimated if c not in states}
    return EditTiling(
        codes=codes,
        shapes=laid,
        names=_kept(tiling.names, states) | {s.code: s.name for s in standing},
        parents=_kept(tiling.parents, states) | {s.code: s.parent for s in standing if s.parent},
        counts=counts,
        estimated=frozenset(marks | {(m, s.code) for s in standing for m in s.estimated}),
        locked=frozenset(
            {c for c in tiling.locked if c not in states} | {s.code for s in standing if s.locked}
        ),
        retired=frozenset(retired),
    )


def _kept(values: Mapping[str, _T], states: Mapping[str, GridState | None]) -> dict[str, _T]:
    return {code: value for code, value in values.items() if code not in states}


def document_of(edit: Edit) -> dict[str, Any]:
    """Write an edit as JSON."""
    return to_json(edit)


def report_document(report: Report) -> dict[str, Any]:
    """Write down what an edit did, without shapes."""
    return {
        "moved": [
            {
                "giver": moved.giver,
                "taker": moved.taker,
                "area_m2": round(moved.area_m2, 3),
                "counts": dict(moved.counts),
            }
            for moved in report.moved
        ],
        "outer_m2": round(report.outer_m2, 3),
        "added": list(report.added),
        "removed": list(report.removed),
        "estimated": list(report.estimated),
        "followed_street": report.followed_street,
    }


def frame_of_grids(grids: Sequence[BaseGrid | PlannedGrid]) -> gpd.GeoDataFrame:
    """Give grids as a frame that satisfies `geo.schema.GRIDS`, with `parent_code`."""
    return gpd.GeoDataFrame(
        {
            "grid_code": np.array([grid.code for grid in grids], dtype=object),
            "parent_code": np.array([grid.parent_code for grid in grids], dtype=object),
        },
        geometry=[grid.shape for grid in grids],
        crs=STORED_CRS,
    )


def differing_codes(base: EditTiling, tiling: EditTiling) -> tuple[str, ...]:
    """Give the codes whose values differ between a base and what was made of it.

    Shapes are compared by object: what no edit touched is the very same one.
    """
    before, after = _values(base), _values(tiling)
    return tuple(
        sorted(
            code
            for code in before.keys() | after.keys()
            if code not in before
            or code not in after
            or before[code][0] is not after[code][0]
            or before[code][1:] != after[code][1:]
        )
    )


def _values(tiling: EditTiling) -> dict[str, tuple[Any, ...]]:
    numbers = [tiling.counts.get(measure, {}) for measure in COUNTS]
    return {
        code: (
            shape,
            tiling.names.get(code),
            tiling.parents.get(code),
            *(found.get(code) for found in numbers),
            *((measure, code) in tiling.estimated for measure in COUNTS),
            code in tiling.locked,
        )
        for code, shape in zip(tiling.codes, tiling.shapes, strict=True)
    }
