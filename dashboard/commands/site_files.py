"""Read the files of `gridbeat site`: demand, sites and distances.

Used by the command. Knows nothing of stores. Coordinates are degrees, WGS 84 or CGCS2000.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from dashboard.text import sentences
from data.analysis.siting import SiteTable
from data.config import Config
from data.errors import ImportRefused
from data.importers.tables import TableOptions, open_table

FloatArray = npt.NDArray[np.float64]

_LON_LIMIT, _LAT_LIMIT = 180.0, 90.0


@dataclass(frozen=True)
class Sheet:
    """A file read whole: text cells, the lines they stand on, and points where it has shapes."""

    file: str
    frame: pd.DataFrame
    line: npt.NDArray[np.int64]
    lonlat: FloatArray | None

    def column(self, named: str | None, role: str) -> str:
        """Find a column by its stated name, or by one that such columns usually have.

        Raises
        ------
        ImportRefused
            `site_column_missing` (fields `file`, `role`, `columns`).
        """
        if named is not None and named in self.frame.columns:
            return named
        by_name = {str(c).strip().casefold(): str(c) for c in self.frame.columns}
        for word in () if named is not None else usual_names(role):
            if word in by_name:
                return by_name[word]
        listed = ", ".join(str(c) for c in self.frame.columns)
        raise ImportRefused(
            "site_column_missing", file=self.file, role=named or role, columns=listed
        )

    def numbers(self, column: str) -> FloatArray:
        """Read a column as numbers; empty cells are NaN.

        Raises
        ------
        ImportRefused
            `site_bad_number` (fields `file`, `line`, `column`, `value`).
        """
        text = self.frame[column].astype(str).str.strip()
        values = pd.to_numeric(text.where(text != "", None), errors="coerce").to_numpy(float)
        bad = np.flatnonzero(np.isnan(values) & (text != "").to_numpy() | np.isinf(values))
        if len(bad):
            first = int(bad[0])
            raise ImportRefused(
                "site_bad_number", file=self.file, line=int(self.line[first]), column=column,
                value=str(text.iloc[first]),
            )  # fmt: skip
        return np.asarray(values, dtype=np.float64)

    def degrees(self, lon: str | None, lat: str | None) -> FloatArray:
        """Give longitude and latitude of every row, shape (n, 2).

        Raises
        ------
        ImportRefused
            `site_column_missing`, `site_bad_number`, `site_not_degrees`.
        """
        if self.lonlat is not None and lon is None and lat is None:
            found = self.lonlat
        else:
            columns = self.column(lon, "lon"), self.column(lat, "lat")
            found = np.column_stack([self.numbers(column) for column in columns])
        wrong = np.flatnonzero((np.abs(found) > [_LON_LIMIT, _LAT_LIMIT]).any(axis=1))
        if len(wrong):
            first = int(wrong[0])
            raise ImportRefused(
                "site_not_degrees", file=self.file, line=int(self.line[first]),
                x=f"{found[first, 0]:g}", y=f"{found[first, 1]:g}",
            )  # fmt: skip
        return found


def usual_names(role: str) -> tuple[str, ...]:
    """List what columns of a role are usually called, in both languages, small letters."""
    told = sentences()[f"site_column.{role}"]
    return tuple(dict.fromkeys(" ".join(told.values()).split()))


def read_sheet(path: Path) -> Sheet:
    """Read a table or a file of features.

    Raises
    ------
    ImportRefused
        What `open_table` raises; `site_file_empty`.
    """
    table = open_table(path, TableOptions(max_bytes=Config.from_env().max_upload_bytes))
    chunks = list(table.chunks())
    frames = [chunk.frame for chunk in chunks]
    frame = pd.concat(frames, ignore_index=True) if frames else pd.DataFrame()
    if frame.empty:
        raise ImportRefused("site_file_empty", file=path.name)
    shapes = [chunk.geometry for chunk in chunks if chunk.geometry is not None]
    lonlat = _points(np.concatenate(shapes), table.crs, path.name) if shapes else None
    return Sheet(path.name, frame, np.concatenate([chunk.line for chunk in chunks]), lonlat)


def _points(shapes: npt.NDArray[np.object_], crs: str | None, file: str) -> FloatArray:
    from geo.crs import crs_from, is_stored, transform_xy

    inside = shapely.point_on_surface(shapes)
    found = np.full((len(shapes), 2), np.nan)
    xy, row = shapely.get_coordinates(inside, return_index=True)
    if crs is None:
        raise ImportRefused("site_no_crs", file=file)
    found[row] = xy if is_stored(crs) else transform_xy(xy, crs_from(crs), crs_from("EPSG:4326"))
    return found


def demand_of(
    sheet: Sheet, lon: str | None, lat: str | None, weight: str | None, *, needs_place: bool
) -> SiteTable:
    """Give the rows of demand.

    Raises
    ------
    ImportRefused
        As `Sheet`; `site_bad_weight`: one is missing or negative.
    """
    column = sheet.column(weight, "weight")
    weights = sheet.numbers(column)
    bad = np.flatnonzero(~(weights >= 0))
    if len(bad):
        first = int(bad[0])
        raise ImportRefused(
            "site_bad_weight", file=sheet.file, line=int(sheet.line[first]), column=column,
            value=str(sheet.frame[column].iloc[first]), count=len(bad),
        )  # fmt: skip
    lonlat = _places(sheet, lon, lat, needs_place=needs_place)
    return SiteTable(lonlat[:, 0], lonlat[:, 1], weight=weights)


def sites_of(
    sheet: Sheet, lon: str | None, lat: str | None, name: str | None, *, needs_place: bool
) -> SiteTable:
    """Give the rows of candidate sites.

    Raises
    ------
    ImportRefused
        As `Sheet`; `site_repeated`: a name stands twice; `site_unnamed`.
    """
    column = sheet.column(name, "name")
    names = sheet.frame[column].astype(str).str.strip()
    if bool((names == "").any()):
        line = int(sheet.line[int(np.flatnonzero(names == "")[0])])
        raise ImportRefused("site_unnamed", file=sheet.file, line=line, column=column)
    repeated = names[names.duplicated()].unique().tolist()
    if repeated:
        listed = ", ".join(repeated[:5])
        raise ImportRefused("site_repeated", file=sheet.file, column=column, names=listed)
    lonlat = _places(sheet, lon, lat, needs_place=needs_place)
    return SiteTable(lonlat[:, 0], lonlat[:, 1], names=names.tolist())


def _places(sheet: Sheet, lon: str | None, lat: str | None, *, needs_place: bool) -> FloatArray:
    if needs_place or lon is not None or lat is not None:
        return sheet.degrees(lon, lat)
    try:
        return sheet.degrees(lon, lat)
    except ImportRefused:  # a matrix stands for the places: the file need not hold any
        return np.full((len(sheet.frame), 2), np.nan)


def matrix_of(sheet: Sheet, demand: Sheet, names: Sequence[str]) -> FloatArray:
    """Give metres from every row of demand to every site, `inf` where the file says nothing.

    The file is wide (one row for each row of demand in the same order, a column for each site) or
    long (three columns: an identifier of the demand, the site's name, the distance).

    Raises
    ------
    ImportRefused
        `site_matrix_rows` (fields `expected`, `got`), `site_matrix_sites`, `site_matrix_demand`,
        `site_bad_number`.
    """
    if set(names) <= {str(c) for c in sheet.frame.columns}:
        if len(sheet.frame) != len(demand.frame):
            raise ImportRefused(
                "site_matrix_rows", file=sheet.file, got=len(sheet.frame),
                demand=demand.file, expected=len(demand.frame),
            )  # fmt: skip
        columns = [sheet.numbers(name) for name in names]
        wide = np.column_stack(columns)
        return np.where(np.isnan(wide), np.inf, wide)
    return _long(sheet, demand, names)


def _long(sheet: Sheet, demand: Sheet, names: Sequence[str]) -> FloatArray:
    distance = sheet.column(None, "distance")
    others = [str(c) for c in sheet.frame.columns if str(c) != distance]
    cells = {c: sheet.frame[c].astype(str).str.strip() for c in others}
    wanted = set(names)
    site = max(others, key=lambda c: len(wanted & set(cells[c])), default="")
    if not site or not wanted & set(cells[site]):
        listed = ", ".join(list(names)[:5])
        raise ImportRefused("site_matrix_sites", file=sheet.file, names=listed)
    best: tuple[int, str, str] = (0, "", "")
    for column in (c for c in others if c != site):
        given = set(cells[column])
        for own in (str(c) for c in demand.frame.columns):
            values = demand.frame[own].astype(str).str.strip()
            if values.is_unique and len(given & set(values)) > best[0]:
                best = (len(given & set(values)), column, own)
    found, column, own = best
    if not found:
        raise ImportRefused("site_matrix_demand", file=sheet.file, demand=demand.file)
    rows = pd.Index(demand.frame[own].astype(str).str.strip()).get_indexer(pd.Index(cells[column]))
    places = pd.Index(list(names)).get_indexer(pd.Index(cells[site]))
    kept = (rows >= 0) & (places >= 0)
    matrix = np.full((len(demand.frame), len(names)), np.inf)
    metres = sheet.numbers(distance)
    np.fmin.at(matrix, (rows[kept], places[kept]), metres[kept])
    return matrix
