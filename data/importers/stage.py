"""Turn the accepted rows of a chunk into columns ready to be written, persons masked.

Used by `data.importers.events`. Knows nothing of transactions.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import shapely

from data.geometry import point_blobs
from data.importers.case_columns import CASE_TIMES, case_columns
from data.importers.numbers import BoolArray, FloatArray, arrow_text
from data.importers.options import EventOptions
from data.importers.report import Caution, Rejection
from data.importers.survey import IntArray, Survey, flag_words, safe_ids
from data.importers.tables import Chunk
from data.importers.times import NO_TIME, PRECISION_WORDS, Moments, utc_texts
from data.importers.words import (
    Mapped,
    map_channels,
    map_flags,
    map_kinds,
    map_severities,
    map_statuses,
    other_kind,
)
from data.privacy import mask_row, mask_text, person_number
from data.repositories.event_steps import LIFE_COLUMNS
from data.repositories.event_writes import EventBlock, WriteCounts
from data.vocabulary import CHANNEL_GROUPS, EventLayer

SHAPE: Final = "geometry"
"""Key of a quarantined row's shape (WKT in the file's CRS), where the file has shapes."""
_FREE_TEXTS: Final = ("description", "outcome")
_ALL_TIMES: Final = (
    "reported_at", "accepted_at", "handled_at", "closed_at", "due_at", "updated_at",
)  # fmt: skip
_UNHASHED: Final = frozenset({"line", "batch_id", "source", "external_id", "channel_group"})
_GROUP_OF: Final = {channel: group.value for channel, group in CHANNEL_GROUPS.items()}
_FLAG_TEXTS: Final = flag_words()
_SHOWN_WORDS: Final = 30


@dataclass(slots=True)
class Tally:
    """Counts that grow with each chunk, and are stored with it."""

    inserted: int = 0
    updated: int = 0
    unchanged: int = 0
    stale: int = 0
    undated: int = 0
    rejected: int = 0
    reasons: Counter[str] = field(default_factory=Counter)
    masked: Counter[str] = field(default_factory=Counter)
    unmapped: dict[str, Counter[str]] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """Write for the batch row."""
        return {
            "inserted": self.inserted,
            "updated": self.updated,
            "unchanged": self.unchanged,
            "stale": self.stale,
            "undated": self.undated,
            "rejected": self.rejected,
            "reasons": dict(self.reasons),
            "masked_values": dict(self.masked),
            "unmapped": {name: dict(words) for name, words in self.unmapped.items()},
        }

    def add(self, other: "Tally") -> None:
        """Count what another tally, of a later chunk, counted."""
        self.count(other)
        self.rejected += other.rejected
        self.reasons.update(other.reasons)
        self.masked.update(other.masked)
        for name, words in other.unmapped.items():
            self.unmapped.setdefault(name, Counter()).update(words)

    def count(self, written: "WriteCounts | Tally") -> None:
        """Count what a block changed in the store."""
        for name in ("inserted", "updated", "unchanged", "stale", "undated"):
            setattr(self, name, getattr(self, name) + getattr(written, name))

    def cautions(self) -> list[Caution]:
        """Warn of words that no list knows, and of undated rows that left a screen's work alone."""
        made = [
            Caution(
                "unmapped_words",
                {
                    "field": name,
                    "count": words.total(),
                    "words": dict(words.most_common(_SHOWN_WORDS)),
                },
            )
            for name, words in sorted(self.unmapped.items())
        ]
        if self.undated:
            made.append(Caution("undated_rows_left", {"count": self.undated}))
        return made

    @classmethod
    def from_json(cls, told: Mapping[str, Any]) -> "Tally":
        """Read from the batch row, to go on where an import stopped."""
        return cls(
            told.get("inserted", 0),
            told.get("updated", 0),
            told.get("unchanged", 0),
            told.get("stale", 0),
            told.get("undated", 0),
            told.get("rejected", 0),
            Counter(told.get("reasons", {})),
            Counter(told.get("masked_values", {})),
            {name: Counter(words) for name, words in told.get("unmapped", {}).items()},
        )


