"""Show the first rows of an uploaded file, and say what still has to be chosen.

Used by the import screen. Everything shown was masked before.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pandas as pd
import streamlit as st

from dashboard.actions.import_kinds import ImportKind
from dashboard.components.formats import how_read, whole
from dashboard.components.import_form import time_is_mapped
from dashboard.components.notices import warning_text
from dashboard.components.plain import plain

if TYPE_CHECKING:
    from dashboard.actions.imports import Look, Plan
    from dashboard.text import Words

PREVIEW_PX: Final = 250


def uploader_style(words: Words) -> str:
    """Put our own words in place of Streamlit's English ones."""
    return f"""<style>
    [data-testid="stFileUploaderDropzoneInstructions"] {{display: none}}
    [data-testid="stFileUploaderDropzone"] button p {{font-size: 0}}
    [data-testid="stFileUploaderDropzone"] button p::after {{
        content: "{words("import.choose_file")}"; font-size: 1rem}}
    </style>"""


def kind_label(words: Words, name: str) -> str:
    """Name a kind behind its group, so that the long list reads as a few short ones."""
    kind = ImportKind(name)
    return f"{words(f'import_group.{kind.group}')} · {words(f'import_kind.{name}')}"


def missing_parts(words: Words, plan: Plan, found: Look) -> list[str]:
    """Say what still has to be chosen before the import can run."""
    lacking = [name for name in plan.kind.required if name not in plan.mapping]
    sentences = [words("import.need_field", field=words.label("field", name)) for name in lacking]
    if plan.kind.is_event and not time_is_mapped(plan.mapping):
        sentences.append(words("import.need_time"))
    if found.needs_datum and not plan.datum and not plan.crs:
        sentences.append(words("import.need_datum"))
    return sentences


def show_preview(words: Words, found: Look) -> None:
    """Show what was found out about the file, its first rows, and the columns it will lose."""
    rows = whole(found.row_count_hint) if found.row_count_hint is not None else "?"
    how = how_read(words, found.encoding, found.delimiter)
    key = "import.found" if how else "import.found_bare"
    st.caption(words(key, rows=rows, columns=len(found.columns), how=how))
    frame = pd.DataFrame([dict(row) for row in found.rows], columns=list(found.columns))
    frame.insert(0, words("column.line"), list(found.lines))
    st.dataframe(frame, hide_index=True, width="stretch", height=PREVIEW_PX,
                 alt=words("import.preview"))  # fmt: skip
    if found.person_columns:
        st.warning(words("import.persons", columns=plain(", ".join(found.person_columns))))
    for caution in found.warnings:
        st.warning(warning_text(words, caution.code, caution.fields))
