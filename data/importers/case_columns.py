"""Read the columns of a case's stages: level, loop, counts and what the asker said.

Used by `data.importers.stage`. Knows nothing of times, of rows' fate and of the store.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import pandas as pd

from data.importers.place_columns import count_of
from data.importers.words import Mapped, map_codes, map_flags
from data.vocabulary import CaseLevel, CaseLoop

CASE_TIMES: Final = ("filed_at", "assigned_at", "verified_at")
_COUNTS: Final = ("limit_minutes", "suspended_minutes", "rework_count", "dispatch_count")
_FLAGS: Final = ("is_contacted", "is_solved", "is_satisfied")
_WORDS: Final[dict[str, dict[str, tuple[str, ...]]]] = {
    "level": {
        CaseLevel.GRID: ("网格", "grid"),
        CaseLevel.COMMUNITY: ("社区", "村", "community", "village"),
        CaseLevel.SUBDISTRICT: ("街道", "乡镇", "镇", "subdistrict", "town"),
        CaseLevel.COUNTY: ("区县", "区", "县", "county", "district"),
    },
    "loop": {
        CaseLoop.POLICE: ("公安", "警", "小闭环", "police"),
        CaseLoop.JOINT: ("党政", "联合", "大闭环", "joint"),
    },
}


def case_columns(
    frame: pd.DataFrame, mapping: Mapping[str, str]
) -> tuple[dict[str, Sequence[Any]], dict[str, Mapped]]:
    """Give the columns of the stages, none where nothing is mapped, and the words read.

    Parameters
    ----------
    frame
        Accepted rows as texts.
    mapping
        Field → column.

    Returns
    -------
    columns, words
        A cell that is no count stays empty; so does an unknown word, which `words` then counts.
    """
    made: dict[str, Sequence[Any]] = {}
    words: dict[str, Mapped] = {}
    for name, known in _WORDS.items():
        made[name] = [None] * len(frame)
        if name in mapping:
            words[name] = map_codes(frame[mapping[name]], known)
            made[name] = _blank_to_none(words[name].codes)
    for name in _COUNTS:
        made[name] = [None] * len(frame)
        if name in mapping:
            texts = frame[mapping[name]]
            counts = {text: count_of(text)[0] for text in texts.unique()}
            made[name] = [counts[text] for text in texts]
    for name in _FLAGS:
        made[name] = [None] * len(frame)
        if name in mapping:
            made[name] = _blank_to_none(map_flags(frame[mapping[name]]))
    return made, words


def _blank_to_none(values: pd.Series) -> list[Any]:
    return [None if value is None or value != value else value for value in values.tolist()]  # noqa: PLR0124 - NaN is not itself
