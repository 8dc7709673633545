"""Read a boundary file as the grids that a plan begins with, and say what of it cannot be used.

Used by the planner's page and by `gridbeat plan new --from FILE`; `FromFrame` takes the frame.
Nothing is written, and nothing is repaired here (`data.importers.place_decisions` does that).
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import geopandas as gpd
import numpy as np
from sqlalchemy.orm import Session

from data.errors import ImportRefused
from data.importers.boundaries import has_shapes
from data.importers.place_columns import PlaceDraft, PlaceOptions, read_drafts
from data.importers.place_files import read_place_file
from data.importers.place_stage import KnownPlaces
from data.importers.report import Caution, Rejection
from data.viewer import Viewer
from geo.crs import STORED_CRS
from geo.edits.tiling import COUNTS

FIELDS: Final = ("code", "name", "parent", *COUNTS)
"""Fields of a file that a plan takes; every other column is left out, and said."""
_AREAS: Final = frozenset({"Polygon", "MultiPolygon"})


@dataclass(frozen=True, slots=True, eq=False)
class PlanFile:
    """The grids of a file.

    Attributes
    ----------
    frame
        `grid_code`, `name`, `parent_code`, `households`, `residents` (None where the file says
        nothing) and shapes in EPSG:4326.
    file_name
        Name of the file.
    columns
        Field → column that was read.
    rejections
        Rows that cannot be a grid, with the reason.
    left_out, persons
        Columns that a plan has no use for; columns that hold persons, which never come in.
    warnings
        What should be known before the plan is begun.
    """

    frame: gpd.GeoDataFrame
    file_name: str
    columns: Mapping[str, str]
    rejections: tuple[Rejection, ...]
    left_out: tuple[str, ...]
    persons: tuple[str, ...]
    warnings: tuple[Caution, ...]

    def sums(self) -> dict[str, int]:
        """Give the sum of each count that the file states."""
        return {
            name: int(sum(n for n in self.frame[name] if n is not None))
            for name in COUNTS
            if name in self.columns
        }


@dataclass(frozen=True, slots=True)
class FileAgainst:
    """Which codes of a file the present grids bear, sorted.

    Attributes
    ----------
    same, new
        Codes of the file that a present grid bears, and that none does.
    gone
        Codes of present grids that the file does not have: publishing would end them.
    """

    same: tuple[str, ...]
    new: tuple[str, ...]
    gone: tuple[str, ...]


def read_plan_file(session: Session, viewer: Viewer, path: Path, options: PlaceOptions) -> PlanFile:
    """Read the grids of a file: code, name, parent, counts and shapes in EPSG:4326.

    Raises
    ------
    ImportRefused
        ``file_missing``; ``plan_file_without_shapes``: a table; ``plan_file_no_rows``: no row can
        be a grid (field `count`); those of reading a file of places.
    """
    if not path.is_file():
        raise ImportRefused("file_missing", file=path.name)
    if not has_shapes(path):
        raise ImportRefused("plan_file_without_shapes", file=path.name)
    known = KnownPlaces.read(session, viewer, options)
    file = read_place_file(path, options, known.comparison)
    drafts = read_drafts(file.table, file.lines, file.shapes, options)
    usable = [row for row in drafts.rows if not _fault(row)]
    bare = [_rejection(row, options) for row in drafts.rows if _fault(row)]
    rejections = sorted([*file.rejections, *drafts.rejections, *bare], key=lambda r: r.line)
    if not usable:
        raise ImportRefused("plan_file_no_rows", file=path.name, count=len(rejections))
    return PlanFile(
        frame=_frame(usable),
        file_name=path.name,
        columns=options.columns(),
        rejections=tuple(rejections),
        left_out=file.unmapped_columns,
        persons=file.dropped_columns,
        warnings=(*file.warnings, *drafts.warnings),
    )


def against(file: PlanFile, present: Collection[str]) -> FileAgainst:
    """Compare the codes of a file with those of the grids that it would replace."""
    own, held = {str(code) for code in file.frame["grid_code"]}, set(present)
    return FileAgainst(
        tuple(sorted(own & held)), tuple(sorted(own - held)), tuple(sorted(held - own))
    )


def _fault(row: PlaceDraft) -> str:
    if row.geometry is None or row.geometry.is_empty:
        return "empty_geometry"
    return "" if row.geometry.geom_type in _AREAS else "not_an_area"


def _rejection(row: PlaceDraft, options: PlaceOptions) -> Rejection:
    raw = {"code": row.code, "name": row.name or ""}
    return Rejection(row.line, options.code or "", row.code, _fault(row), raw)


def _frame(rows: list[PlaceDraft]) -> gpd.GeoDataFrame:
    columns: dict[str, list[Any]] = {
        "grid_code": [row.code for row in rows],
        "name": [row.name for row in rows],
        "parent_code": [row.parent for row in rows],
        "households": [row.households for row in rows],
        "residents": [row.residents for row in rows],
    }
    held = {name: np.array(cells, dtype=object) for name, cells in columns.items()}
    shapes = np.empty(len(rows), dtype=object)
    shapes[:] = [row.geometry for row in rows]
    return gpd.GeoDataFrame(held, geometry=shapes, crs=STORED_CRS)
