"""Say which hotspot question a visitor asks, and write it into an address and back.

Used by `dashboard.session` and the hotspot screen. Knows nothing of records. Every parameter begins
with `h_`; area, period and kinds are those of the other pages.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

METHODS: Final = (
    "count-kernel", "count", "rate", "kde", "gistar", "gi", "moran", "change", "emerging",
    "near-repeat", "risk",
)  # fmt: skip
"""In the order of the page; the recommended one first."""
UNITS: Final = ("squares", "hexagons", "grids", "communities")
LATTICES: Final = frozenset({"squares", "hexagons"})
CHANNELS: Final = ("reported", "discovered", "all")
VIEWS: Final = ("map", "hours", "proof", "units")
SIZES_M: Final = (50, 5_000)
"""Least and greatest width of a cell that can be chosen, metres."""
WEEKDAYS: Final = tuple(range(7))
_DAY_HOURS: Final = 24
_HOURS: Final = re.compile(r"(\d{1,2})-(\d{1,2})")
_CELL: Final = re.compile(r"[^\x00-\x1f\x7f<>]{1,80}")


@dataclass(frozen=True)
class HotspotChoice:
    """Which question is asked of which cells.

    Parameters
    ----------
    method
        One of `METHODS`.
    units
        One of `UNITS`.
    size_m
        Width of squares and hexagons, metres; 0: chosen from the events, and told.
    hours
        Local hours, half-open, may run over midnight; None: all.
    weekdays
        0 = Monday; empty: all.
    channel
        `reported` (and sensed), `discovered` (by police) or `all`.
    cell
        The chosen cell; empty: none.
    view
        One of `VIEWS`: which part of the page is open.
    """

    method: str = METHODS[0]
    units: str = UNITS[0]
    size_m: int = 0
    hours: tuple[int, int] | None = None
    weekdays: tuple[int, ...] = ()
    channel: str = CHANNELS[0]
    cell: str = ""
    view: str = VIEWS[0]

    def to_params(self) -> dict[str, str]:
        """Write as query parameters; what is as at the beginning is left out."""
        start = HotspotChoice()
        pairs = {
            "h_method": self.method if self.method != start.method else "",
            "h_units": self.units if self.units != start.units else "",
            "h_size": str(self.size_m) if self.size_m else "",
            "h_hours": f"{self.hours[0]}-{self.hours[1]}" if self.hours else "",
            "h_days": "".join(str(day + 1) for day in self.weekdays),
            "h_channel": self.channel if self.channel != start.channel else "",
            "h_cell": self.cell,
            "h_view": self.view if self.view != start.view else "",
        }
        return {name: value for name, value in pairs.items() if value}


def hotspot_choice_from(params: Mapping[str, str]) -> HotspotChoice:
    """Read query parameters; whatever is not a known code or a number in bounds is left out."""
    size = params.get("h_size", "")
    cell = params.get("h_cell", "")
    return HotspotChoice(
        method=_known(params.get("h_method", ""), METHODS),
        units=_known(params.get("h_units", ""), UNITS),
        size_m=_size(size) if re.fullmatch(r"[1-9]\d{0,4}", size) else 0,
        hours=_hours(params.get("h_hours", "")),
        weekdays=tuple(day for day in WEEKDAYS if str(day + 1) in params.get("h_days", "")),
        channel=_known(params.get("h_channel", ""), CHANNELS),
        cell=cell if _CELL.fullmatch(cell) else "",
        view=_known(params.get("h_view", ""), VIEWS),
    )


def _known(text: str, options: tuple[str, ...]) -> str:
    return text if text in options else options[0]


def _size(text: str) -> int:
    return min(max(int(text), SIZES_M[0]), SIZES_M[1])


def _hours(text: str) -> tuple[int, int] | None:
    found = _HOURS.fullmatch(text)
    if found is None:
        return None
    start, end = int(found[1]), int(found[2])
    if start >= _DAY_HOURS or not 1 <= end <= _DAY_HOURS or (end - start) % _DAY_HOURS == 0:
        return None
    return start, end
