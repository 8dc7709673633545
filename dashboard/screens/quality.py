"""Show what is doubtful in the store: quarantine, places, times, boundary faults, the books."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import streamlit as st

from dashboard import cache
from dashboard import session as visitor
from dashboard.cache import quality as kept
from dashboard.components.fault_panel import show_faults
from dashboard.components.formats import whole
from dashboard.components.mend_form import mend_panel, settle_pending
from dashboard.components.notices import guard
from dashboard.components.quality_rows import (
    LAYER_COLUMNS,
    RECORD_COLUMNS,
    audit_rows,
    batch_rows,
    layer_rows,
    listed_rows,
    rejected_rows,
    stated_rows,
)
from dashboard.components.tables import table

if TYPE_CHECKING:
    from dashboard.text import Words
    from dashboard.viewmodels.quality import Quality

MAP_PX: Final = 480
_ALL: Final = 0
SECTIONS: Final = ("places", "rejected", "faults", "imports", "audit")


def render(words: Words) -> None:
    """Draw the page."""
    with guard(words):
        session = visitor.load()
        settle_pending(words)
        found = kept.quality(session.held_as_of)
        _figures(words, found)
        visitor.seed("quality_section", SECTIONS[0])
        section = st.segmented_control(
            words("quality.section"),
            SECTIONS,
            required=True,
            format_func=lambda name: words(f"quality.tab_{name}"),
            key="quality_section",
            label_visibility="collapsed",
        )
        if section == "faults":
            show_faults(words, cache.town(session.held_as_of), kept.faults(session.held_as_of))
        else:
            _SHOW[str(section)](words, found)


def _figures(words: Words, found: Quality) -> None:
    figures = (
        ("rejected", len(found.rejected)),
        ("repeated", found.repeated_ids),
        ("outside", sum(layer.outside for layer in found.layers)),
        ("on_border", sum(layer.on_border for layer in found.layers)),
        ("unlocated", sum(layer.unlocated for layer in found.layers)),
        ("unsound_times", sum(layer.unsound_times for layer in found.layers)),
    )
    for box, (name, n) in zip(st.columns(len(figures), gap="small"), figures, strict=True):
        help_text = words(f"quality.{name}_help")
        box.metric(words(f"quality.{name}"), whole(n), help=help_text, border=True)


def _places(words: Words, found: Quality) -> None:
    st.caption(words("quality.sum"))
    table(words, layer_rows(words, found.layers), LAYER_COLUMNS, key="quality_layers")
    tz = cache.facts().tz
    for box, name in zip(st.columns(2, gap="medium"), ("outside", "border"), strict=True):
        with box:
            st.markdown(f"**{words(f'quality.{name}_list')}**")
            _list(words, listed_rows(words, found.layers, name, tz), RECORD_COLUMNS, name)
    st.markdown(f"**{words('quality.stated_list')}**")
    _list(words, stated_rows(words, found.layers), ("layer_of_event", "stated_unit", "n"), "stated")


def _list(words: Words, rows: list[dict[str, object]], columns: tuple[str, ...], name: str) -> None:
    if rows:
        table(words, rows, columns, key=f"quality_{name}")
    else:
        st.caption(words(f"quality.none_{name}"))


def _rejected(words: Words, found: Quality) -> None:
    names = {batch.id: f"{batch.id} · {batch.file_name}" for batch in found.batches}
    held = sorted({row.batch_id for row in found.rejected}, reverse=True)
    if found.mended or found.dismissed:
        st.caption(words("mend.settled", mended=found.mended, dismissed=found.dismissed))
    if not held:
        st.success(words("quality.none_rejected"))
        return
    chosen = st.selectbox(
        words("quality.batch"),
        [_ALL, *held],
        format_func=lambda number: (
            words("quality.all_batches") if number == _ALL else names.get(number, str(number))
        ),
        key="quality_batch",
        width=460,
    )
    rows = [row for row in found.rejected if chosen in {_ALL, row.batch_id}]
    columns = ("batch", "line", "column", "reason", "value")
    table(words, rejected_rows(words, rows), columns, key="quality_rejected")
    st.caption(words("quality.rejected_note"))
    mend_panel(words, rows)


def _imports(words: Words, found: Quality) -> None:
    columns = (
        "batch",
        "layer",
        "file",
        "state",
        "rows",
        "inserted",
        "updated",
        "unchanged",
        "rejected",
        "at",
        "actor",
    )
    rows = batch_rows(words, found.batches, cache.facts().tz)
    _list(words, rows, columns, "imports")


def _audit(words: Words, found: Quality) -> None:
    say = st.success if found.audit_intact else st.error
    say(words("quality.audit_intact" if found.audit_intact else "quality.audit_broken"))
    rows = audit_rows(words, found.audit, cache.facts().tz)
    _list(words, rows, ("at", "actor", "action", "subject", "rows"), "audit")
    st.caption(words("quality.audit_note"))


_SHOW: Final = {"places": _places, "rejected": _rejected, "imports": _imports, "audit": _audit}
