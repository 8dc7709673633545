"""Say which cases a visitor asks for, and write it into an address and back.

Used by `dashboard.session` and the other view models of cases. Knows nothing of records. Every
parameter begins with `c_` but `case`, the record that is open.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING, Final

from data.lifecycle import Light
from data.vocabulary import (
    CaseStatus,
    ChannelGroup,
    DisputeKind,
    EventLayer,
    HazardKind,
    IncidentKind,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

SCOPES: Final = ("open", "overdue", "mine", "all")
CASE_PERIODS: Final = ("all", "7", "28", "365", "custom")
ALL_KINDS: Final[Mapping[EventLayer, tuple[str, ...]]] = {
    EventLayer.HAZARDS: tuple(kind.value for kind in HazardKind),
    EventLayer.DISPUTES: tuple(kind.value for kind in DisputeKind),
    EventLayer.INCIDENTS: tuple(kind.value for kind in IncidentKind),
}
_TEXT: Final = re.compile(r"[^\x00-\x1f\x7f<>]{1,80}")
_CASE: Final = re.compile(r"[^\x00-\x1f\x7f<>]{1,400}")
_SPAN: Final = re.compile(r"(\d{4}-\d{2}-\d{2})\.\.(\d{4}-\d{2}-\d{2})")
_FIRST: Final = date(1900, 1, 1)
_LAST: Final = date(2100, 12, 31)


@dataclass(frozen=True)
class CaseWanted:
    """Which cases to list.

    Parameters
    ----------
    scope
        `open` (waiting), `overdue`, `mine` (I took a step), `all` (incidents are in this one only).
    layers, kinds, states, lights, channel_groups
        Codes; empty means all.
    unit
        `level:code` of a grid, community or subdistrict, with everything below it.
    period
        `all`, days back from the latest record, or `custom` with both days (by when it was found).
    text
        Part of a record's id.
    page
        From 1.
    opened
        Key of the record whose page is open, as `CaseKey.as_text` writes it.
    """

    scope: str = "open"
    layers: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    states: tuple[str, ...] = ()
    lights: tuple[str, ...] = ()
    channel_groups: tuple[str, ...] = ()
    unit: str = ""
    period: str = "all"
    since_on: date | None = None
    last_on: date | None = None
    text: str = ""
    page: int = 1
    opened: str = ""

    def shown_layers(self) -> tuple[EventLayer, ...]:
        """Layers that are listed: incidents only among `all`, for nothing of them waits."""
        chosen = [EventLayer(code) for code in self.layers] or list(ALL_KINDS)
        if self.scope in {"open", "overdue"}:
            chosen = [layer for layer in chosen if layer is not EventLayer.INCIDENTS]
        return tuple(chosen)

    def to_params(self) -> dict[str, str]:
        """Write as query parameters; what is as at the beginning is left out."""
        start = CaseWanted()
        period = self.period if self.period != start.period else ""
        if self.period == "custom" and self.since_on and self.last_on:
            period = f"{self.since_on.isoformat()}..{self.last_on.isoformat()}"
        pairs = {
            "c_scope": self.scope if self.scope != start.scope else "",
            "c_layers": ",".join(self.layers),
            "c_kinds": ",".join(self.kinds),
            "c_states": ",".join(self.states),
            "c_lights": ",".join(self.lights),
            "c_channels": ",".join(self.channel_groups),
            "c_unit": self.unit,
            "c_period": period,
            "c_id": self.text,
            "c_page": str(self.page) if self.page > 1 else "",
            "case": self.opened,
        }
        return {name: value for name, value in pairs.items() if value}


def wanted_from(params: Mapping[str, str]) -> CaseWanted:
    """Read query parameters; whatever is not a known code, an id or a date is left out."""
    start = CaseWanted()
    page = params.get("c_page", "")
    scope = params.get("c_scope", "")
    every_kind = [kind for kinds in ALL_KINDS.values() for kind in kinds]
    found = CaseWanted(
        scope=scope if scope in SCOPES else start.scope,
        layers=_known(params.get("c_layers", ""), EventLayer),
        kinds=_known(params.get("c_kinds", ""), every_kind),
        states=_known(params.get("c_states", ""), CaseStatus),
        lights=_known(params.get("c_lights", ""), Light),
        channel_groups=_known(params.get("c_channels", ""), ChannelGroup),
        unit=_matched(_TEXT, params.get("c_unit", "")),
        text=_matched(_TEXT, params.get("c_id", "")),
        page=int(page) if re.fullmatch(r"[1-9]\d{0,5}", page) else 1,
        opened=_matched(_CASE, params.get("case", "")),
    )
    return _with_period(found, params.get("c_period", ""))


def _with_period(found: CaseWanted, text: str) -> CaseWanted:
    span = _SPAN.fullmatch(text)
    if span is None:
        is_key = text in CASE_PERIODS and text != "custom"
        return replace(found, period=text) if is_key else found
    try:
        since_on, last_on = (date.fromisoformat(part) for part in span.groups())
    except ValueError:
        return found
    if not _FIRST <= since_on <= last_on <= _LAST:
        return found
    return replace(found, period="custom", since_on=since_on, last_on=last_on)


def _known(text: str, codes: Iterable[str]) -> tuple[str, ...]:
    known = {str(code) for code in codes}
    return tuple(dict.fromkeys(part for part in text.split(",") if part in known))


def _matched(pattern: re.Pattern[str], text: str) -> str:
    return text if pattern.fullmatch(text) else ""
