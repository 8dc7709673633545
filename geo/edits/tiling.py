"""Keep the grids of a plan as one immutable value that an edit can copy in a millisecond.

Used by every module of `geo.edits`, and by whatever opens a plan.
Knows nothing of edits; shapes stay in the degrees in which they are stored, bit for bit.
"""

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Final

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from geo.crs import STORED_CRS, require_stored
from geo.edits.keeping import kept
from geo.errors import TilingError
from geo.schema import GRIDS, require

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
ObjectArray = npt.NDArray[np.object_]
_GOES: Final = "\U0010ffff"
"""Sorts behind every code."""

Box = tuple[float, float, float, float]

COUNTS: Final = ("households", "residents")
"""Columns of a frame that are counts: a cut grid's number is shared out, never lost."""


@dataclass(frozen=True, slots=True, eq=False)
class EditTiling:
    """Grids that tile; neighbours share vertices bit for bit. Never changed: edits make new ones.

    Attributes
    ----------
    codes
        In order; row k of `shapes` and `bounds` is the grid `codes[k]`.
    shapes
        Polygon or MultiPolygon, EPSG:4326.
    names
        By code.
    parents
        Community's code by code; absent where unknown.
    counts
        Numbers by measure and code; a grid without a number is absent.
    estimated
        Pairs (measure, code) whose number was shared out, not counted.
    locked
        Codes that edits leave alone.
    retired
        Codes that were borne once and are never given again.
    bounds
        West, south, east, north of each row, degrees.
    """

    codes: tuple[str, ...]
    shapes: ObjectArray
    names: Mapping[str, str]
    parents: Mapping[str, str] = field(default_factory=dict)
    counts: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    estimated: frozenset[tuple[str, str]] = frozenset()
    locked: frozenset[str] = frozenset()
    retired: frozenset[str] = frozenset()
    bounds: FloatArray = field(default_factory=lambda: np.empty((0, 4)))

    def __post_init__(self) -> None:
        if len(self.bounds) != len(self.shapes):
            object.__setattr__(self, "bounds", np.asfortranarray(shapely.bounds(self.shapes)))
        object.__setattr__(self, "names", kept(self.names))
        object.__setattr__(self, "parents", kept(self.parents))
        object.__setattr__(self, "counts", {m: kept(own) for m, own in self.counts.items()})
        self.shapes.flags.writeable = False
        self.bounds.flags.writeable = False

    def __len__(self) -> int:
        """Count the grids."""
        return len(self.codes)

    def __contains__(self, code: object) -> bool:
        """Tell whether a grid bears a code."""
        return isinstance(code, str) and self.row(code) >= 0

    def row(self, code: str) -> int:
        """Return the row of a code, -1 where no grid bears it."""
        at = bisect_left(self.codes, code)
        return at if at < len(self.codes) and self.codes[at] == code else -1

    def shape(self, code: str) -> shapely.Geometry:
        """Return the shape of a grid.

        Raises
        ------
        KeyError
            No grid bears the code.
        """
        at = self.row(code)
        if at < 0:
            raise KeyError(code)
        shape: shapely.Geometry = self.shapes[at]
        return shape

    def find(self, box: Box) -> IntArray:
        """Return the rows whose boxes meet a box (west, south, east, north), in order."""
        west, south, east, north = box
        own = self.bounds
        meets = (own[:, 0] <= east) & (own[:, 2] >= west)
        meets &= (own[:, 1] <= north) & (own[:, 3] >= south)
        return np.flatnonzero(meets)

    def frame(self) -> gpd.GeoDataFrame:
        """Return the grids as a frame: `grid_code`, `name`, `parent_code`, counts, `locked`.

        Counts are nullable integers; `estimated` lists the measures that were shared out, divided
        by spaces.
        """
        columns: dict[str, object] = {
            "grid_code": np.array(self.codes, dtype=object),
            "name": [self.names.get(code, "") for code in self.codes],
            "parent_code": [self.parents.get(code) for code in self.codes],
        }
        for measure, numbers in self.counts.items():
            listed = [numbers.get(code) for code in self.codes]
            columns[measure] = pd.array(listed, dtype="Int64")
        marks: dict[str, list[str]] = {}
        for measure, code in sorted(self.estimated):
            marks.setdefault(code, []).append(measure)
        columns["estimated"] = [" ".join(marks.get(code, ())) for code in self.codes]
        columns["locked"] = [code in self.locked for code in self.codes]
        return gpd.GeoDataFrame(columns, geometry=self.shapes.copy(), crs=STORED_CRS)

    def with_rows(
        self, shapes: Mapping[str, shapely.Geometry], removed: Iterable[str] = ()
    ) -> tuple[tuple[str, ...], ObjectArray, FloatArray]:
        """Return codes, shapes and bounds with some shapes changed or added and some rows gone."""
        new = sorted(code for code in shapes if code not in self)
        gone = [self.row(code) for code in removed]
        codes, changed, bounds = self.codes, self.shapes, self.bounds
        if gone or new:
            steps = [(bisect_left(codes, code), code) for code in new]
            steps = sorted([*steps, *((row, _GOES) for row in gone)])
            codes, changed, bounds = self._stepped(steps, shapes)
        else:
            changed, bounds = changed.copy(), bounds.copy(order="K")
        rows = [bisect_left(codes, code) for code in shapes]
        own = np.empty(len(rows), dtype=object)
        own[:] = list(shapes.values())
        changed[rows] = own
        bounds[rows] = shapely.bounds(own).reshape(-1, 4)
        return codes, changed, bounds

    def _stepped(
        self, steps: Sequence[tuple[int, str]], shapes: Mapping[str, shapely.Geometry]
    ) -> tuple[tuple[str, ...], ObjectArray, FloatArray]:
        """Copy once, with a new code before a row or without the row at each step."""
        codes = list(self.codes)
        for row, code in reversed(steps):
            if code == _GOES:
                del codes[row]
            else:
                codes.insert(row, code)
        parts: list[ObjectArray] = []
        boxes: list[FloatArray] = []
        since = 0
        for row, code in steps:
            parts.append(self.shapes[since:row])
            boxes.append(self.bounds[since:row])
            since = row
            if code == _GOES:
                since += 1
            else:
                parts.append(np.array([shapes[code]], dtype=object))
                boxes.append(np.zeros((1, 4)))
        parts.append(self.shapes[since:])
        boxes.append(self.bounds[since:])
        return tuple(codes), np.concatenate(parts), np.asfortranarray(np.concatenate(boxes))

    def digest(self) -> str:
        """Return the SHA-256 of everything held; equal digests mean equal tilings, bit for bit."""
        hashed = sha256()
        for code, wkb in zip(self.codes, shapely.to_wkb(self.shapes), strict=True):
            words = (code, self.names.get(code, ""), self.parents.get(code, ""))
            hashed.update(repr((*words, code in self.locked)).encode())
            hashed.update(wkb)
        counts = [(m, sorted(numbers.items())) for m, numbers in sorted(self.counts.items())]
        hashed.update(repr((counts, sorted(self.estimated), sorted(self.retired))).encode())
        return hashed.hexdigest()


