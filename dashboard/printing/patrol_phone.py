"""Write a patrol brief as one HTML file for a phone without signal.

Used by the patrol screen and the command line. The file asks for nothing: no script, no font, no
tile, all style and drawing inside; a content policy in it forbids the rest. Takes finished texts:
knows nothing of the store and of languages.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Final

from dashboard.printing.sketch import Mark
from dashboard.printing.svg_map import RoundMap, round_svg

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dashboard.printing.patrol_sheet import BriefText, PhoneText, PlaceText

_DIAL: Final = re.compile(r"[^\d+#*,]")
_BAR_PX: Final = 10
_HIGH_PX: Final = 34
_STYLE: Final = """
:root{color-scheme:light}*{box-sizing:border-box}
body{margin:0 auto;max-width:640px;padding:12px 14px 28px;color:#1c2026;background:#fff;
font:16px/1.45 system-ui,-apple-system,"Noto Sans SC","PingFang SC","Microsoft YaHei",sans-serif}
h1{font-size:1.2rem;margin:0;color:#123e62}h2{font-size:1.08rem;margin:0}
p{margin:.3rem 0}ul{margin:.3rem 0;padding-left:1.1rem}
.head{font-weight:600;margin:.1rem 0 .6rem}.quiet,footer{color:#5b646e;font-size:.84rem}
.map{border:1px solid #c4c9cf;border-radius:6px;overflow:hidden;margin:.4rem 0}
.map svg,.bars{display:block;width:100%;height:auto}
section{border:1px solid #c4c9cf;border-radius:8px;padding:10px 12px;margin:.7rem 0}
.count{color:#7b2d8e;font-weight:600}.call{display:block;margin:.4rem 0;padding:.55rem .7rem;
border-radius:8px;background:#123e62;color:#fff;text-decoration:none;font-weight:600}
summary{min-height:44px;display:flex;align-items:center;cursor:pointer}
summary::before{content:"▸";margin-right:.5rem}details[open]>summary::before{content:"▾"}
nav{display:flex;flex-wrap:wrap;gap:.4rem;margin:.5rem 0}
nav a{min-width:44px;min-height:44px;display:flex;align-items:center;justify-content:center;
border:1px solid #7b2d8e;border-radius:22px;color:#7b2d8e;font-weight:700;text-decoration:none}
@media print{nav{display:none}section{break-inside:avoid}}
"""


@dataclass(frozen=True)
class PhonePage:
    """What the page says besides the brief itself; all in words.

    Parameters
    ----------
    language
        `zh` or `en`.
    map_title
        What the map is, read aloud.
    phones_title, no_phone
        Above the numbers of a place; below all places where one of them has none.
    stay
        How long to stay at a place.
    foot
        Source, level and when it was made.
    """

    language: str
    map_title: str
    phones_title: str
    no_phone: str
    stay: str
    foot: str


def patrol_phone(brief: BriefText, how: PhonePage) -> bytes:
    """Write the page and give the file's bytes (UTF-8)."""
    language = "zh-CN" if how.language == "zh" else "en"
    places = {place.number: place for place in brief.places}
    order = [places[number] for number in brief.order if number in places] or list(brief.places)
    body = [
        f"<h1>{escape(brief.title)}</h1>",
        f'<p class="head">{escape(brief.heading)}</p>',
        f'<div class="map">{round_svg(_map(brief, order), how.map_title)}</div>',
        f"<p>{escape(brief.round)}</p>",
        "<nav>",
        *(f'<a href="#p{place.number}">{place.number}</a>' for place in order),
        "</nav>",
        *(_section(place, brief.by_hour, how) for place in order),
        _list(brief.targets),
        *([] if all(place.phones for place in order) else [_quiet(how.no_phone)]),
        *(_quiet(note) for note in brief.notes),
        f"<footer>{escape(how.foot)}</footer>",
    ]
    policy = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
    page = (
        f'<!doctype html><html lang="{language}"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        '<meta name="format-detection" content="telephone=no">'
        '<meta name="referrer" content="no-referrer"><link rel="icon" href="data:,">'
        f"<title>{escape(f'{brief.title} {brief.heading}')}</title><style>{_STYLE}</style></head>"
        f"<body>{''.join(body)}</body></html>"
    )
    return page.encode()


def _map(brief: BriefText, order: Sequence[PlaceText]) -> RoundMap:
    marks = tuple(Mark(str(place.number), place.lon, place.lat) for place in order)
    return RoundMap(brief.units, brief.streets, brief.cells, marks)


def _section(place: PlaceText, caption: str, how: PhonePage) -> str:
    lines = "".join(f"<p>{escape(line)}</p>" for line in place.lines)
    return (
        f'<section id="p{place.number}"><h2>{place.number}  {escape(place.name)}</h2>'
        f'<p class="count">{escape(place.count)}</p><p>{escape(how.stay)}</p>'
        f"{_bars(place, caption)}{lines}{_calls(place.phones, how)}</section>"
    )


def _quiet(text: str) -> str:
    return f'<p class="quiet">{escape(text)}</p>'


def _calls(phones: Sequence[PhoneText], how: PhonePage) -> str:
    if not phones:
        return ""
    calls = "".join(
        f'<a class="call" href="tel:{escape(_DIAL.sub("", phone.number))}">'
        f"{escape(phone.label)}<br>{escape(phone.number)}</a>"
        for phone in phones
    )
    return f"{_quiet(how.phones_title)}{calls}"


def _list(lines: Sequence[str]) -> str:
    if not lines:
        return ""
    listed = "".join(f"<li>{escape(line)}</li>" for line in lines[1:])
    return (
        f"<section><details><summary>{escape(lines[0])}</summary>"
        f"<ul>{listed}</ul></details></section>"
    )


def _bars(place: PlaceText, caption: str) -> str:
    """Draw the 24 hours, those of the shift dark."""
    most = max(place.by_hour, default=0) or 1
    wide, low = _BAR_PX * len(place.by_hour), _HIGH_PX
    drawn = []
    for hour, n in enumerate(place.by_hour):
        high = max(1.0, low * n / most)
        fill = "#b04a14" if hour in place.hours else "#c3cad2"
        drawn.append(
            f'<rect x="{hour * _BAR_PX}" y="{low - high:.1f}" width="8" height="{high:.1f}" '
            f'fill="{fill}"/>'
        )
    drawn += [
        f'<text x="{hour * _BAR_PX}" y="{low + 10}" font-size="8" fill="#5b646e">{hour}</text>'
        for hour in (0, 6, 12, 18)
    ]
    return (
        f'<svg class="bars" viewBox="0 0 {wide} {low + 12}" role="img" '
        f'aria-label="{escape(caption)}">{"".join(drawn)}</svg>'
        f'<p class="quiet">{escape(caption)}</p>'
    )
