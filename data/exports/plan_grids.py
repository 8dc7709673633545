"""Write the grids of a plan to a file, and log it.

Used by the command line and the planner's screen. Knows nothing of edits.
Text is never a formula; borders that do not hold yet leave the house at level internal and above.
"""

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Final

import geopandas as gpd
from sqlalchemy.orm import Session

from data.exports.writers import writer_of
from data.repositories.audit import append_audit
from data.viewer import DisplayLevel, Viewer

PLAN_GRIDS: Final = "plan_grids"


def export_plan_grids(
    session: Session,
    viewer: Viewer,
    grids: gpd.GeoDataFrame,
    target: Path,
    *,
    about: Mapping[str, str],
    now: datetime,
) -> int:
    """Write grids to a .gpkg, .geojson, .parquet, .csv or .xlsx and log it, in a write session.

    Parameters
    ----------
    grids
        As `EditTiling.frame` gives them, EPSG:4326.
    about
        Facts for the workbook's last sheet and the log: plan, version.

    Returns
    -------
    int
        How many grids.

    Raises
    ------
    ImportRefused
        `unknown_file_type`.
    AccessRefused
        `level_too_low`.
    """
    viewer.require_level(DisplayLevel.INTERNAL)
    facts = {
        "layer": PLAN_GRIDS,
        **about,
        "exported_at": now.isoformat(timespec="seconds"),
        "exported_by": viewer.name,
    }
    write = writer_of(target)
    target.parent.mkdir(parents=True, exist_ok=True)
    write(grids, target, facts)
    append_audit(session, viewer, "export", PLAN_GRIDS, len(grids), facts, now)
    return len(grids)
