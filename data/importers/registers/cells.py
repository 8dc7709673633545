"""Read the columns of a register as values: codes, days, moments, numbers, references.

Used by the importer of registers. Knows nothing of files and of the store: which places and
holders exist is handed in. A cell that cannot be read keeps its row out, with a reason.
"""

import json
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

import pandas as pd

from data.importers.people_columns import flag_of, office_phone_of
from data.importers.place_columns import code_text
from data.importers.registers.clocks import clocks_of, placed, without_clocks
from data.importers.registers.fields import Cell, Field
from data.importers.registers.words import VOCABULARIES
from data.importers.report import Caution
from data.importers.times import NO_TIME, TimeRules, read_moments
from data.privacy import mask_text, mask_value

_COUNT: Final = re.compile(r"^\d{1,3}([,，]\d{3})+$|^\d+(\.0*)?$")
_NUMBER: Final = re.compile(r"^[+-]?\d+(\.\d+)?%?$")
_PER_DAY: Final = re.compile(r"^(?:每[日天]|daily)(\d*)次?$")
_PER_WEEK: Final = re.compile(r"^(?:每周|每星期|weekly)(\d*)次?$")
_LIST: Final = re.compile(r"[,，、;；/|]+")
_PAIR: Final = re.compile(r"[:：=]")
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_BEST_SCORE: Final = 100.0
_DAYS_A_WEEK: Final = 7
_TIMES: Final = frozenset({Cell.DAY, Cell.MONTH, Cell.MOMENT, Cell.CLOCK_DAY})
_COARSE: Final = frozenset({"midnight_only", "month_only_dates"})
_SHOWN_WORDS: Final = 30


@dataclass(frozen=True, slots=True)
class Known:
    """What rows may refer to.

    Attributes
    ----------
    places
        Code (any that a place ever bore) or unambiguous name → code.
    holders
        Service numbers of office-holders.
    """

    places: Mapping[str, str]
    holders: frozenset[str]


@dataclass(slots=True)
class Readings:
    """The values of a file by field, and the first fault of each row."""

    count: int
    cells: dict[str, list[Any]] = field(default_factory=dict)
    faults: dict[int, tuple[str, str]] = field(default_factory=dict)
    warnings: list[Caution] = field(default_factory=list)
    masked: Counter[str] = field(default_factory=Counter)

    def note(self, row: int, name: str, reason: str) -> None:
        """Keep a row out; the first reason stays."""
        self.faults.setdefault(row, (name, reason))

    def of(self, name: str) -> list[Any]:
        """Give a field's values; nothing where the file does not have it."""
        return self.cells.get(name) or [None] * self.count


class CellFault(Exception):  # noqa: N818 - it becomes a reason of quarantine, never an error
    """A cell that cannot be read; its text is the reason's code."""


def read_cells(
    frame: pd.DataFrame,
    fields: Sequence[tuple[Field, str]],
    rules: TimeRules,
    known: Known,
) -> Readings:
    """Read every mapped column but those that say where a row lies.

    Parameters
    ----------
    fields
        Field and the column that holds it.

    Raises
    ------
    ImportRefused
        ``time_format_needed``, ``bad_time_format``.
    """
    read = Readings(len(frame))
    for each, column in fields:
        texts = frame[column]
        if each.day_field in read.cells:
            _clocks(read, each, texts, rules)
        elif each.cell in _TIMES:
            _times(read, each, texts, rules)
        elif each.cell is Cell.TEXT:
            shown, counts = mask_text(texts)
            read.masked.update(counts)
            read.cells[each.name] = [text.strip() or None for text in shown.tolist()]
        elif each.cell in {Cell.CODE, Cell.CODES}:
            _codes(read, each, texts.tolist())
        else:
            _plain(read, each, texts.tolist(), _reader(each, known))
        _require(read, each)
    return read


def _require(read: Readings, each: Field) -> None:
    if not each.is_required:
        return
    reason = "missing_time" if each.cell in _TIMES else "missing_value"
    for row, value in enumerate(read.cells[each.name]):
        if value is None:
            read.note(row, each.name, reason)


def _plain(read: Readings, each: Field, texts: Sequence[str], reader: Callable[[str], Any]) -> None:
    values: list[Any] = []
    for row, text in enumerate(texts):
        plain = text.strip()
        try:
            values.append(reader(plain) if plain else None)
        except CellFault as fault:
            values.append(None)
            read.note(row, each.name, str(fault))
    read.cells[each.name] = values


def _reader(each: Field, known: Known) -> Callable[[str], Any]:
    readers: dict[Cell, Callable[[str], Any]] = {
        Cell.ID: lambda text: text,
        Cell.REF: mask_value,
        Cell.PHONE: office_phone_of,
        Cell.FLAG: _flag,
        Cell.COUNT: _count,
        Cell.DUE: _due,
        Cell.NUMBER: _number,
        Cell.SCORE: _score,
        Cell.PAIRS: _pairs,
        Cell.PLACE: lambda text: _place(text, known),
        Cell.HOLDER: lambda text: _holder(text, known),
    }
    return readers[each.cell]


def _place(text: str, known: Known) -> str:
    found = known.places.get(text)
    if found is None:
        raise CellFault(code_text(text)[1] or "unknown_place")
    return found


