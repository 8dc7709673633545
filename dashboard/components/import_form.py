"""Ask how a file is to be read: columns, times, datum, what else to keep.

Used by the import screen. Labels are ours; names of columns and cells come from the file and are
shown as text.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from zoneinfo import available_timezones

import streamlit as st

from dashboard import session as visitor
from dashboard.actions.imports import DATUMS, ImportKind, Look, Plan
from dashboard.components.plain import plain
from data.config import DEFAULT_TZ
from data.importers.columns import TIME_PARTS
from data.importers.options import DUPLICATE_RULES
from data.importers.tables import TableOptions
from data.importers.times import CALENDARS, TimeRules
from data.vocabulary import GridKind

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

    from dashboard.text import Words

_PER_ROW: Final = 4
_EVENT_MAIN: Final = (
    "external_id",
    "occurred_at",
    "kind",
    "lon",
    "lat",
    "stated_unit",
    "channel",
    "description",
)
_EPSG: Final = "epsg"


@dataclass(frozen=True)
class Form:
    """Which file's form this is; keys of widgets carry its number."""

    words: Words
    kind: ImportKind
    number: int

    def key(self, name: str) -> str:
        """Key of one widget."""
        return f"import_{self.number}_{self.kind.value}_{name}"


def table_options(form: Form, limit_bytes: int) -> TableOptions:
    """Ask how the table is written; everything is found out unless stated."""
    words = form.words
    with st.expander(words("import.reading")):
        boxes = st.columns(4, gap="small")
        encoding = boxes[0].selectbox(
            words("import.encoding"),
            ("", "utf-8", "gb18030", "cp950", "utf-16"),
            format_func=lambda name: name or words("import.find_out"),
            key=form.key("encoding"),
            persist_state="session",
        )
        delimiter = boxes[1].selectbox(
            words("import.delimiter"),
            ("", ",", ";", "tab", "|"),
            format_func=lambda sign: (
                words("import.find_out")
                if not sign
                else (words("import.tab") if sign == "tab" else sign)
            ),
            key=form.key("delimiter"),
            persist_state="session",
        )
        decimal = boxes[2].selectbox(
            words("import.decimal"), (".", ","), key=form.key("decimal"), persist_state="session"
        )
        part = boxes[3].text_input(
            words("import.part"),
            key=form.key("part"),
            persist_state="session",
            help=words("import.part_help"),
        )
    return TableOptions(
        encoding=encoding or None,
        delimiter=delimiter or None,
        decimal=decimal,
        sheet=part.strip() or None,
        layer=part.strip() or None,
        max_bytes=limit_bytes,
    )


def mapping_form(form: Form, found: Look) -> dict[str, str]:
    """Ask which column holds which field, with the guesses filled in."""
    fields = form.kind.fields
    first: list[str] = list(fields)
    if form.kind.is_event:
        first = [name for name in _EVENT_MAIN if name in fields]
    guessed = {name: guess.column for name, guess in found.suggested.items()}
    first += [name for name in fields if name in guessed and name not in first]
    chosen = _selects(form, first, found.columns, guessed)
    further = [name for name in fields if name not in first]
    if further:
        with st.expander(form.words("import.further_fields")):
            chosen |= _selects(form, further, found.columns, guessed)
    return {name: column for name, column in chosen.items() if column}


def _selects(
    form: Form, names: Sequence[str], columns: tuple[str, ...], guessed: Mapping[str, str]
) -> dict[str, str]:
    words = form.words
    chosen: dict[str, str] = {}
    for start in range(0, len(names), _PER_ROW):
        boxes = st.columns(_PER_ROW, gap="small")
        for box, name in zip(boxes, names[start : start + _PER_ROW], strict=False):
            is_needed = name in form.kind.required
            key = form.key(f"map_{name}")
            visitor.seed(key, guessed.get(name, ""))
            chosen[name] = box.selectbox(
                words.label("field", name) + (" *" if is_needed else ""),
                ("", *columns),
                format_func=lambda column: column or words("import.no_column"),
                key=key,
                persist_state="session",
            )
    return chosen


def plan_form(form: Form, found: Look, mapping: dict[str, str], table: TableOptions) -> Plan:
    """Ask for everything else and put the plan together."""
    left, middle, right = st.columns(3, gap="medium")
    with left:
        datum, crs = datum_form(form, found)
        trusts = (
            form.kind.is_located
            and datum is not None
            and st.checkbox(
                form.words("import.trust_datum"),
                key=form.key("trust"),
                persist_state="session",
                help=form.words("import.trust_datum_help"),
            )
        )
    with middle:
        has_times = form.kind.is_event or form.kind.is_register
        times = _times(form) if has_times else TimeRules()
        grid_kind, effective, repair = _place_choices(form)
    with right:
        source = st.text_input(
            form.words("import.source"),
            key=form.key("source"),
            persist_state="session",
            help=form.words("import.source_help"),
        )
        rule = _duplicates(form)
        keep = _keep(form, found, mapping)
    return Plan(
        kind=form.kind,
        mapping=mapping,
        keep=keep,
        datum=datum,
        crs=crs,
        times=times,
        duplicate_rule=rule,
        trusts_datum=trusts,
        grid_kind=grid_kind,
        effective=effective,
        repair=repair,
        source=source.strip() or None,
        table=table,
    )


