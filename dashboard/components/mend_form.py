"""Open a quarantined row as a form: its masked fields, the one at fault marked, the reason said.

Used by the data-quality screen. What was typed is settled at the start of the next run, before the
lists are read, so that the lists show it and a row that somebody else closed is still answered.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import streamlit as st

from dashboard import cache
from dashboard import session as visitor
from dashboard.actions import mending as acts
from dashboard.components.notices import guard
from dashboard.components.plain import plain
from dashboard.components.quality_rows import reason_text
from data.importers.mending import LONGEST_NOTE

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from dashboard.text import Words
    from data.importers.mending import MendForm

MOST_CHOICES: Final = 500
_PENDING: Final = "mend_pending"
_TRIES: Final = "mend_tries"
_LONG: Final = 60


def settle_pending(words: Words) -> None:
    """Do what the last click asked, and say what became of the row."""
    asked = visitor.value(_PENDING)
    if not isinstance(asked, tuple):
        return
    visitor.put(_PENDING, None)
    row, token, action, keys = asked
    typed = {column: str(visitor.value(key) or "") for column, key in keys.items()}
    note = str(visitor.value(f"mend_note_{row}") or "")
    with guard(words):
        told = acts.settle(
            cache.database(), cache.viewer(), acts.Mend(row, token, action, typed, note)
        )
        visitor.put(_TRIES, _tries() + 1)
        if told.state == "open":
            fault = reason_text(words, told.reason)
            st.warning(words("mend.still_bad", column=plain(told.column) or "—", reason=fault))
        else:
            st.success(words(f"mend.{told.state}"))


def mend_panel(words: Words, rows: Sequence[Any]) -> None:
    """Choose a row and mend it."""
    st.markdown(f"**{words('mend.title')}**")
    listed = {row.id: row for row in rows[:MOST_CHOICES]}
    if len(rows) > MOST_CHOICES:
        st.caption(words("mend.first_rows", n=MOST_CHOICES, of=len(rows)))
    chosen = st.selectbox(
        words("mend.row"),
        list(listed),
        index=None,
        placeholder=words("mend.choose"),
        format_func=lambda number: _title(words, listed[number]),
        key="mend_row",
        width=620,
    )
    if chosen is None:
        return
    with guard(words):
        _form(words, acts.look(cache.database(), cache.viewer(), int(chosen)))


def _title(words: Words, row: Any) -> str:  # noqa: ANN401 - a record of the quarantine
    line = words("mend.line", line=row.line)
    return f"{row.batch_id} · {line} · {row.column or '—'} · {reason_text(words, row.reason)}"


def _form(words: Words, shown: MendForm) -> None:
    held = shown.held
    st.warning(
        words(
            "mend.why",
            file=plain(held.file_name),
            line=held.line,
            column=plain(shown.at_fault) or words("mend.whole_row"),
            reason=reason_text(words, held.reason),
        )
    )
    if shown.whole_text:
        st.code(shown.whole_text, language=None)
    if shown.can_mend:
        _fields(words, shown)
    else:
        st.info(words("mend.in_file"))
    with st.expander(words("mend.dismiss")), st.form(f"mend_dismiss_{held.id}", border=False):
        st.text_input(words("mend.note"), key=f"mend_note_{held.id}", max_chars=LONGEST_NOTE)
        st.form_submit_button(
            words("mend.dismiss"),
            on_click=visitor.put,
            args=(_PENDING, (held.id, held.token, acts.DISMISS, {})),
        )


def _fields(words: Words, shown: MendForm) -> None:
    held, keys = shown.held, {}
    ordered = sorted(shown.values, key=lambda name: name != shown.at_fault)
    with st.form(f"mend_{held.id}_{_tries()}"):
        boxes = st.columns(2, gap="medium")
        for place, column in enumerate(ordered):
            keys[column] = f"mend_{held.id}_{_tries()}_{place}"
            with boxes[place % 2]:
                _field(words, shown, column, keys[column])
        st.caption(words("mend.note_masked"))
        st.form_submit_button(
            words("mend.resubmit"),
            type="primary",
            on_click=visitor.put,
            args=(_PENDING, (held.id, held.token, acts.RESUBMIT, keys)),
        )


def _field(words: Words, shown: MendForm, column: str, key: str) -> None:
    label = _label(words, shown, column)
    text = shown.values[column]
    if len(text) > _LONG:
        st.text_area(label, text, key=key)
    else:
        st.text_input(label, text, key=key)


def _label(words: Words, shown: MendForm, column: str) -> str:
    fields: Mapping[str, str] = shown.fields
    name = plain(column)
    if column in fields and words.has(f"field.{fields[column]}"):
        field = words.label("field", fields[column])
        name = name if field == column else f"{name} · {field}"
    if column == shown.at_fault:
        return f":red[▲ {name} — {reason_text(words, shown.held.reason)}]"
    return name


def _tries() -> int:
    tries = visitor.value(_TRIES)
    return tries if isinstance(tries, int) else 0