@dataclass(frozen=True, slots=True)
class Stage:
    """What all chunks of one import share."""

    options: EventOptions
    source: str
    batch_id: int
    survey: Survey
    kept: tuple[str, ...]
    dropped: tuple[str, ...]
    key: bytes


def staged_rows(stage: Stage, chunk: Chunk, start: int, tally: Tally) -> EventBlock | None:
    """Give the accepted rows of a chunk by column; none when it has none.

    Parameters
    ----------
    start
        Position of the chunk's first row among all rows of the survey.
    tally
        Receives what was masked and which words were unknown.
    """
    rows = slice(start, start + len(chunk.frame))
    take: BoolArray = stage.survey.is_accepted[rows]
    if not take.any():
        return None
    frame = chunk.frame if take.all() else chunk.frame.loc[take].reset_index(drop=True)
    lon, lat = stage.survey.located.lon[rows][take], stage.survey.located.lat[rows][take]
    count = len(frame)
    columns: dict[str, Sequence[Any]] = {
        "source": [stage.source] * count,
        "external_id": stage.survey.external_id[rows][take].tolist(),
        **_words(stage, frame, tally),
        **_times(stage, rows, take),
        **_texts(stage, frame, tally),
        **_own_columns(stage, frame, tally),
    }
    located = np.isfinite(lon)
    label = stage.survey.located.label
    columns["src_datum"] = [label if is_located else None for is_located in located.tolist()]
    columns["src_x"] = _floats(stage.survey.located.src_x[rows][take])
    columns["src_y"] = _floats(stage.survey.located.src_y[rows][take])
    columns["attributes"] = _attributes(stage, frame, (rows, take), tally)
    columns["line"] = chunk.line[take].tolist()
    columns["batch_id"] = [stage.batch_id] * count
    columns["content_hash"] = _hashes(columns, lon, lat)
    columns["geom"] = point_blobs(lon, lat)
    is_case = stage.options.layer is not EventLayer.INCIDENTS
    untold = LIFE_COLUMNS - set(stage.options.mapping) if is_case else frozenset()
    return EventBlock(stage.options.layer, stage.source, columns, untold)


def staged_rejections(stage: Stage, chunk: Chunk, start: int, tally: Tally) -> list[Rejection]:
    """Give the chunk's rows for the quarantine, masked and without the columns of persons."""
    rows = slice(start, start + len(chunk.frame))
    reasons, columns = stage.survey.reason[rows], stage.survey.column[rows]
    found = list(chunk.faults)
    bad = np.flatnonzero(~stage.survey.is_accepted[rows]).tolist()
    for place, record in zip(bad, chunk.frame.iloc[bad].to_dict("records"), strict=True):
        raw = {str(name): str(value) for name, value in record.items()}
        if chunk.geometry is not None and chunk.geometry[place] is not None:
            raw.setdefault(SHAPE, shapely.to_wkt(chunk.geometry[place], rounding_precision=9))
        column = str(columns[place])
        found.append(
            Rejection(int(chunk.line[place]), column, raw.get(column, ""), str(reasons[place]), raw)
        )
    for rejection in found:
        tally.reasons[rejection.reason] += 1
    tally.rejected += len(found)
    return [_masked(stage, rejection) for rejection in found]


def _masked(stage: Stage, rejection: Rejection) -> Rejection:
    unit = stage.options.mapping.get("stated_unit", "")
    raw = dict(rejection.raw)
    shown = mask_row({name: text for name, text in raw.items() if name != unit}, stage.dropped)
    if raw.get(unit):
        shown[unit] = safe_unit(raw[unit])
    value = mask_row({"": rejection.value}, ()).get("", "")
    is_hidden = rejection.column in stage.dropped
    return Rejection(
        rejection.line, rejection.column, "" if is_hidden else value, rejection.reason, shown
    )


