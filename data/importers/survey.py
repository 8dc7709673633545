"""Look over a whole file before a row is written: times, places, ids, repeated ids.

Used by `data.importers.events`. What one row cannot tell (the order of day and month, which of two
equal ids wins, whether the axes are swapped) is decided here, column by column, so that each chunk
that is written later depends on the file alone and not on where an import was interrupted.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow.compute as pc

from data.importers.columns import TIME_FIELDS
from data.importers.locate import (
    REASONS,
    Located,
    Points,
    points_of_columns,
    points_of_geometry,
)
from data.importers.numbers import BoolArray, arrow_text, is_empty, mask
from data.importers.options import EventOptions
from data.importers.report import Caution
from data.importers.sighting import Sighting
from data.importers.tables import Chunk
from data.importers.times import (
    BAND,
    DAY,
    MONTH,
    NO_TIME,
    Moments,
    read_date_and_clock,
    read_moments,
    read_parts,
)
from data.privacy import person_number, pseudonym
from data.vocabulary import TimeFlag

MISSING_ID, MISSING_TIME, NOT_A_TIME, EMPTY_ROW = (
    "missing_id",
    "missing_time",
    "not_a_time",
    "empty_row",
)
DUPLICATE: Final = "duplicate_id"
_MAYBE_PERSON: Final = r"^[+(]?[0-9０-９][0-9０-９Xx \-]{10,}$"
_DAY_MS: Final = 86_400_000
_FIRST_YEAR_MS: Final = 631_152_000_000
"""1990-01-01 UTC; earlier times are placeholders."""
_ENDS: Final = ("handled_at", "closed_at")
_FLAG_ORDER: Final = (
    TimeFlag.CLOSED_BEFORE_CREATED,
    TimeFlag.BEFORE_1990,
    TimeFlag.IN_FUTURE,
    TimeFlag.DATE_ONLY,
    TimeFlag.MONTH_ONLY,
    TimeFlag.TIME_BAND,
)

IntArray = npt.NDArray[np.int64]
Texts = npt.NDArray[np.object_]


@dataclass(frozen=True, slots=True)
class Times:
    """All times of the file.

    Parameters
    ----------
    occurred
        When each thing happened.
    further
        Field (`closed_at`, …) → moments.
    flags
        One bit for each of `TimeFlag`, in the order of `flag_words`.
    warnings
        Decisions and unread cells.
    """

    occurred: Moments
    further: Mapping[str, Moments]
    flags: npt.NDArray[np.int8]
    warnings: tuple[Caution, ...]


@dataclass(frozen=True, slots=True)
class Survey:
    """What is known of each row of the file before anything is written; arrays by row.

    Parameters
    ----------
    reason, column
        Code and column of the fault that keeps a row out; "" for accepted rows.
    external_id
        Id under which the row is stored.
    duplicate_ids
        Ids that stand in the file more than once.
    """

    external_id: Texts
    reason: Texts
    column: Texts
    times: Times
    located: Located
    duplicate_ids: int
    warnings: tuple[Caution, ...]

    @property
    def is_accepted(self) -> BoolArray:
        """Rows that will stand in the store."""
        accepted: BoolArray = self.reason == ""
        return accepted


def needed_columns(options: EventOptions) -> tuple[str, ...]:
    """Name the columns that the survey reads."""
    names = (
        "external_id", "occurred_at", "date", "clock", "lon", "lat", "stated_unit", *TIME_FIELDS,
    )  # fmt: skip
    wanted = [options.mapping[name] for name in names if name in options.mapping]
    return tuple(dict.fromkeys([*wanted, *options.time_parts.values()]))


def whole_column(chunks: Sequence[Chunk], column: str) -> pd.Series:
    """Give one column over all chunks."""
    pieces = [chunk.frame[column] for chunk in chunks]
    return pd.concat(pieces, ignore_index=True) if len(pieces) > 1 else pieces[0]


def read_points(chunks: Sequence[Chunk], options: EventOptions) -> Points:
    """Read the coordinates: mapped columns win over the file's geometry; neither is unlocated."""
    if options.has_coordinates:
        return points_of_columns(
            whole_column(chunks, options.mapping["lon"]),
            whole_column(chunks, options.mapping["lat"]),
            decimal=options.table.decimal,
        )
    if chunks[0].geometry is not None:
        shapes = [chunk.geometry for chunk in chunks if chunk.geometry is not None]
        return points_of_geometry(np.concatenate(shapes))
    count = sum(len(chunk.frame) for chunk in chunks)
    blank = np.full(count, np.nan)
    return Points(blank, blank, np.ones(count, np.bool_), np.zeros(count, np.int8))


