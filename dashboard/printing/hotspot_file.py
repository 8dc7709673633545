"""Write a hotspot answer as a GeoPackage: one layer of cells, one table that says how it was made.

Used by the hotspot screen. Knows nothing of languages: columns and report are codes and values.
"""

from __future__ import annotations

import json
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Final

import pandas as pd
import pyogrio

if TYPE_CHECKING:
    from collections.abc import Mapping

    import geopandas as gpd

CELLS: Final = "hotspots"
REPORT: Final = "report"


def hotspot_gpkg(
    cells: gpd.GeoDataFrame, report: Mapping[str, Any], imprint: Mapping[str, str]
) -> bytes:
    """Write the file and give its bytes.

    Parameters
    ----------
    cells
        One row for each cell, EPSG:4326, with the columns of the answer.
    report
        Codes and plain values; each becomes a row of the table ``report``, as JSON.
    imprint
        Store, level and moment of the export, told in the same table.
    """
    told = {**imprint, **report}
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
        return path.read_bytes()