def _words(stage: Stage, frame: pd.DataFrame, tally: Tally) -> dict[str, Sequence[Any]]:
    mapping, options, count = stage.options.mapping, stage.options, len(frame)
    kind = options.default_kind or other_kind(options.layer)
    made: dict[str, Sequence[Any]] = {"kind": [kind] * count, "kind_source": [None] * count}
    if "kind" in mapping:
        mapped = map_kinds(frame[mapping["kind"]], options.layer, kind)
        _count_unmapped(tally, "kind", mapped)
        made["kind"] = mapped.codes.tolist()
        made["kind_source"] = _nothing_for_blank(_masked_words(mapped.source, tally))
    channel = [options.default_channel] * count
    if "channel" in mapping:
        told = map_channels(frame[mapping["channel"]])
        _count_unmapped(tally, "channel", told)
        channel = told.codes.tolist()
    made["channel"] = channel
    made["channel_group"] = [_GROUP_OF[word] for word in channel]
    made["status"] = [None] * count
    if "status" in mapping:
        told = map_statuses(frame[mapping["status"]])
        _count_unmapped(tally, "status", told)
        made["status"] = told.codes.tolist()
    return made


def _masked_words(words: pd.Series, tally: Tally) -> pd.Series:
    """Mask a column of few different words, none where none."""
    labels, known = pd.factorize(words)
    shown, counts = mask_text(pd.Series(list(known), dtype="str"))
    tally.masked.update(counts)
    table = np.array([*shown.tolist(), None], dtype=object)
    return pd.Series(table[labels], index=words.index, dtype=object)


def _count_unmapped(tally: Tally, name: str, mapped: Mapped) -> None:
    if mapped.unmapped:
        shown, _counts = mask_text(pd.Series(list(mapped.unmapped), dtype="str"))
        counter = tally.unmapped.setdefault(name, Counter())
        for word, rows in zip(shown, mapped.unmapped.values(), strict=True):
            counter[word] += rows


def _times(stage: Stage, rows: slice, take: BoolArray) -> dict[str, Sequence[Any]]:
    times = stage.survey.times
    made: dict[str, Sequence[Any]] = {"occurred_at": _moments(times.occurred.ms[rows][take])}
    precision = times.occurred.precision[rows][take]
    made["occurred_until"] = _moments(times.occurred.until_ms[rows][take])
    made["time_precision"] = [PRECISION_WORDS[level] for level in precision.tolist()]
    made["time_flags"] = [_FLAG_TEXTS[bits] for bits in times.flags[rows][take].tolist()]
    cases = () if stage.options.layer is EventLayer.INCIDENTS else CASE_TIMES
    for name in (*_ALL_TIMES, *cases):
        moments: Moments | None = times.further.get(name)
        made[name] = (
            [None] * int(take.sum()) if moments is None else _moments(moments.ms[rows][take])
        )
    return made


def _moments(ms: IntArray) -> list[str | None]:
    """Write moments as the store does; a column without any is not written out to be dropped."""
    return [None] * len(ms) if (ms == NO_TIME).all() else utc_texts(ms)


def _texts(stage: Stage, frame: pd.DataFrame, tally: Tally) -> dict[str, Sequence[Any]]:
    mapping = stage.options.mapping
    made: dict[str, Sequence[Any]] = {}
    for name in _FREE_TEXTS:
        made[name] = [None] * len(frame)
        if name in mapping:
            made[name] = _free_text(frame[mapping[name]], tally)
    made["stated_unit"] = [None] * len(frame)
    if "stated_unit" in mapping:
        units = frame[mapping["stated_unit"]]
        safe = {unit: safe_unit(str(unit)) or None for unit in units.unique()}
        made["stated_unit"] = units.map(safe).astype(object).where(units != "", None).tolist()
    return made


def _free_text(texts: pd.Series, tally: Tally) -> list[str | None]:
    masked, counts = mask_text(texts)
    tally.masked.update(counts)
    trimmed = pc.utf8_trim_whitespace(arrow_text(masked))
    trimmed = pc.replace_substring(trimmed, pattern="\x00", replacement="")
    shown: list[str | None] = pc.if_else(
        pc.equal(trimmed, ""), pa.scalar(None, pa.large_string()), trimmed
    ).to_pylist()
    return shown