def _holder(text: str, known: Known) -> str:
    if text not in known.holders:
        raise CellFault("unknown_holder")
    return text


def _flag(text: str) -> bool:
    found = flag_of(text)
    if found is None:
        found = True if text.startswith("已") else False if text[0] in "未没不" else None
    if found is None:
        raise CellFault("not_yes_or_no")
    return found


def _count(text: str) -> int:
    plain = unicodedata.normalize("NFKC", text)
    if not _COUNT.match(plain):
        raise CellFault("bad_count")
    return int(plain.replace(",", "").split(".")[0])


def _due(text: str) -> int:
    plain = re.sub(r"\s", "", unicodedata.normalize("NFKC", text).lower())
    for pattern, factor in ((_PER_DAY, _DAYS_A_WEEK), (_PER_WEEK, 1)):
        match = pattern.match(plain)
        if match is not None:
            return factor * int(match[1] or 1)
    times = _count(plain.removesuffix("次"))
    if times < 1:
        raise CellFault("bad_count")
    return times


def _number(text: str) -> float:
    plain = unicodedata.normalize("NFKC", text).replace(",", "").replace(" ", "")
    if not _NUMBER.match(plain):
        raise CellFault("not_a_number")
    return float(plain[:-1]) / 100 if plain.endswith("%") else float(plain)


def _score(text: str) -> float:
    plain = unicodedata.normalize("NFKC", text).removesuffix("分").strip()
    if not _NUMBER.match(plain) or plain.endswith("%"):
        raise CellFault("bad_score")
    if not 0.0 <= float(plain) <= _BEST_SCORE:
        raise CellFault("bad_score")
    return float(plain)


def _pairs(text: str) -> dict[str, Any]:
    """Read a JSON object, or `name: value; name: value`; names and texts are masked."""
    if text.startswith("{"):
        try:
            told = json.loads(text)
        except ValueError as error:
            raise CellFault("bad_pairs") from error
        entries = [(str(name), str(value)) for name, value in told.items()]
    else:
        parts = [part for part in re.split(r"[;；,，]", text) if part.strip()]
        split = [_PAIR.split(part, maxsplit=1) for part in parts]
        if any(len(pair) == 1 for pair in split):
            raise CellFault("bad_pairs")
        entries = [(pair[0], pair[1]) for pair in split]
    return {
        mask_value(name.strip()): float(value)
        if _NUMBER.match(value.strip()) and not value.strip().endswith("%")
        else mask_value(value.strip())
        for name, value in entries
    }


def _times(read: Readings, each: Field, texts: pd.Series, rules: TimeRules) -> None:
    moments = read_moments(texts, rules, column=str(texts.name))
    told = moments.warnings
    if each.cell is not Cell.MOMENT:
        told = tuple(caution for caution in told if caution.code not in _COARSE)
    read.warnings += told
    for row in moments.bad.nonzero()[0].tolist():
        reason = "not_a_time" if each.cell is Cell.MOMENT else "bad_date"
        read.note(row, each.name, reason)
    zone = ZoneInfo(rules.tz)
    values: list[Any] = []
    for ms in moments.ms.tolist():
        if ms == NO_TIME:
            values.append(None)
            continue
        at = _EPOCH + timedelta(milliseconds=ms)
        if each.cell is Cell.MOMENT:
            values.append(at)
            continue
        day = at.astimezone(zone).date()
        values.append(day.replace(day=1) if each.cell is Cell.MONTH else day)
    read.cells[each.name] = values


def _clocks(read: Readings, each: Field, texts: pd.Series, rules: TimeRules) -> None:
    """Read moments of which the day may stand in another column, read before this one."""
    clocks = clocks_of(texts)
    _times(read, each, without_clocks(texts, clocks), rules)
    values, days, after = read.cells[each.name], read.of(each.day_field), read.of(each.after)
    for row, clock in enumerate(clocks):
        if clock is None:
            continue
        if days[row] is None:
            read.note(row, each.name, "clock_without_date")
            continue
        values[row] = placed(clock, days[row], rules.tz, after=after[row])


def _codes(read: Readings, each: Field, texts: Sequence[str]) -> None:
    words = VOCABULARIES[each.vocabulary]
    is_list = each.cell is Cell.CODES
    codes: dict[str, str | None] = {}
    unmapped: Counter[str] = Counter()
    values: list[Any] = []
    for row, text in enumerate(texts):
        parts = [part.strip(" []\"'") for part in _LIST.split(text)] if is_list else [text.strip()]
        found: list[str] = []
        for part in filter(None, parts):
            if part not in codes:
                codes[part] = words.code_of(part)
            code = codes[part]
            if code is None:
                unmapped[mask_value(part)] += 1
                code = words.other
            if code is not None:
                found.append(code)
            elif not is_list:
                read.note(row, each.name, words.reason)
        if is_list:
            values.append(list(dict.fromkeys(found)) or None)
        else:
            values.append(found[0] if found else words.default)
    read.cells[each.name] = values
    if unmapped and (words.other is not None or is_list):
        facts = {
            "field": each.name,
            "count": unmapped.total(),
            "words": dict(unmapped.most_common(_SHOWN_WORDS)),
        }
        code = "words_left_out" if is_list else "unmapped_words"
        read.warnings.append(Caution(code, facts))
