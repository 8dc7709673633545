"""Draw small figures of a hotspot answer as plain boxes: months, hit rates, hours of the week.

Used by the hotspot screen. A drawing of its own weight, as `hour_bars`: drawings are cleaned out of
pages, boxes are not. Knows nothing of how a number came about.
"""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Final

import numpy as np

from dashboard.theme import class_colours

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

_HIGH_PX: Final = 34
_DARK: Final = "#4a5a78"
_INK: Final = "#5b646e"
_STRONG: Final = "#1c2430"
_EMPTY: Final = "#f1efe8"
_ROW: Final = "display:flex;gap:1px;max-width:420px"
_SHADES: Final = 5
_LIGHT_TEXT_FROM: Final = 2
METHOD_COLOURS: Final = {
    "method": "#8f2d04", "recommended": "#8f2d04", "count": "#4a5a78", "random": "#b8bdc5",
}  # fmt: skip


def month_bars(months: Sequence[tuple[str, int]], caption: str) -> str:
    """Give HTML of one bar for each month between the first and the last, empty ones too."""
    filled = every_month(months)
    most = max((n for _, n in filled), default=0) or 1
    bars = "".join(
        f'<div title="{escape(name)} – {n}" style="flex:1;background:{_DARK};'
        f'height:{max(1, round(_HIGH_PX * n / most)) if n else 1}px"></div>'
        for name, n in filled
    )
    told = escape(caption)
    return (
        f'<div role="img" aria-label="{told}">'
        f'<div style="{_ROW};align-items:flex-end;height:{_HIGH_PX}px">{bars}</div>'
        f'<div style="font-size:.72rem;color:{_INK}">{told}</div></div>'
    )


def every_month(months: Sequence[tuple[str, int]]) -> list[tuple[str, int]]:
    """Put the months without events between the others (`2026-03`, count)."""
    if not months:
        return []
    known = dict(months)
    first = np.datetime64(min(known), "M")
    last = np.datetime64(max(known), "M")
    names = np.arange(first, last + np.timedelta64(1, "M")).astype(str).tolist()
    return [(name, known.get(name, 0)) for name in names]


def rate_bar(
    name: str, rate: tuple[float, float | None, float | None], text: str, colour: str
) -> str:
    """Give HTML of one hit rate with its interval as a thin line.

    Parameters
    ----------
    rate
        Rate and the ends of its interval, 0 to 1; none where there is no interval.
    """
    value, low, high = rate
    line = ""
    if low is not None and high is not None:
        line = (
            f'<div style="position:absolute;top:6px;height:2px;background:{_STRONG};'
            f'left:{100 * low:.1f}%;width:{max(0.5, 100 * (high - low)):.1f}%"></div>'
        )
    told = f"{escape(name)}: {escape(text)}"
    return (
        f'<div role="img" aria-label="{told}" style="margin:.1rem 0 .35rem 0">'
        f'<div style="display:flex;justify-content:space-between;font-size:.78rem;gap:.5rem">'
        f"<span>{escape(name)}</span><span>{escape(text)}</span></div>"
        f'<div style="position:relative;height:14px;background:{_EMPTY}">'
        f'<div style="height:14px;width:{100 * value:.1f}%;background:{colour}"></div>{line}'
        "</div></div>"
    )


def week_table(
    counts: NDArray[np.int64],
    days: Sequence[str],
    told: tuple[str, Callable[[int, int, int], str]],
) -> str:
    """Give HTML of the 168 hours of a week, shaded by how many events fell into each.

    Parameters
    ----------
    counts
        7 rows (0 = Monday) by 24 hours.
    days
        Names of the seven days.
    told
        What is read aloud, and what stands over a box of a day, hour and count.
    """
    aria, tip = told
    colours = class_colours(_SHADES)
    most = int(counts.max()) or 1
    head = "".join(f"<div>{hour if hour % 3 == 0 else ''}</div>" for hour in range(counts.shape[1]))
    lines = [f"<div></div>{head}"]
    for day, row in enumerate(counts.tolist()):
        boxes = []
        for hour, n in enumerate(row):
            shade = min(_SHADES - 1, int(_SHADES * n / (most + 1)))
            fill = colours[shade] if n else _EMPTY
            ink = "#ffffff" if n and shade >= _LIGHT_TEXT_FROM else _STRONG
            boxes.append(
                f'<div class="gb-hour" title="{escape(tip(day, hour, n))}" '
                f'style="background:{fill};color:{ink}"><span>{n or ""}</span></div>'
            )
        lines.append(f"<div>{escape(days[day])}</div>{''.join(boxes)}")
    return (
        "<style>.gb-week{display:grid;grid-template-columns:2.6rem repeat(24,minmax(0,1fr));"
        "gap:1px;max-width:1100px;font-size:.72rem;align-items:center}"
        ".gb-hour{height:1.9rem;display:flex;align-items:center;justify-content:center}"
        "@media (max-width:900px){.gb-hour span{display:none}.gb-hour{height:1.5rem}}</style>"
        f'<div class="gb-week" role="img" aria-label="{escape(aria)}">{"".join(lines)}</div>'
    )
