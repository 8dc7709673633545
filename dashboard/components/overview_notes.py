"""Say beside the map what its counts stand on, and what to do when there is nothing to count.

Used by the overview.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from dashboard import cache
from dashboard.components.formats import area_text, span_text, whole
from dashboard.components.grids_choice import grids_told
from data.config import DEFAULT_STORE

if TYPE_CHECKING:
    from streamlit.navigation.page import StreamlitPage

    from dashboard.text import Words
    from dashboard.viewmodels.facts import Facts
    from dashboard.viewmodels.overview import Overview


def sum_text(words: Words, shown: Overview) -> str:
    """Say where every incident of the filter is; the parts add up to the total."""
    found = shown.reconciled
    parts = [words("overview.sum_units" if shown.area is None else "overview.sum_area",
                   n=whole(found.in_area))]  # fmt: skip
    shown_names = [name for name in ("elsewhere", "retired") if getattr(found, name)]
    parts += [
        words(f"overview.sum_{name}", n=whole(getattr(found, name)))
        for name in (*shown_names, "outside", "unlocated")
    ]
    text = words("overview.sum", parts=" + ".join(parts), total=whole(found.total))
    if found.on_border:
        text += " " + words("overview.on_border", n=whole(found.on_border))
    if found.imprecise:
        text += " " + words("count.imprecise", n=whole(found.imprecise))
    return text


def grids_text(words: Words, shown: Overview, *, escaped: bool = False) -> str:
    """Say on which grids the counts stand; `escaped` for Markdown."""
    told = grids_told(words, shown.wanted.as_of, escaped=escaped)
    if shown.wanted.measure != "posts" or cache.plan_grids(shown.wanted.as_of) is None:
        return told
    return f"{told} {words('grids_of.posts', measure=words('measure.posts'))}"


def map_notes(words: Words, shown: Overview, facts: Facts) -> tuple[str, ...]:
    """Say what a saved map shows, as plain text: made-up records, filters, grids, the sum."""
    wanted, joint = shown.wanted, words("joint.items")
    kinds = joint.join(words.label("incident_kind", code) for code in wanted.kinds)
    groups = joint.join(words.label("channel_group", code) for code in wanted.channel_groups)
    filters = words(
        "overview.filtered",
        area=area_text(words, shown.area) if shown.area else words("filter.all_areas"),
        span=span_text(words, shown.span),
        kinds=kinds or words("filter.any"),
        channels=groups or words("filter.any"),
    )
    notes = (filters, grids_text(words, shown), sum_text(words, shown))
    if not facts.scenario:
        return notes
    name = words.label("scenario", facts.scenario)
    return (f"{words('app.synthetic', name=name)} {words('app.synthetic_help')}", *notes)


def nothing_yet(words: Words, import_page: StreamlitPage) -> None:
    """Tell the visitor of an empty store what to do next."""
    st.header(words("empty.title"), anchor=False)
    st.write(words("empty.text"))
    st.write(words("empty.scenario"))
    store = cache.config().store_url
    option = "" if store == DEFAULT_STORE else f" --store {store}"
    st.code(f"gridbeat run --scenario golmud_hexi{option}", language="bash")
    st.write(words("empty.import"))
    st.page_link(import_page, label=words("empty.go_import"), icon=":material/upload:")
