"""Show what stands against a plan: a list by kind, each finding with its place on the map.

Used by the planner's page.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import streamlit as st

from dashboard import cache
from dashboard.cache import plan_views
from dashboard.components.formats import DASH, percent, whole
from dashboard.components.map_panel import map_panel
from dashboard.components.notices import guard, warning_text
from dashboard.components.overview_map import basemap_of
from dashboard.components.plan_scenes import Drawn, around, division_scene, finding_layer
from dashboard.components.plan_tables import picked
from dashboard.printing.impact_words import check_text, codes_text
from dashboard.viewmodels.plan_checks import FAULTS, KINDS, PlanFindings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dashboard.text import Words
    from dashboard.viewmodels.plan_checks import Finding

MAP_PX: Final = 560


def render(words: Words, plan_id: int) -> None:
    """Show the checks of a plan."""
    with guard(words), st.spinner(words("plan_check.working")):
        found = plan_views.findings(plan_id)
        _verdict(words, found)
        if not found.findings:
            return
        kind = _kind(words, found)
        listed = [each for each in found.findings if kind in {"", each.kind}]
        left, right = st.columns((1, 1), gap="medium")
        with left:
            chosen = _list(words, plan_id, listed, kind)
        with right:
            _map(words, found, listed, chosen)


def _verdict(words: Words, found: PlanFindings) -> None:
    """Say first whether it could be published, and what is new."""
    new = sum(each.is_new for each in found.findings)
    if found.is_publishable:
        st.success(words("plan_check.publishable", new=whole(new),
                         old=whole(len(found.findings) - new)))  # fmt: skip
    else:
        refused = sum(each.is_refused for each in found.findings)
        st.error(words("plan_check.refused", n=whole(refused)))
    for code, fields in found.warnings:
        st.warning(warning_text(words, code, fields))


def _kind(words: Words, found: PlanFindings) -> str:
    """Choose a kind; each says how many there are, and how many are new."""
    counts = found.counts
    kinds = ["", *(kind for kind in KINDS if counts[kind][0])]
    told = st.pills(
        words("plan_check.kind"),
        kinds,
        default="",
        format_func=lambda kind: _kind_text(words, found, kind),
        key="plan_check_kind",
    )
    return str(told or "")


def _kind_text(words: Words, found: PlanFindings, kind: str) -> str:
    if not kind:
        return words("plan_check.all", n=whole(len(found.findings)))
    every, new = found.counts[kind]
    return words("plan_check.of_kind", kind=kind_name(words, kind), n=whole(every), new=whole(new))


def kind_name(words: Words, kind: str) -> str:
    """Name a kind of finding."""
    return words.label("fault", kind) if kind in FAULTS else words(f"plan_check_kind.{kind}")


def _list(words: Words, plan_id: int, listed: Sequence[Finding], kind: str) -> Finding | None:
    rows = [
        (
            words("plan_check.is_new") if each.is_new else words("plan_check.is_old"),
            kind_name(words, each.kind),
            codes_text(words, each.codes),
            detail_text(words, each),
        )
        for each in listed
    ]
    headings = [words(f"plan_check.col_{name}") for name in ("new", "kind", "grids", "detail")]
    key = f"plan_check_{plan_id}_{kind}_{words.language}"
    at = picked(headings, rows, key=key, about=words("plan_check.places"))
    chosen = None if at is None else listed[at]
    if chosen is None:
        st.caption(words("plan_check.pick"))
    elif chosen.place is None:
        st.caption(words("plan_check.no_place"))
    return chosen


def detail_text(words: Words, finding: Finding) -> str:
    """Say how large a fault is, how far off a band, or what is to be settled."""
    if finding.settles is not None:
        return check_text(words, finding.settles)
    if finding.kind.startswith("households"):
        return words("plan_check.households", n=whole(finding.fields["value"]))
    if finding.kind.startswith("load"):
        return words("plan_check.load", share=percent(finding.fields["value"], signed=True))
    area, width = finding.fields["area_m2"], finding.fields["width_m"]
    if not area:
        return DASH
    return words("plan_check.size", area=f"{area:,.1f}", width=f"{width:,.2f}")


def _map(
    words: Words, found: PlanFindings, listed: Sequence[Finding], chosen: Finding | None
) -> None:
    place = None if chosen is None else chosen.place
    new = [each for each in listed if each.is_new]
    is_mixed = len({each.kind for each in listed}) > 1
    shown = [chosen] if chosen is not None else new if is_mixed and new else list(listed)
    drawn = Drawn(
        grids=found.grids,
        told=tuple(f"{code}\n{name}" for code, name in
                   zip(found.grids["grid_code"], found.grids["name"], strict=True)),
        title=words("plan_check.map", n=whole(len(shown))),
        fit_key="all" if place is None else f"{chosen.kind}:{place.bounds}" if chosen else "",
        bounds=None if place is None else around(place),
    )  # fmt: skip
    town = cache.town("today")
    over = (finding_layer(words, shown),)
    scene = division_scene(words, town, drawn, over, basemap_of(cache.config()))
    map_panel(scene, key="plan_check_map", height=MAP_PX)
    if len(shown) < len(listed) and chosen is None:
        st.caption(words("plan_check.only_new"))
