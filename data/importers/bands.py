"""Read bands of hours (`20:00-22:00`, `20-22时`, `晚上`) at the end of a text.

Used by `data.importers.times`. A band is all that is known: no minute inside it is ever chosen.
Knows nothing of dates: what stands before the band is handed back as text.
"""

import re
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from data.importers.numbers import BoolArray, mask

IntArray = npt.NDArray[np.int64]
DAY_MINUTES: Final = 1440
_HALVES: Final = (
    r"凌晨|清晨|早上|早晨|上午|中午|下午|傍晚|晚上|晚间|夜间|夜里|深夜|半夜|[ap]\.?m\.?"
)
_CLOCK: Final = (
    rf"(?P<half{{n}}>{_HALVES})?\s*(?P<h{{n}}>\d{{{{1,2}}}})"
    rf"(?:\s*[:时時点點]\s*(?P<m{{n}}>\d{{{{2}}}})?\s*分?)?\s*(?P<late{{n}}>[ap]\.?m\.?)?"
)
_BEFORE: Final = r"^(?P<rest>(?:.*[\sT日号號,])?)\s*"
_SPAN: Final = re.compile(
    _BEFORE + _CLOCK.format(n=1) + r"\s*(?P<sign>~|-|–|—|至|到|to)\s*" + _CLOCK.format(n=2) + "$",
    re.IGNORECASE,
)
_HOUR: Final = re.compile(
    rf"{_BEFORE}(?:(?P<half1>{_HALVES})\s*)?(?P<h1>\d{{1,2}})\s*"
    r"(?:[时時点點](?:钟|鐘|许|許|左右|多)?|(?P<late1>[ap]\.?m\.?))$",
    re.IGNORECASE,
)
_HINT: Final = (
    r"(?i)[~–—至到时時点點晨晚午早夜白]|:\d{2}\s?-|\s\d{1,2}\s?-\s?\d|^\d{1,2}\s?-\s?\d{1,2}$"
    r"|\dto|\d to|night|morning|afternoon|evening|\d\s?[ap]\.?m\.?$|\d\s?[ap]\.?m\.?\s?-"
)
_WORDS: Final[dict[str, tuple[int, int]]] = {
    "凌晨": (0, 6), "清晨": (5, 9), "早晨": (5, 9), "早上": (5, 9), "上午": (6, 12),
    "中午": (11, 14), "下午": (12, 18), "傍晚": (17, 20), "晚上": (18, 24), "晚间": (18, 24),
    "晚": (18, 24), "夜间": (18, 30), "夜里": (18, 30), "夜晚": (18, 30), "深夜": (22, 30),
    "半夜": (22, 30), "白天": (6, 18), "日间": (6, 18),
    "morning": (6, 12), "afternoon": (12, 18), "evening": (18, 24), "night": (18, 30),
}  # fmt: skip
"""Hours that a word may mean, wide on purpose; beyond 24 is the next day."""
_WORD: Final = re.compile(
    r"^(?P<rest>(?:.*[\sT日号號,\d])?)\s*(?P<word>"
    + "|".join(sorted(_WORDS, key=len, reverse=True))
    + ")$",
    re.IGNORECASE,
)
_AM: Final = frozenset({"凌晨", "清晨", "早上", "早晨", "上午", "am"})
_EVENING: Final = frozenset({"晚上", "晚间", "夜间", "夜里", "深夜", "半夜"})
_NOON: Final = 12
_LAST_MINUTE: Final = 59
_SMALLEST_NOON_HOUR: Final = 10


@dataclass(frozen=True, slots=True)
class Band:
    """A band of hours: minutes since the local midnight of its day, the end outside.

    Parameters
    ----------
    rest
        The text before the band, trimmed.
    end_minute
        More than 1440 where the band runs past midnight.
    is_offset_like
        `08:00-05:00`: might be a clock time with a zone.
    """

    rest: str
    start_minute: int
    end_minute: int
    is_offset_like: bool = False


@dataclass(frozen=True, slots=True)
class Bands:
    """The bands of a column, by row.

    Parameters
    ----------
    found
        Rows that end in a band.
    rest
        The column with the bands cut off.
    start_minute, end_minute
        0 where there is none.
    """

    found: BoolArray
    rest: pa.Array
    start_minute: IntArray
    end_minute: IntArray


