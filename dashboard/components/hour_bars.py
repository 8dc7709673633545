"""Draw the 24 hours of a day as small bars, the hours of a shift dark.

Used by the patrol screen. A drawing of its own weight: a chart library would bring a megabyte.
"""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

_HIGH_PX: Final = 36
_DARK: Final = "#b04a14"
_PALE: Final = "#c3cad2"
_INK: Final = "#5b646e"
_TICKS: Final = frozenset({0, 6, 12, 18, 23})
_ROW: Final = "display:flex;gap:2px;max-width:380px"


def hour_bars(by_hour: Sequence[int], hours: Collection[int], caption: str) -> str:
    """Give HTML of one bar for each hour; plain boxes, since drawings are cleaned out of pages.

    Parameters
    ----------
    by_hour
        Counts of the hours 0 to 23.
    hours
        Hours that are drawn dark.
    caption
        What the bars are, written below and read aloud; as text.
    """
    most = max(by_hour, default=0) or 1
    bars, ticks = [], []
    for hour, n in enumerate(by_hour):
        high_px = max(1, round(_HIGH_PX * n / most))
        fill = _DARK if hour in hours else _PALE
        bars.append(
            f'<div title="{hour:02d}:00 – {n}" '
            f'style="flex:1;height:{high_px}px;background:{fill}"></div>'
        )
        ticks.append(f'<div style="flex:1;overflow:visible">{hour if hour in _TICKS else ""}</div>')
    told = escape(caption)
    return (
        f'<div role="img" aria-label="{told}">'
        f'<div style="{_ROW};align-items:flex-end;height:{_HIGH_PX}px">{"".join(bars)}</div>'
        f'<div style="{_ROW};font-size:.66rem;color:{_INK}">{"".join(ticks)}</div>'
        f'<div style="font-size:.72rem;color:{_INK}">{told}</div></div>'
    )
