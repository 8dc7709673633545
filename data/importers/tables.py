"""Open a file of rows, whatever its type, as chunks of text columns with line numbers.

Used by every importer and by the wizard's preview. CSV and TSV (also .gz), XLSX, GeoJSON,
GeoPackage, Shapefile (also zipped), FlatGeobuf, Parquet and GeoParquet. Knows nothing of fields:
every cell is text as it stands.
"""

from pathlib import Path
from typing import Final

from data.errors import ImportRefused
from data.importers.columnar import PARQUET_ENDINGS, open_parquet
from data.importers.delimited import open_delimited
from data.importers.features import open_features
from data.importers.rows import DEFAULT_MAX_BYTES, Chunk, Table, TableOptions
from data.importers.workbook import open_workbook

__all__ = ["DEFAULT_MAX_BYTES", "ENDINGS", "Chunk", "Table", "TableOptions", "open_table"]

TEXT_ENDINGS: Final = (".csv", ".tsv", ".txt", ".csv.gz", ".tsv.gz", ".txt.gz")
WORKBOOK_ENDINGS: Final = (".xlsx", ".xlsm")
FEATURE_ENDINGS: Final = (".geojson", ".json", ".gpkg", ".shp", ".zip", ".fgb")
ENDINGS: Final = (*TEXT_ENDINGS, *WORKBOOK_ENDINGS, *FEATURE_ENDINGS, *PARQUET_ENDINGS)


def file_ending(path: Path) -> str:
    """Give the ending that decides the type, `.csv.gz` being one."""
    name = path.name.lower()
    for ending in ENDINGS:
        if name.endswith(ending):
            return ending
    return path.suffix.lower()


def open_table(path: Path, options: TableOptions | None = None) -> Table:
    """Open a file of rows.

    Raises
    ------
    ImportRefused
        `file_missing`, `file_empty`, `header_only`, `file_too_large`, `unknown_file_type`,
        `old_workbook`, `one_column`, `wrong_delimiter`, `unknown_encoding`, `wrong_encoding`,
        `merged_header`, `damaged_zip`, `zip_without_shapefile`, `file_damaged`, `unknown_layer`,
        `unknown_sheet`.
    """
    options = options or TableOptions()
    path = Path(path)
    ending = file_ending(path)
    if not path.is_file():
        raise ImportRefused("file_missing", file=path.name)
    size = path.stat().st_size
    if size == 0:
        raise ImportRefused("file_empty", file=path.name)
    if size > options.max_bytes:
        raise ImportRefused("file_too_large", file=path.name, bytes=size, limit=options.max_bytes)
    if ending == ".xls":
        raise ImportRefused("old_workbook", file=path.name)
    if ending in TEXT_ENDINGS:
        return open_delimited(path, options)
    if ending in WORKBOOK_ENDINGS:
        return open_workbook(path, options)
    if ending in FEATURE_ENDINGS:
        return open_features(path, options)
    if ending in PARQUET_ENDINGS:
        return open_parquet(path, options)
    raise ImportRefused("unknown_file_type", file=path.name, ending=ending, known=list(ENDINGS))