def parse_band(text: str) -> Band | None:
    """Read the band at the end of one tidied text; none where there is none.

    `23:59` and the like as an end mean the whole minute; an end before the start lies on the next
    day; the same hour twice is no band.
    """
    word = _WORD.match(text)
    if word is not None:
        since, until = _WORDS[word["word"].lower()]
        return Band(word["rest"].strip(" ,T"), since * 60, until * 60)
    span = _SPAN.match(text)
    if span is not None:
        return _span(span)
    hour = _HOUR.match(text)
    if hour is None:
        return None
    start = clock_hour(int(hour["h1"]), _half(hour["half1"] or hour["late1"]))
    if start is None or start >= DAY_MINUTES // 60:
        return None
    return Band(hour["rest"].strip(" ,T"), start * 60, start * 60 + 60)


def _span(span: re.Match[str]) -> Band | None:
    half1, half2 = _half(span["half1"] or span["late1"]), _half(span["half2"] or span["late2"])
    h1, h2 = int(span["h1"]), int(span["h2"])
    m1, m2 = int(span["m1"] or 0), int(span["m2"] or 0)
    if not half1 and half2 and h1 <= h2 < _NOON:
        half1 = half2
    if half1 and not half2 and h1 % _NOON < h2 < _NOON:
        half2 = half1
    start, end = clock_hour(h1, half1), clock_hour(h2, half2)
    if start is None or end is None or max(m1, m2) > _LAST_MINUTE:
        return None
    since, until = start * 60 + m1, end * 60 + m2 + (m2 == _LAST_MINUTE)
    if since >= DAY_MINUTES or until > DAY_MINUTES or since == until:
        return None
    if until < since:
        until += DAY_MINUTES
    plain = span["sign"] == "-" and bool(span["m1"] and span["m2"]) and not (half1 or half2)
    if plain and span["rest"].endswith("T"):
        return None
    return Band(span["rest"].strip(" ,T"), since, until, plain and bool(span["rest"].strip()))


def _half(word: str | None) -> str:
    return (word or "").lower().replace(".", "")


def clock_hour(hour: int, half: str) -> int | None:
    """Turn an hour of the twelve-hour clock into 0-24; none where it cannot be told.

    The evening's twelve is the midnight that ends the day (24); one to four in the evening or at
    night may belong to either day and is refused. An hour above 12 stays as it is.
    """
    if not half or hour > _NOON:
        return hour if hour <= 24 else None  # noqa: PLR2004 - hours of a day
    if half in _EVENING:
        return hour + _NOON if hour > 4 else None  # noqa: PLR2004 - small hours
    if half in _AM:
        return hour % _NOON
    if half == "中午":
        return hour if hour >= _SMALLEST_NOON_HOUR else hour + _NOON
    return hour % _NOON + _NOON


def read_bands(column: pa.Array) -> Bands:
    """Read the bands of a tidied column.

    `08:00-05:00` after a date might be a clock time with its zone: where two or more rows carry
    one and the same such end of at most 14 hours beside different starts, it is the zone.
    """
    count = len(column)
    found = np.zeros(count, dtype=np.bool_)
    start, end = np.zeros(count, dtype=np.int64), np.zeros(count, dtype=np.int64)
    rows = np.flatnonzero(mask(pc.match_substring_regex(column, pattern=_HINT)))
    if not len(rows):
        return Bands(found, column, start, end)
    texts = column.take(pa.array(rows)).to_pylist()
    known = {text: parse_band(text) for text in set(texts)}
    if _are_zones([band for band in known.values() if band is not None]):
        known = {t: None if b is not None and b.is_offset_like else b for t, b in known.items()}
    hits = [(row, known[text]) for row, text in zip(rows.tolist(), texts, strict=True)]
    rest = column.to_pylist()
    for row, band in hits:
        if band is not None:
            found[row], start[row], end[row] = True, band.start_minute, band.end_minute
            rest[row] = band.rest
    return Bands(found, pa.array(rest, column.type), start, end)


def _are_zones(bands: list[Band]) -> bool:
    doubtful = [band for band in bands if band.is_offset_like]
    ends = {band.end_minute % DAY_MINUTES for band in doubtful}
    starts = {band.start_minute for band in doubtful}
    return len(ends) == 1 and len(starts) > 1 and max(ends) <= 14 * 60