def datum_form(form: Form, found: Look) -> tuple[str | None, str | None]:
    """Ask what the coordinates are: only where the file does not say."""
    words = form.words
    if not found.needs_datum:
        if found.crs:
            st.caption(words("import.crs_of_file", crs=plain(found.crs[:60])))
        elif form.kind.is_located:
            st.caption(words("import.no_coordinates"))
        return None, None
    chosen = st.selectbox(
        words("import.datum") + " *",
        ("", *DATUMS, _EPSG),
        format_func=lambda name: _datum_label(words, name),
        key=form.key("datum"),
        persist_state="session",
        help=words("import.datum_help"),
    )
    st.caption(advice_text(words, found))
    if chosen != _EPSG:
        return chosen or None, None
    code = st.text_input(
        words("import.epsg"), key=form.key("epsg"), persist_state="session", placeholder="EPSG:4547"
    )
    return None, code.strip() or None


def _datum_label(words: Words, name: str) -> str:
    if not name:
        return words("import.choose_datum")
    return words("import.other_crs") if name == _EPSG else words.label("datum", name)


def advice_text(words: Words, found: Look) -> str:
    """Say what the datum audit found."""
    best = found.advice.get("recommended")
    if not best:
        return words("import.no_advice")
    share = f"{100 * float(found.advice.get('share') or 0):.1f}"
    return words("import.advice", datum=words.label("datum", str(best)), share=share)


def _times(form: Form) -> TimeRules:
    words = form.words
    zones = sorted(available_timezones())
    visitor.seed(form.key("tz"), DEFAULT_TZ)
    zone = st.selectbox(words("import.tz"), zones, key=form.key("tz"), persist_state="session")
    calendar = st.selectbox(
        words("import.calendar"),
        ("", *CALENDARS),
        format_func=lambda name: words(f"import.calendar_{name}" if name else "import.find_out"),
        key=form.key("calendar"),
        persist_state="session",
    )
    pattern = st.text_input(
        words("import.time_format"),
        key=form.key("time_format"),
        persist_state="session",
        placeholder="%d/%m/%Y %H:%M",
        help=words("import.time_format_help"),
    )
    return TimeRules(zone, pattern.strip() or None, calendar or None)


def _place_choices(form: Form) -> tuple[str, date | None, bool]:
    words = form.words
    if not form.kind.is_place:
        return GridKind.BASE.value, None, False
    grid_kind = GridKind.BASE.value
    if form.kind is ImportKind.GRIDS:
        grid_kind = st.selectbox(
            words("import.grid_kind"),
            [kind.value for kind in GridKind],
            format_func=lambda kind: words.label("grid_kind", kind),
            key=form.key("grid_kind"),
            persist_state="session",
        )
    effective = st.date_input(
        words("import.effective"),
        value=None,
        key=form.key("effective"),
        persist_state="session",
        format="YYYY-MM-DD",
        help=words("import.effective_help"),
    )
    repair = st.checkbox(
        words("import.repair"),
        key=form.key("repair"),
        persist_state="session",
        help=words("import.repair_help"),
    )
    return grid_kind, effective, repair


def _duplicates(form: Form) -> str:
    if not form.kind.is_event:
        return DUPLICATE_RULES[0]
    return st.selectbox(
        form.words("import.duplicates"),
        DUPLICATE_RULES,
        format_func=lambda rule: form.words(f"import.duplicates_{rule}"),
        key=form.key("duplicates"),
        persist_state="session",
    )


def _keep(form: Form, found: Look, mapping: Mapping[str, str]) -> tuple[str, ...]:
    """Offer the columns that are neither mapped nor hold persons; none is kept unless named."""
    taken = {*mapping.values(), *found.person_columns}
    free = [column for column in found.columns if column not in taken]
    if not free or form.kind.is_people or form.kind.is_line:
        return ()
    kept = st.multiselect(
        form.words("import.keep"),
        free,
        key=form.key("keep"),
        persist_state="session",
        help=form.words("import.keep_help"),
        placeholder=form.words("import.keep_none"),
    )
    return tuple(kept)


def time_is_mapped(mapping: Mapping[str, str]) -> bool:
    """Whether the mapping says when things happened."""
    return any(name in mapping for name in ("occurred_at", "date", *TIME_PARTS))
