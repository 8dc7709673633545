"""Write an answer about reach as a GeoPackage of several layers, or as a workbook; log it.

Used by the coverage screen, through `dashboard.cache.coverage`. Headings of a workbook arrive ready
in the reader's language; columns of a GeoPackage are codes. Text is never a formula.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import pyogrio

from data.exports.writers import workbook_of
from data.repositories.audit import append_audit
from data.viewer import DisplayLevel

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    import geopandas as gpd

    from data.database import Database
    from data.viewer import Viewer


@dataclass(frozen=True)
class CoverageSheets:
    """What is written.

    Attributes
    ----------
    layers
        Name of the layer → its rows, EPSG:4326.
    headings
        Code of a layer or column → its heading in a workbook.
    about
        What it was asked of and how it was worked out, in sentences.
    """

    layers: Mapping[str, gpd.GeoDataFrame]
    headings: Mapping[str, str]
    about: Mapping[str, str]


def coverage_file(
    database: Database, viewer: Viewer, sheets: CoverageSheets, ending: str, now: datetime
) -> bytes:
    """Give the bytes of the file.

    Parameters
    ----------
    ending
        `gpkg` or `xlsx`.

    Raises
    ------
    AccessRefused
        `level_too_low`: exact places are for level INTERNAL.
    """
    viewer.require_level(DisplayLevel.INTERNAL)
    content = _features(sheets) if ending == "gpkg" else _workbook(sheets)
    rows = sum(len(frame) for frame in sheets.layers.values())
    with database.write() as session:
        append_audit(session, viewer, "export", "coverage", rows, {"type": ending}, now)
    return content


def _features(sheets: CoverageSheets) -> bytes:
    with TemporaryDirectory() as folder:
        target = Path(folder) / "coverage.gpkg"
        for name, frame in sheets.layers.items():
            pyogrio.write_dataframe(frame, target, layer=name, driver="GPKG")
        return target.read_bytes()


def _workbook(sheets: CoverageSheets) -> bytes:
    tables = {
        sheets.headings.get(name, name): frame.drop(columns="geometry").rename(
            columns=dict(sheets.headings)
        )
        for name, frame in sheets.layers.items()
        if len(frame.columns) > 1
    }
    return workbook_of(tables, sheets.about, about_title=sheets.headings.get("about", "about"))
