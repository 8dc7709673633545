"""Write a hotspot answer as a GeoPackage, cells and how they were made, and log it.

Used by the hotspot screen. Knows nothing of languages: columns and report are codes and values.
"""

from __future__ import annotations

import json
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Final

import pandas as pd
import pyogrio

from data.repositories.audit import append_audit

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    import geopandas as gpd

    from data.database import Database
    from data.viewer import Viewer

CELLS: Final = "hotspots"
REPORT: Final = "report"


def hotspot_file(
    database: Database,
    viewer: Viewer,
    cells: gpd.GeoDataFrame,
    report: Mapping[str, Any],
    now: datetime,
) -> bytes:
    """Write the file, log it and give its bytes.

    Parameters
    ----------
    cells
        One row for each cell, EPSG:4326, with the columns of the answer.
    report
        Codes and plain values; each becomes a row of the table ``report``, as JSON, below store,
        level and moment of the export.
    """
    level = viewer.level.name.lower()
    made_at = now.isoformat(timespec="seconds")
    told = {"store": database.name, "level": level, "made_at": made_at, **report}
    rows = pd.DataFrame(
        {
            "key": [str(key) for key in told],
            "value": [
                json.dumps(value, ensure_ascii=False, default=str) for value in told.values()
            ],
        }
    )
    with TemporaryDirectory(prefix="gridbeat-hotspots-") as folder:
        path = Path(folder) / "hotspots.gpkg"
        pyogrio.write_dataframe(cells, path, layer=CELLS, driver="GPKG", promote_to_multi=True)
        pyogrio.write_dataframe(rows, path, layer=REPORT, driver="GPKG")
        content = path.read_bytes()
    about = {"method": report["method"], "level": level, "type": "gpkg"}
    with database.write() as session:
        append_audit(session, viewer, "export", "hotspots", len(cells), about, now)
    return content
