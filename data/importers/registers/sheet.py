"""Open a file of a register as text columns, with the shapes that it carries.

Used by the importer of registers. Knows nothing of fields.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from data.importers.boundaries import has_shapes, read_shapes
from data.importers.place_columns import cell_text
from data.importers.registers.fields import LOCATED
from data.importers.registers.options import RegisterOptions
from data.importers.report import Caution, Rejection
from data.importers.tables import open_table


@dataclass(frozen=True, slots=True)
class Sheet:
    """A file of rows.

    Attributes
    ----------
    frame
        Text columns.
    lines
        Line of each row (features: 1-based).
    shapes
        Shape of each row in EPSG:4326, none where it has none; none for a file without shapes.
    faults
        Rows that could not be read as rows at all.
    datum
        What the shapes' coordinates were taken to be; empty without shapes.
    date_system
        How a workbook counts days (see `TimeRules`); empty for other files.
    """

    frame: pd.DataFrame
    lines: list[int]
    shapes: npt.NDArray[np.object_] | None
    faults: tuple[Rejection, ...]
    warnings: tuple[Caution, ...]
    encoding: str = ""
    delimiter: str = ""
    datum: str = ""
    date_system: str = ""


def open_sheet(path: Path, options: RegisterOptions) -> Sheet:
    """Open a table, or a file of shapes for a register whose rows may lie somewhere.

    A file of shapes is read as a table when its longitude and latitude are mapped by hand.

    Raises
    ------
    ImportRefused
        Those of `open_table` and `read_shapes`.
    """
    has_own_columns = "lon" in options.mapping and "lat" in options.mapping
    if options.layer in LOCATED and has_shapes(path) and not has_own_columns:
        return _of_shapes(path, options)
    table = open_table(path, options.table)
    chunks = list(table.chunks())
    return Sheet(
        frame=pd.concat([chunk.frame for chunk in chunks], ignore_index=True),
        lines=[int(line) for chunk in chunks for line in chunk.line],
        shapes=None,
        faults=tuple(fault for chunk in chunks for fault in chunk.faults),
        warnings=table.warnings,
        encoding=table.encoding,
        delimiter=table.delimiter,
        date_system=table.date_system,
    )


def _of_shapes(path: Path, options: RegisterOptions) -> Sheet:
    file = read_shapes(path, options.shapes())
    shapes = np.empty(len(file.frame), dtype=object)
    shapes[:] = list(file.frame.geometry)
    frame = pd.DataFrame(
        {
            name: pd.Series([_text(value) for value in file.frame[name]], dtype="str")
            for name in file.attributes
        },
        index=pd.RangeIndex(len(shapes)),
    )
    warnings = list(file.warnings)
    if file.vertices_added:
        facts = {"vertices_added": file.vertices_added, "max_shift_m": file.max_shift_m}
        warnings.append(Caution("densified", facts))
    return Sheet(
        frame=frame,
        lines=list(range(1, len(shapes) + 1)),
        shapes=shapes,
        faults=(),
        warnings=tuple(warnings),
        encoding=file.encoding,
        datum=file.datum,
    )


def _text(value: Any) -> str:  # noqa: ANN401 - a cell as the file types it
    if isinstance(value, Mapping | list):
        return json.dumps(value, ensure_ascii=False)
    return cell_text(value)
