"""Say which grids were adjusted, added, retired, renumbered or renamed, and who inherits ground.

Used by the impact of plans. Knows nothing of stores: two frames of grids.

Grids are known by their ground first: one whose ground is that of a former grid, whole and alone,
is that grid, under whatever code.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd

from geo.overlay import NOWHERE, Pieces, pieces_of

IntArray = npt.NDArray[np.int64]
ObjectArray = npt.NDArray[np.object_]


@dataclass(frozen=True, eq=False)
class GroundChange:
    """How one division became another.

    Attributes
    ----------
    pieces
        Where old and new grids meet.
    same_row
        For each old grid the new row of the grid that it became: of the same ground, else of the
        same code; -1 where it is retired.
    heir
        For each old grid the new row that took most of its ground; -1 for none.
    is_adjusted
        Old grids that live on, on other ground.
    """

    CHANGES: ClassVar[tuple[str, ...]] = ("adjusted", "added", "retired", "renumbered", "renamed")

    pieces: Pieces
    old_codes: ObjectArray
    new_codes: ObjectArray
    names: tuple[ObjectArray, ObjectArray]
    same_row: IntArray
    heir: IntArray
    is_adjusted: npt.NDArray[np.bool_]

    @cached_property
    def code_map(self) -> dict[str, str]:
        """Former code → code of now, where it differs; "" for retired grids."""
        into = np.append(self.new_codes, "")[self.same_row]
        pairs = zip(self.old_codes, into, strict=True)
        return {str(old): str(new) for old, new in pairs if old != new}

    def heir_of(self, code: str) -> str | None:
        """Give the code of the grid that took most of a former grid's ground; None for none."""
        rows = np.flatnonzero(self.old_codes == code)
        heir = int(self.heir[rows[0]]) if len(rows) else NOWHERE
        return str(self.new_codes[heir]) if heir >= 0 else None

    def table(self) -> pd.DataFrame:
        """Give one row for each change: `change`, `old_code`, `new_code`, `name`."""
        found: list[tuple[str, str, str, str]] = []
        for row, into in enumerate(self.same_row.tolist()):
            old, old_name = str(self.old_codes[row]), str(self.names[0][row])
            if into < 0:
                found.append(("retired", old, "", old_name))
                continue
            new, name = str(self.new_codes[into]), str(self.names[1][into])
            if self.is_adjusted[row]:
                found.append(("adjusted", old, new, name))
            if new != old:
                found.append(("renumbered", old, new, name))
            if name != old_name:
                found.append(("renamed", old, new, name))
        added = np.setdiff1d(np.arange(len(self.new_codes)), self.same_row)
        found += [("added", "", str(self.new_codes[row]), str(self.names[1][row])) for row in added]
        order = {change: k for k, change in enumerate(self.CHANGES)}
        found.sort(key=lambda each: (order[each[0]], each[2] or each[1]))
        return pd.DataFrame(found, columns=["change", "old_code", "new_code", "name"])


def ground_change(old: gpd.GeoDataFrame, new: gpd.GeoDataFrame) -> GroundChange:
    """Compare two divisions; `grid_code`, `name`, geometry in EPSG:4326, each a tiling."""
    pieces = pieces_of(old, new)
    codes = [frame["grid_code"].astype(str).to_numpy(dtype=object) for frame in (old, new)]
    whole_old, whole_new = _whole(pieces, len(old), len(new))
    same = np.full(len(old), NOWHERE, dtype=np.int64)
    same[whole_old] = whole_new
    taken = set(whole_new.tolist())
    row_of = {code: row for row, code in enumerate(codes[1]) if row not in taken}
    for row in np.flatnonzero(same < 0):
        same[row] = row_of.get(codes[0][row], NOWHERE)
    lives_on = same >= 0
    is_adjusted = lives_on.copy()
    is_adjusted[whole_old] = False
    return GroundChange(
        pieces=pieces,
        old_codes=codes[0],
        new_codes=codes[1],
        names=(_names(old), _names(new)),
        same_row=same,
        heir=_heirs(pieces, len(old)),
        is_adjusted=is_adjusted,
    )


def _whole(pieces: Pieces, n_old: int, n_new: int) -> tuple[IntArray, IntArray]:
    """Pair the grids that have all of each other's ground."""
    of_old = np.bincount(pieces.old[pieces.old >= 0], minlength=n_old)
    of_new = np.bincount(pieces.new[pieces.new >= 0], minlength=n_new)
    both = (pieces.old >= 0) & (pieces.new >= 0)
    alone = both & (np.append(of_old, 0)[pieces.old] == 1) & (np.append(of_new, 0)[pieces.new] == 1)
    return pieces.old[alone], pieces.new[alone]


def _heirs(pieces: Pieces, n_old: int) -> IntArray:
    """Give the new row of each old grid's largest piece; the lowest row of equal ones."""
    found = np.full(n_old, NOWHERE, dtype=np.int64)
    kept = (pieces.old >= 0) & (pieces.new >= 0)
    old, new, area = pieces.old[kept], pieces.new[kept], pieces.area_m2[kept]
    for k in np.lexsort((-new, area)):  # the largest comes last, and stays
        found[old[k]] = new[k]
    return found


def _names(frame: gpd.GeoDataFrame) -> ObjectArray:
    if "name" not in frame.columns:
        return np.full(len(frame), "", dtype=object)
    return np.asarray(frame["name"].fillna("").astype(str).to_numpy(dtype=object))
