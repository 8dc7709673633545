"""Read columns of text as numbers, vectorised.

Used by `data.importers.times` and `data.importers.locate`. Knows nothing of units.
"""

from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]

_NUMBER: Final = r"^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,3})?$"
_COMMA: Final = r"^[+-]?\d+,\d+$"


def arrow_text(texts: pd.Series) -> pa.Array:
    """Give the column as one Arrow array of text, missing cells as ""."""
    column = pa.array(texts, type=pa.large_string(), from_pandas=True)
    if isinstance(column, pa.ChunkedArray):
        column = column.combine_chunks()
    return pc.fill_null(column, "") if column.null_count else column


def tidy(texts: pd.Series) -> pa.Array:
    """Trim, and write full-width digits and signs as plain ones (NFKC)."""
    column = arrow_text(texts)
    is_plain = pc.all(pc.string_is_ascii(column), min_count=0).as_py()
    if not is_plain:
        column = pc.utf8_normalize(column, form="NFKC")
    return pc.utf8_trim_whitespace(column)


def is_empty(texts: pd.Series) -> BoolArray:
    """Rows whose cell is blank."""
    return mask(pc.equal(pc.utf8_trim_whitespace(arrow_text(texts)), ""))


def mask(found: pa.Array) -> BoolArray:
    """Turn an Arrow boolean array into NumPy; missing is false."""
    return np.asarray(pc.fill_null(found, False).to_numpy(zero_copy_only=False), dtype=np.bool_)


def parse_numbers(texts: pd.Series, *, decimal: str = ".") -> FloatArray:
    """Read numbers; NaN where the cell is empty or is no number.

    Parameters
    ----------
    decimal
        `.` or `,`. With a decimal comma, points and blanks group thousands; with a decimal point
        nothing groups: `114,305` is not a number then, for it may be a degree with a comma.
    """
    column = tidy(texts)
    if decimal == ",":
        column = pc.replace_substring_regex(column, pattern=r"[.\s]", replacement="")
        column = pc.replace_substring(column, pattern=",", replacement=".")
    good = pc.match_substring_regex(column, pattern=_NUMBER)
    numbers = pc.cast(pc.if_else(good, column, pa.scalar(None, pa.large_string())), pa.float64())
    return np.asarray(pc.fill_null(numbers, np.nan).to_numpy(zero_copy_only=False))


def decimal_comma_share(texts: pd.Series) -> float:
    """Share of filled cells that only a decimal comma explains (`97,0123`)."""
    column = tidy(texts)
    filled = int(pc.sum(pc.not_equal(column, "")).as_py() or 0)
    commas = int(pc.sum(pc.match_substring_regex(column, pattern=_COMMA)).as_py() or 0)
    return commas / filled if filled else 0.0