def read_times(chunks: Sequence[Chunk], options: EventOptions, now: datetime) -> Times:
    """Read the time of occurrence and every further time, and flag the impossible ones.

    Raises
    ------
    ImportRefused
        `time_format_needed`, `bad_time_format`.
    """
    occurred = _occurred(chunks, options)
    warnings = list(occurred.warnings)
    further: dict[str, Moments] = {}
    for name, column in options.time_columns.items():
        moments = read_moments(
            whole_column(chunks, column),
            options.times,
            column=column,
            day_first=occurred.day_first,
        )
        warnings += [caution for caution in moments.warnings if caution not in warnings]
        if moments.bad.any():
            warnings.append(
                Caution("unread_times", {"column": column, "count": int(moments.bad.sum())})
            )
        further[name] = moments
    return Times(occurred, further, _flags(occurred, further, now), tuple(warnings))


def _occurred(chunks: Sequence[Chunk], options: EventOptions) -> Moments:
    mapping = options.mapping
    if "occurred_at" in mapping:
        column = mapping["occurred_at"]
        return read_moments(whole_column(chunks, column), options.times, column=column)
    if "date" in mapping:
        dates = whole_column(chunks, mapping["date"])
        if "clock" not in mapping:
            return read_moments(dates, options.times, column=mapping["date"])
        clocks = whole_column(chunks, mapping["clock"])
        return read_date_and_clock(dates, clocks, options.times, column=mapping["date"])
    parts = options.time_parts
    frame = pd.DataFrame({name: whole_column(chunks, name) for name in parts.values()})
    return read_parts(frame, parts, options.times)


def _flags(
    occurred: Moments, further: Mapping[str, Moments], now: datetime
) -> npt.NDArray[np.int8]:
    """Flag times that cannot be: they are kept, and kept out of durations."""
    now_ms = int(now.timestamp() * 1000)
    known = occurred.ms != NO_TIME
    early = known & (occurred.ms < _FIRST_YEAR_MS)
    future = known & (occurred.ms > now_ms)
    before = np.zeros(len(known), dtype=np.bool_)
    for name, moments in further.items():
        told = moments.ms != NO_TIME
        early |= told & (moments.ms < _FIRST_YEAR_MS)
        if name != "due_at":
            future |= told & (moments.ms > now_ms)
        if name in _ENDS:
            for start in (occurred, further.get("reported_at")):
                if start is not None:
                    before |= _is_before(moments, start)
    words = {
        TimeFlag.CLOSED_BEFORE_CREATED: before,
        TimeFlag.BEFORE_1990: early,
        TimeFlag.IN_FUTURE: future,
        TimeFlag.DATE_ONLY: occurred.precision == DAY,
        TimeFlag.MONTH_ONLY: occurred.precision == MONTH,
        TimeFlag.TIME_BAND: occurred.precision == BAND,
    }
    bits = np.zeros(len(known), dtype=np.int8)
    for place, flag in enumerate(_FLAG_ORDER):
        bits |= np.where(words[flag], 1 << place, 0).astype(np.int8)
    return bits


def _is_before(end: Moments, start: Moments) -> BoolArray:
    """Whether the end lies before the start; where it is a day, band or month, by all of it."""
    both = (end.ms != NO_TIME) & (start.ms != NO_TIME)
    slack = np.where(end.precision == DAY, _DAY_MS - 1, 0)
    latest_end = np.where(both, end.ms, 0) + slack
    latest_end = np.where(end.until_ms != NO_TIME, end.until_ms - 1, latest_end)
    is_before: BoolArray = both & (latest_end < np.where(both, start.ms, 0))
    return is_before


def flag_words() -> list[str | None]:
    """Give the text of every combination of flags, by its bits; none for no flag."""
    made: list[str | None] = []
    for bits in range(1 << len(_FLAG_ORDER)):
        words = [flag.value for place, flag in enumerate(_FLAG_ORDER) if bits >> place & 1]
        made.append(",".join(words) if words else None)
    return made


