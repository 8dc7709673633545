"""Write a frame to a file by its ending: GeoPackage, GeoJSON, CSV, XLSX, GeoParquet.

Used by `data.exports.layers` and by downloads of screens. Knows nothing of layers and levels.
Text is never a formula.
"""

from collections.abc import Callable, Mapping
from datetime import date, datetime
from io import BytesIO
from pathlib import Path
from typing import Any, Final

import geopandas as gpd
import numpy as np
import pandas as pd
from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell

from data.errors import ImportRefused
from data.formulas import guard_formulas

_TITLE_SIGNS: Final = 31  # as many as a workbook allows a sheet's name


def writer_of(target: Path) -> Callable[[gpd.GeoDataFrame, Path, Mapping[str, str]], None]:
    """Give the writer of a file's ending.

    Raises
    ------
    ImportRefused
        ``unknown_file_type``.
    """
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
    _book({about["layer"]: _without_shapes(frame)}, about, "about").save(target)


def workbook_of(
    tables: Mapping[str, pd.DataFrame], about: Mapping[str, str], *, about_title: str
) -> bytes:
    """Write one sheet for each table, and one of names and texts, last; give the file's bytes."""
    target = BytesIO()
    _book(tables, about, about_title).save(target)
    return target.getvalue()


def _book(
    tables: Mapping[str, pd.DataFrame], about: Mapping[str, str], about_title: str
) -> Workbook:
    book = Workbook(write_only=True)
    for title, table in tables.items():
        sheet = book.create_sheet(title[:_TITLE_SIGNS])
        sheet.append([_cell(sheet, name) for name in table.columns])
        for row in table.itertuples(index=False):
            sheet.append([_cell(sheet, value) for value in row])
    notes = book.create_sheet(about_title[:_TITLE_SIGNS])
    for name, text in about.items():
        notes.append([_cell(notes, name), _cell(notes, text)])
    return book


def _cell(sheet: Any, value: Any) -> Any:  # noqa: ANN401 - openpyxl is untyped
    """Write text as text: never as a formula."""
    is_blank = value is None or value is pd.NaT or value is pd.NA
    if is_blank or (isinstance(value, float) and np.isnan(value)):
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
