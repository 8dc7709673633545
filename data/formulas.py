"""Keep spreadsheets from running text as a formula, and give the text back unchanged.

Used by exports (guard) and by the reading of text tables (unguard).
"""

import re
from typing import Final

import numpy as np
import pandas as pd

FORMULA_START: Final = re.compile(r"^'*[=+\-@\t\r]")
PLAIN_NUMBER: Final = re.compile(r"^-?\d+(\.\d+)?([eE][+-]?\d+)?$")


def guard_formulas(column: pd.Series) -> pd.Series:
    """Put an apostrophe before text that a spreadsheet would run; `unguard_formulas` takes it off.

    Plain numbers such as -3.5 stay. Text that already starts with apostrophes before such a sign
    gets one more, so that the way back is exact.
    """
    texts = column.map(str, na_action="ignore").astype(object)
    risky = np.array([isinstance(text, str) and _is_risky(text) for text in texts], dtype=bool)
    guarded = texts.copy()
    guarded[risky] = "'" + texts[risky].astype("str")
    return guarded


def unguard_formulas(column: pd.Series) -> pd.Series:
    """Take off the apostrophe that `guard_formulas` put on."""
    guarded = column.str.startswith("'", na=False) & column.str.slice(1).str.match(
        FORMULA_START, na=False
    )
    return column.where(~guarded, column.str.slice(1))


def _is_risky(text: str) -> bool:
    return bool(FORMULA_START.match(text)) and not PLAIN_NUMBER.match(text)