def flag_counts(flags: npt.NDArray[np.int8]) -> dict[str, int]:
    """Count rows by flag; flags that no row has are left out."""
    counts = {flag.value: int((flags >> place & 1).sum()) for place, flag in enumerate(_FLAG_ORDER)}
    return {word: count for word, count in counts.items() if count}


def survey(
    seen: Sighting, options: EventOptions, times: Times, located: Located, key: bytes
) -> Survey:
    """Decide about every row: the fault that keeps it out, or the id it is stored under.

    Parameters
    ----------
    key
        The store's secret for pseudonyms of ids that are persons' numbers.
    """
    chunks, count = seen.chunks, seen.row_count
    reason, column = np.full(count, "", dtype=object), np.full(count, "", dtype=object)

    def note(rows: BoolArray, code: str, where: str) -> None:
        fresh = rows & (reason == "")
        reason[fresh], column[fresh] = code, where

    note(seen.is_blank, EMPTY_ROW, "")
    warnings: list[Caution] = []
    if "external_id" in options.mapping:
        texts = whole_column(chunks, options.mapping["external_id"])
        note(is_empty(texts), MISSING_ID, options.mapping["external_id"])
        ids, replaced = safe_ids(texts, key)
        if replaced:
            warnings.append(Caution("ids_pseudonymised", {"count": replaced}))
    else:
        ids = seen.content_ids
        warnings.append(Caution("ids_made_from_content", {"count": count}))
    time_column = next(
        (options.mapping[n] for n in ("occurred_at", "date", "year") if n in options.mapping), ""
    )
    note(times.occurred.bad, NOT_A_TIME, time_column)
    note(times.occurred.ms == NO_TIME, MISSING_TIME, time_column)
    for code in np.unique(located.reason[located.reason > 0]).tolist():
        where = options.mapping.get("lon", "")
        note(located.reason == code, REASONS[code], where)
    updated = times.further.get("updated_at")
    losers, repeated = _losers(ids, reason == "", options.duplicate_rule, updated)
    note(losers, DUPLICATE, options.mapping.get("external_id", ""))
    if repeated:
        rule = options.duplicate_rule
        warnings.append(Caution("duplicate_ids", {"count": repeated, "rule": rule}))
    return Survey(ids, reason, column, times, located, repeated, tuple(warnings))


def safe_ids(texts: pd.Series, key: bytes) -> tuple[Texts, int]:
    """Trim ids; replace those that are an identity or mobile number by a keyed digest."""
    column = pc.utf8_trim_whitespace(arrow_text(texts))
    ids = np.array(column.to_pylist(), dtype=object)
    suspect = mask(
        pc.match_substring_regex(column, pattern=r"^[+(]?[0-9０-９][0-9０-９Xx \-]{10,}$")
    )
    rows = [row for row in np.flatnonzero(suspect) if person_number(ids[row]) in {"id", "mobile"}]
    for row in rows:
        ids[row] = pseudonym(ids[row], key)
    return ids, len(rows)


def _losers(
    ids: Texts, is_good: BoolArray, rule: str, updated: Moments | None
) -> tuple[BoolArray, int]:
    """Find the rows that lose against another good row of the same id.

    The row updated last wins; among equals, and where no such time is mapped, the rule decides.
    """
    keep: Any = "last" if rule == "last" else "first"
    good = pd.Series(ids[is_good])
    losing = np.zeros(len(ids), dtype=np.bool_)
    doubled = good.duplicated(keep=False).to_numpy()
    if not doubled.any():
        return losing, 0
    repeated = int(good[doubled].nunique())
    if updated is None:
        losing[is_good] = good.duplicated(keep=keep).to_numpy()
        return losing, repeated
    rows = np.flatnonzero(is_good)[doubled]
    place = rows if rule == "last" else -rows
    frame = pd.DataFrame({"id": ids[rows], "at": updated.ms[rows], "place": place, "row": rows})
    ranked = frame.sort_values(["at", "place"])
    losing[ranked["row"].to_numpy()[ranked["id"].duplicated(keep="last").to_numpy()]] = True
    return losing, repeated
