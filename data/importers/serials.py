"""Read the day numbers of workbooks (Excel serial dates), since 1900 or since 1904.

Used by `data.importers.times`. ECMA-376 part 1, 18.17.4.1: in the 1900 system day 60 is the false
29 February, so that days from 61 on count from 1899-12-30; the 1904 system begins with day 0.
"""

from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from data.errors import ImportRefused
from data.importers.numbers import BoolArray, FloatArray, mask, parse_numbers

IntArray = npt.NDArray[np.int64]
SYSTEMS: Final = ("excel", "excel1904")
EPOCH_DAYS: Final = {"excel": 25_569, "excel1904": 24_107}
"""Day number of 1970-01-01."""
_FIRST, _LAST = 18_264, 73_050  # 1950 and 2100 in the 1900 system
_SERIAL: Final = r"^\d{5}(\.\d+)?$"
_MIN_ROWS: Final = 3
_DAY_MS: Final = 86_400_000
_FIRST_SOUND: Final = 61
_LAST_SOUND: Final = 2_958_466


def is_serial(column: pa.Array) -> BoolArray:
    """Rows that may be the day number of a date between 1950 and 2100 (five digits)."""
    digits = mask(pc.match_substring_regex(column, pattern=_SERIAL))
    if not digits.any():
        return digits
    days = _numbers(column)
    possible: BoolArray = digits & (days >= _FIRST) & (days < _LAST)
    return possible


def serial_walls(column: pa.Array, epoch_days: int) -> tuple[IntArray, BoolArray, BoolArray]:
    """Give wall-clock milliseconds (whole seconds), which days are whole, and which are possible.

    Parameters
    ----------
    epoch_days
        Day number of 1970-01-01 (`EPOCH_DAYS`).
    """
    days = _numbers(column)
    lowest = _FIRST_SOUND if epoch_days == EPOCH_DAYS["excel"] else 0
    good: BoolArray = np.isfinite(days) & (days >= lowest) & (days < _LAST_SOUND)
    safe = np.where(good, days, float(epoch_days))
    wall = np.round((safe - epoch_days) * 86_400.0).astype(np.int64) * 1000
    return wall, np.asarray(safe % 1 == 0), good


def system_of(column: pa.Array, numbers: BoolArray, latest_ms: int | None, name: str) -> str:
    """Say which system the numbers of a text column are in; empty where they are no dates.

    They are dates where every filled cell is such a number, three at least. They are 1900 numbers
    where the other reading, four years and a day later, would lie in the future.

    Raises
    ------
    ImportRefused
        `serial_days_undeclared`: dates, but either system is possible.
    """
    filled = mask(pc.not_equal(column, ""))
    if int(numbers.sum()) < _MIN_ROWS or bool((filled & ~numbers).any()):
        return ""
    last = float(_numbers(column)[numbers].max())
    if latest_ms is not None:
        if (last - EPOCH_DAYS["excel"]) * _DAY_MS > latest_ms:
            return ""
        if (last - EPOCH_DAYS["excel1904"]) * _DAY_MS > latest_ms:
            return "excel"
    value = column[int(np.flatnonzero(numbers)[0])].as_py()
    raise ImportRefused("serial_days_undeclared", column=name, value=value, known=list(SYSTEMS))


def _numbers(column: pa.Array) -> FloatArray:
    return parse_numbers(pd.Series(column.to_pandas(), dtype="str"))
