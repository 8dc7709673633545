"""Ask which cases to list: scope, layers, kinds, states, lights, place, period, channel, id.

Used by the screen of cases. Knows nothing of records; choices go to `dashboard.session`.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

import streamlit as st

from dashboard import session as visitor
from dashboard.components.case_words import KIND_GROUPS, LIGHT_SIGNS
from dashboard.components.formats import area_text, whole
from dashboard.session import FIRST_DAY, LAST_DAY
from dashboard.viewmodels.cases_wanted import ALL_KINDS, CASE_PERIODS, SCOPES
from data.lifecycle import Light
from data.repositories.places import today_here
from data.vocabulary import CaseStatus, ChannelGroup, EventLayer

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dashboard.text import Words
    from dashboard.viewmodels.cases_wanted import CaseWanted
    from dashboard.viewmodels.town import Town

_NARROW_PX: Final = 160
_WIDE_PX: Final = 250
_SHOWN_LIGHTS: Final = (Light.RED, Light.YELLOW, Light.GREEN, Light.STOPPED, Light.NONE)


def case_filters(words: Words, town: Town) -> CaseWanted:
    """Show the row of filters, keep what was chosen, and give all of it.

    The row wraps on a phone; what is asked for rarely stands behind a button.
    """
    held = visitor.load().cases
    visitor.seed("c_scope", held.scope)
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        scope = st.selectbox(
            words("cases.scope"), SCOPES, key="c_scope", width=_NARROW_PX,
            format_func=lambda code: words(f"case_scope.{code}"),
        )  # fmt: skip
        layers = _many(words, "layers", [layer.value for layer in EventLayer], "layer", held.layers)
        unit = _unit(words, town, held.unit)
        wanted = replace(held, scope=scope, layers=layers, unit=unit)
        wanted = _period(words, wanted)
        rare = (
            *held.kinds,
            *held.states,
            *held.channel_groups,
            *([held.text] if held.text else []),
        )
        label = words("cases.more_n", n=len(rare)) if rare else words("cases.more")
        with st.popover(label):
            wanted = _rare(words, wanted)
        st.space("stretch")
        st.button(words("report.new"), type="primary", key="report_new", on_click=open_form)
    return keep(held, wanted)


def open_form() -> None:
    """Begin a new report; what was typed and clicked before does not count for it."""
    desk = visitor.load().case_desk
    visitor.update(case_desk=replace(desk, is_reporting=True, done=desk.done + 1))


def _rare(words: Words, held: CaseWanted) -> CaseWanted:
    kinds = _kinds(words, held.layers, held.kinds)
    states = _many(words, "states", [s.value for s in CaseStatus], "status", held.states)
    groups = [group.value for group in ChannelGroup]
    channels = _many(words, "channels", groups, "channel_group", held.channel_groups)
    visitor.seed("c_id", held.text)
    text = st.text_input(words("cases.id"), key="c_id", placeholder=words("cases.id_hint"))
    return replace(
        held, kinds=kinds, states=states, channel_groups=channels, text=text.strip()[:80]
    )


def light_choice(words: Words, by_light: Mapping[str, int]) -> CaseWanted:
    """Show how many cases have which light; a click keeps only those."""
    held = visitor.load().cases
    visitor.seed("c_lights", [code for code in held.lights if code in set(Light)])
    names = {
        light.value: f"{LIGHT_SIGNS[light].mark} {words(f'case_light.{light.value}')} "
        f"**{whole(by_light.get(light.value, 0))}**"
        for light in _SHOWN_LIGHTS
    }
    chosen = st.pills(
        words("cases.lights"), list(names), selection_mode="multi", key="c_lights",
        format_func=lambda code: names[code], label_visibility="collapsed",
    )  # fmt: skip
    return keep(held, replace(held, lights=tuple(chosen)))


def _period(words: Words, held: CaseWanted) -> CaseWanted:
    """Ask for the period; days count back from the latest record."""
    visitor.seed("c_period", held.period)
    key = st.selectbox(
        words("cases.period"), CASE_PERIODS, key="c_period", width=_NARROW_PX,
        format_func=lambda code: words(f"period.{code}"), help=words("cases.period_help"),
    )  # fmt: skip
    if key != "custom":
        return replace(held, period=key)
    last_on = held.last_on or today_here()
    for name, day in (("since", held.since_on or last_on), ("until", last_on)):
        visitor.seed(f"c_{name}", min(max(day, FIRST_DAY), LAST_DAY))
    since_on, until_on = (
        st.date_input(
            words(f"filter.{name}"), min_value=FIRST_DAY, max_value=LAST_DAY,
            key=f"c_{name}", format="YYYY-MM-DD", width=_NARROW_PX,
        )
        for name in ("since", "until")
    )  # fmt: skip
    if since_on is None or until_on is None or since_on > until_on:
        return held
    return replace(held, period=key, since_on=since_on, last_on=until_on)


def keep(held: CaseWanted, wanted: CaseWanted) -> CaseWanted:
    """Keep a choice; another choice begins at the first page."""
    if wanted != held:
        wanted = replace(wanted, page=1 if wanted.page == held.page else wanted.page)
        visitor.update(cases=wanted)
    return wanted


def _many(
    words: Words, name: str, options: Sequence[str], group: str, chosen: tuple[str, ...]
) -> tuple[str, ...]:
    visitor.seed(f"c_{name}", [code for code in chosen if code in options])
    return tuple(
        st.multiselect(
            words(f"cases.{name}"), list(options), key=f"c_{name}", wrap=False,
            width=_NARROW_PX if name == "layers" else "stretch",
            format_func=lambda code: words.label(group, code), placeholder=words("filter.any"),
        )
    )  # fmt: skip


def _kinds(words: Words, layers: tuple[str, ...], chosen: tuple[str, ...]) -> tuple[str, ...]:
    shown = [layer for layer in EventLayer if not layers or layer.value in layers]
    group_of = {kind: KIND_GROUPS[layer.value] for layer in shown for kind in ALL_KINDS[layer]}
    # a key of its own for each set of layers: a widget must not hold what is no option of it
    key = "c_kinds_" + "_".join(layers)
    visitor.seed(key, [code for code in chosen if code in group_of])
    return tuple(
        st.multiselect(
            words("cases.kinds"), list(group_of), key=key, wrap=False,
            format_func=lambda code: words.label(group_of[code], code),
            placeholder=words("filter.any"),
        )
    )  # fmt: skip


def _unit(words: Words, town: Town, chosen: str) -> str:
    level = str(town.level)
    names = {area.key: area_text(words, area) for area in town.areas}
    names |= {f"{level}:{code}": f"{name} · {code}" for code, name in town.units["name"].items()}
    options = ["", *names]
    visitor.seed("c_unit", chosen if chosen in names else "")
    return st.selectbox(
        words("cases.unit"), options, key="c_unit", width=_WIDE_PX,
        format_func=lambda key: names.get(key, key or words("filter.all_areas")),
    )  # fmt: skip
