"""Read the cells of `gridbeat hotspots --cells` and write its answers.

Used by the commands. Knows nothing of stores.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import shapely

from data.analysis.hotspots import FILE_COLUMNS
from data.errors import ImportRefused
from data.exports.writers import writer_of

if TYPE_CHECKING:
    from data.analysis.hotspots import HotspotAnswer

USUAL_IDS: Final = ("cell_id", "grid_code", "code", "id", "name")


@dataclass(frozen=True)
class CellFile:
    """Cells of a file with `cell_id`, and how that column is called there."""

    frame: gpd.GeoDataFrame
    id_column: str


def read_cells_file(path: Path, named: str | None, base: str | None) -> CellFile:
    """Read polygons; the id column is the named one, one that is usual, or the first unique one.

    Raises
    ------
    ImportRefused
        `cells_unreadable`, `cells_without_crs`, `cells_no_polygons`, `cell_column_missing`,
        `cell_base_no_number`.
    """
    if not path.is_file():
        raise ImportRefused("cells_unreadable", file=path.name)
    try:
        found = gpd.read_file(path, engine="pyogrio")
    except (pyogrio.errors.DataSourceError, pyogrio.errors.DataLayerError) as error:
        raise ImportRefused("cells_unreadable", file=path.name) from error
    if not isinstance(found, gpd.GeoDataFrame) or found.empty:
        raise ImportRefused("cells_no_polygons", file=path.name, rows=len(found), kinds="—")
    if found.crs is None:
        raise ImportRefused("cells_without_crs", file=path.name)
    kinds = set(found.geom_type.dropna())
    if not kinds <= {"Polygon", "MultiPolygon"}:
        listed = ", ".join(sorted(kinds))
        raise ImportRefused("cells_no_polygons", file=path.name, rows=len(found), kinds=listed)
    shapes = shapely.force_2d(found.geometry.to_numpy())
    table = pd.DataFrame(found.drop(columns=found.active_geometry_name))
    column = _id_column(table, named, path.name)
    frame = gpd.GeoDataFrame(
        {"cell_id": _ids(table, column)}, geometry=np.asarray(shapes), crs=found.crs
    )
    if "name" in table.columns and column != "name":
        frame["name"] = table["name"].to_numpy()
    chosen = base or ("base" if "base" in table.columns else None)
    if chosen is not None:
        frame["base"] = _numbers(table, chosen, path.name)
    return CellFile(frame, column or "cell_id")


def write_answer(answer: "HotspotAnswer", target: Path, id_column: str) -> int:
    """Write one row for each cell by the file's ending; return how many.

    GeoJSON is in EPSG:4326, other files with shapes in the metres of the analysis.

    Raises
    ------
    ImportRefused
        `unknown_file_type`; `out_unwritable`.
    """
    write = writer_of(target)
    frame = answer.degrees() if target.suffix.lower() == ".geojson" else answer.frame
    shown = [name for name in FILE_COLUMNS if name in frame.columns]
    extra = [name for name in ("note",) if name in frame.columns]
    names = [] if not (frame["name"] != "").any() or id_column == "name" else ["name"]
    written = frame[["cell_id", *names, *shown, *extra, "geometry"]]
    written = written.rename(columns={"cell_id": id_column})
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        write(written, target, {"layer": "hotspots"})
    except (OSError, pyogrio.errors.DataSourceError) as error:
        raise ImportRefused("out_unwritable", file=str(target)) from error
    return len(written)


def _id_column(table: pd.DataFrame, named: str | None, file: str) -> str | None:
    if named is not None:
        if named not in table.columns:
            listed = ", ".join(map(str, table.columns))
            raise ImportRefused("cell_column_missing", file=file, column=named, columns=listed)
        return named
    by_name = {str(name).casefold(): str(name) for name in table.columns}
    usual = [by_name[name] for name in USUAL_IDS if name in by_name]
    others = [name for name in table.columns if not pd.api.types.is_float_dtype(table[name])]
    for name in (*usual, *others):
        if table[name].notna().all() and table[name].is_unique:
            return str(name)
    return usual[0] if usual else None


def _ids(table: pd.DataFrame, column: str | None) -> Any:  # noqa: ANN401 - an array of ids
    """Give the ids as they are; rows are numbered from 1 where the file has no such column."""
    if column is None:
        return np.arange(1, len(table) + 1)
    values = table[column]
    return values.to_numpy() if values.dtype != object else values.astype(str).to_numpy(object)


def _numbers(table: pd.DataFrame, column: str, file: str) -> Any:  # noqa: ANN401 - an array
    if column not in table.columns:
        listed = ", ".join(map(str, table.columns))
        raise ImportRefused("cell_column_missing", file=file, column=column, columns=listed)
    values = pd.to_numeric(table[column], errors="coerce").to_numpy(dtype=np.float64)
    bad = np.flatnonzero(np.isnan(values) & table[column].notna().to_numpy())
    if len(bad):
        value = str(table[column].iloc[int(bad[0])])
        raise ImportRefused(
            "cell_base_no_number", file=file, column=column, value=value, count=len(bad)
        )
    return values