def safe_unit(unit: str) -> str:
    """Keep codes of places (a 15-digit grid code is no person); hide a person's number."""
    kind = person_number(unit)
    return f"[{kind}]" if kind in {"id", "mobile"} else unit.strip()


def _own_columns(stage: Stage, frame: pd.DataFrame, tally: Tally) -> dict[str, Sequence[Any]]:
    layer, mapping, count = stage.options.layer, stage.options.mapping, len(frame)
    if layer is EventLayer.INCIDENTS:
        return {}
    made: dict[str, Sequence[Any]] = {"severity": [None] * count}
    counts_and_words, unmapped = case_columns(frame, mapping)
    made.update(counts_and_words)
    for name, mapped in unmapped.items():
        _count_unmapped(tally, name, mapped)
    if "severity" in mapping:
        mapped = map_severities(frame[mapping["severity"]])
        _count_unmapped(tally, "severity", mapped)
        made["severity"] = mapped.codes.tolist()
    if layer is EventLayer.HAZARDS:
        made["is_major"] = [None] * count
        if "is_major" in mapping:
            made["is_major"] = _nothing_for_blank(map_flags(frame[mapping["is_major"]]))
        return made
    made["root_hazard_ref"] = [None] * count
    if "root_hazard_ref" in mapping:
        ids, _replaced = safe_ids(frame[mapping["root_hazard_ref"]], stage.key)
        made["root_hazard_ref"] = [text or None for text in ids.tolist()]
    return made


def _attributes(
    stage: Stage, frame: pd.DataFrame, place: tuple[slice, BoolArray], tally: Tally
) -> list[str | None]:
    rows, take = place
    named: dict[str, list[str | None]] = {
        name: _free_text(frame[name], tally) for name in stage.kept
    }
    times = stage.survey.times
    if times.occurred.clock_text is not None:
        text = times.occurred.clock_text.iloc[rows].loc[take]
        named["clock"] = _free_text(text, tally)
    for name, moments in times.further.items():
        bad = moments.bad[rows][take]
        if bad.any():
            column = frame[stage.options.mapping[name]]
            named[f"{name}_text"] = _free_text(column.where(pd.Series(bad), ""), tally)
    if not named:
        return [None] * len(frame)
    names = list(named)
    made: list[str | None] = []
    for values in zip(*named.values(), strict=True):
        filled = {name: value for name, value in zip(names, values, strict=True) if value}
        made.append(json.dumps(filled, ensure_ascii=False, sort_keys=True) if filled else None)
    return made


def _nothing_for_blank(values: pd.Series) -> list[Any]:
    return [None if value is None or value != value else value for value in values.tolist()]  # noqa: PLR0124 - NaN is not itself


def _floats(values: FloatArray) -> list[float | None]:
    if not np.isfinite(values).any():
        return [None] * len(values)
    return [None if value != value else value for value in values.tolist()]  # noqa: PLR0124 - NaN is not itself


def _as_text(values: Sequence[Any]) -> pa.Array | pa.Scalar:
    """Give a column as text; a bare one as a single missing value, which is much quicker."""
    if isinstance(values, list) and values.count(None) == len(values):
        return pa.scalar(None, pa.string())
    return pc.cast(pa.array(values), pa.string())


def _hashes(columns: Mapping[str, Sequence[Any]], lon: FloatArray, lat: FloatArray) -> list[str]:
    """Fingerprint each row's content: what follows from its key or its channel is left out."""
    pieces = [pc.cast(pa.array(side), pa.string()) for side in (lon, lat)]
    named = [name for name in sorted(columns) if name not in _UNHASHED]
    pieces += [_as_text(columns[name]) for name in named]
    filled = [pc.fill_null(piece, "\x00") for piece in pieces]
    joined = pc.binary_join_element_wise(*filled, "\x1f")
    whole = pc.cast(joined, pa.binary()).to_pylist()
    return [hashlib.blake2b(text, digest_size=16).hexdigest() for text in whole]
