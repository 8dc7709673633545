"""Write a crosswalk of old and new grids to a table file, and log it.

Used by the command line and the planner's screen. Knows nothing of how it was worked out.
Text is never a formula; counts of single grids leave the house at level internal and above only.
"""

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Final

import geopandas as gpd
import numpy as np
import pandas as pd
from sqlalchemy.orm import Session

from data.errors import ImportRefused
from data.exports.writers import workbook_of, writer_of
from data.repositories.audit import append_audit
from data.viewer import DisplayLevel, Viewer

CROSSWALK: Final = "crosswalk"
TABLE_FILES: Final = (".csv", ".xlsx")


def export_crosswalk(
    session: Session,
    viewer: Viewer,
    rows: pd.DataFrame,
    target: Path,
    *,
    about: Mapping[str, str],
    now: datetime,
) -> int:
    """Write `rows` to a .csv or .xlsx and log it, in a write session; return how many there are.

    Parameters
    ----------
    rows
        As `data.analysis.crosswalk` gives them.
    about
        Facts for the workbook's last sheet and the log: plan, day, who.

    Raises
    ------
    ImportRefused
        `unknown_file_type`.
    AccessRefused
        `level_too_low`.
    """
    viewer.require_level(DisplayLevel.INTERNAL)
    if target.suffix.lower() not in TABLE_FILES:
        raise ImportRefused("unknown_file_type", file=target.name, known=", ".join(TABLE_FILES))
    facts = {
        "layer": CROSSWALK,
        **about,
        "exported_at": now.isoformat(timespec="seconds"),
        "exported_by": viewer.name,
    }
    nowhere = gpd.GeoSeries(np.full(len(rows), None, dtype=object), crs="EPSG:4326")
    frame = gpd.GeoDataFrame(rows.reset_index(drop=True), geometry=nowhere)
    target.parent.mkdir(parents=True, exist_ok=True)
    writer_of(target)(frame, target, facts)
    append_audit(session, viewer, "export", CROSSWALK, len(rows), facts, now)
    return len(rows)


def crosswalk_book(
    rows: pd.DataFrame, about: Mapping[str, str], *, title: str, about_title: str
) -> bytes:
    """Give the same as a workbook's bytes, for a download; headings are the caller's."""
    return workbook_of({title: rows}, about, about_title=about_title)