def open_tiling(
    frame: gpd.GeoDataFrame,
    *,
    parents: Mapping[str, str] | None = None,
    counts: Sequence[str] = COUNTS,
    retired: Iterable[str] = (),
    check: bool = True,
) -> EditTiling:
    """Take the grids of a frame as a tiling to edit.

    Parameters
    ----------
    frame
        `grid_code`, geometry in EPSG:4326, optional `name`, `parent_code`, columns of counts, and
        `estimated` and `locked` as `EditTiling.frame` writes them. Heights are dropped.
    parents
        Community's code by grid code; without it the column `parent_code`.
    counts
        Names of the columns that are counts; those that are absent are passed over.
    retired
        Codes that must not be given again.
    check
        Check that the grids tile; False where the caller knows (the same grids were checked).

    Raises
    ------
    FrameError, CrsError
        Those of `schema.require` and `crs.require_stored`.
    TilingError
        ``duplicate_codes`` (field `codes`); ``plan_not_a_tiling`` (fields `codes`, the first ten
        that are empty, invalid or do not fit their neighbours, and `count`).
    """
    require(frame, GRIDS)
    require_stored(frame)
    codes = frame["grid_code"]
    if codes.duplicated().any():
        raise TilingError("duplicate_codes", codes=sorted(set(codes[codes.duplicated()])))
    sorted_frame = frame.iloc[np.argsort(codes.to_numpy(dtype=object), kind="stable")]
    listed = tuple(sorted_frame["grid_code"].tolist())
    shapes = np.asarray(shapely.force_2d(sorted_frame.geometry.to_numpy()), dtype=object)
    if check:
        _require_tiling(listed, shapes)
    return EditTiling(
        codes=listed,
        shapes=shapes,
        names=dict(zip(listed, _texts(sorted_frame, "name", listed), strict=True)),
        parents=dict(parents) if parents is not None else _parents(sorted_frame, listed),
        counts={m: _counts(sorted_frame[m], listed) for m in counts if m in frame.columns},
        estimated=_marks(sorted_frame, listed),
        locked=_locked(sorted_frame, listed),
        retired=frozenset(retired),
    )


def _require_tiling(codes: Sequence[str], shapes: ObjectArray) -> None:
    bad = shapely.is_missing(shapes) | shapely.is_empty(shapes) | ~shapely.is_valid(shapes)
    if not bad.any():
        bad = ~shapely.is_empty(shapely.coverage_invalid_edges(shapes))
    if bad.any():
        rows = np.flatnonzero(bad)
        first = tuple(codes[k] for k in rows[:10])
        raise TilingError("plan_not_a_tiling", codes=first, count=len(rows))


def _texts(frame: gpd.GeoDataFrame, column: str, fallback: Sequence[str]) -> list[str]:
    if column not in frame.columns:
        return list(fallback)
    values = frame[column].tolist()
    return [
        own if isinstance(own, str) else other for own, other in zip(values, fallback, strict=True)
    ]


def _parents(frame: gpd.GeoDataFrame, codes: Sequence[str]) -> dict[str, str]:
    named = _texts(frame, "parent_code", [""] * len(codes))
    if "parent_code" not in frame.columns:
        return {}
    return {code: parent for code, parent in zip(codes, named, strict=True) if parent}


def _counts(column: pd.Series, codes: Sequence[str]) -> dict[str, int]:
    numbers = pd.to_numeric(column)
    known = numbers.notna().to_numpy()
    return {
        code: int(number)
        for code, number, is_known in zip(codes, numbers.tolist(), known, strict=True)
        if is_known
    }


def _marks(frame: gpd.GeoDataFrame, codes: Sequence[str]) -> frozenset[tuple[str, str]]:
    listed = _texts(frame, "estimated", [""] * len(codes)) if "estimated" in frame.columns else ()
    return frozenset(
        (measure, code)
        for code, words in zip(codes, listed, strict=False)
        for measure in words.split()
    )


def _locked(frame: gpd.GeoDataFrame, codes: Sequence[str]) -> frozenset[str]:
    if "locked" not in frame.columns:
        return frozenset()
    return frozenset(
        code for code, is_on in zip(codes, frame["locked"].tolist(), strict=True) if is_on is True
    )
