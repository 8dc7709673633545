"""Print a patrol brief on one A4 page: places with their reasons, a sketch, room for notes.

Used by the patrol screen and the command line. Takes finished texts: knows nothing of the store and
of languages.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import shapely

from dashboard.printing.page import BRAND, QUIET_INK, RULE, PrintedPage
from dashboard.printing.sketch import Box, Mark, Part, draw_sketch

if TYPE_CHECKING:
    from shapely.geometry.base import BaseGeometry

    from dashboard.printing.page import Imprint

_SKETCH_MM: Final = (38.0, 78.0)
"""Least and most height of the sketch: it takes what the places leave."""
_MOST_TARGETS: Final = 3
_ROOM: Final = 1.3
_LEAST_DEGREES: Final = 0.002
"""The sketch shows the places with this much room around, and no less than about 450 m."""
_MOST_LABELS: Final = 12
_SLIVER: Final = 1e-5
_BARS_MM: Final = (46.0, 9.0)
_LINES: Final = (5, 7)
"""Least and most lines of a place: those that fit on one page."""
_PLACE_MM, _LINE_MM = 12.4, 4.1
_FOOT_MM: Final = 14.0
_DARK: Final = (176, 74, 20)
_PALE: Final = (203, 209, 215)


@dataclass(frozen=True)
class PhoneText:
    """A number to call: of a post or an office, never a person's."""

    label: str
    number: str


@dataclass(frozen=True)
class PlaceText:
    """One place in words.

    Attributes
    ----------
    number
        Rank, which is also its number on the map.
    name, count
        Where it is, and the number that ranks it.
    lines
        Why, what is open, who was last there: each fits a line.
    by_hour
        Incidents of each of the 24 hours.
    hours
        Hours of the shift.
    lon, lat
        EPSG:4326.
    phones
        Duty telephones of who covers the place.
    """

    number: int
    name: str
    count: str
    lines: tuple[str, ...]
    by_hour: tuple[int, ...]
    hours: frozenset[int]
    lon: float
    lat: float
    phones: tuple[PhoneText, ...] = ()


@dataclass(frozen=True)
class BriefText:
    """A whole brief in words.

    `parts` are what the sketch shows, `units`, `streets` and `cells` what the phone's map does
    (EPSG:4326); `order` holds the numbers of the places in the order of the walk.
    """

    title: str
    heading: str
    notes: tuple[str, ...]
    round: str
    places: tuple[PlaceText, ...]
    targets: tuple[str, ...]
    parts: tuple[Part, ...]
    box: str
    by_hour: str
    order: tuple[int, ...] = ()
    units: tuple[Part, ...] = ()
    streets: tuple[Part, ...] = ()
    cells: tuple[BaseGeometry, ...] = ()


def patrol_sheet(brief: BriefText, imprint: Imprint) -> bytes:
    """Lay the sheet out and give the PDF.

    Raises
    ------
    ConfigError
        `print_font_missing`.
    """
    page = PrintedPage("A4", imprint, margin_mm=13.0)
    page.add_page()
    page.letters(17, bold=True, colour=BRAND)
    page.cell(0, 8, brief.title, new_x="LMARGIN", new_y="NEXT")
    page.letters(11.5, bold=True)
    page.cell(0, 6, page.fitted(brief.heading, page.epw), new_x="LMARGIN", new_y="NEXT")
    for note in brief.notes:
        page.paragraph(note, size_pt=7.5, colour=QUIET_INK)
    page.ln(1.5)
    lines = _fitting(page, brief)
    _sketch(page, brief, lines)
    page.paragraph(brief.round, size_pt=8.5, bold=True)
    page.ln(1)
    for place in brief.places:
        _place(page, place, brief.by_hour, lines)
    for line in brief.targets[: _MOST_TARGETS + 1]:
        page.letters(8)
        page.cell(0, 4.4, page.fitted(line, page.epw), new_x="LMARGIN", new_y="NEXT")
    _notes(page, brief.box)
    return page.bytes


def _fitting(page: PrintedPage, brief: BriefText) -> int:
    """Say how many lines of each place fit beside the smallest sketch."""
    least_mm = _SKETCH_MM[0] if brief.parts else 0.0
    fits = (n for n in range(_LINES[1], _LINES[0], -1) if _room_mm(page, brief, n) >= least_mm)
    return next(fits, _LINES[0])


def _room_mm(page: PrintedPage, brief: BriefText, lines: int) -> float:
    """Height that is left on the page when each place has at most so many lines."""
    taken_mm = sum(_PLACE_MM + _LINE_MM * len(place.lines[:lines]) for place in brief.places)
    taken_mm += 8 + 4.4 * len(brief.targets[: _MOST_TARGETS + 1])
    return float(page.h - page.b_margin - page.get_y() - taken_mm - _FOOT_MM)


def _sketch(page: PrintedPage, brief: BriefText, lines: int) -> None:
    if not brief.parts:
        return
    top, room_mm = page.get_y(), _room_mm(page, brief, lines)
    height_mm = min(max(room_mm, _SKETCH_MM[0]), _SKETCH_MM[1])
    box = Box(page.l_margin, top, page.epw, height_mm)
    marks = tuple(Mark(str(place.number), place.lon, place.lat) for place in brief.places)
    draw_sketch(page, box, None, _around(brief, box.width_mm / box.height_mm), marks)
    page.set_y(top + height_mm + 2)


def _around(brief: BriefText, ratio: float) -> tuple[Part, ...]:
    """Cut the units to a window around the places; the area's own parts where there is neither.

    Parameters
    ----------
    ratio
        Width of the sketch over its height.
    """
    if not (brief.places and brief.units):
        return brief.parts
    lon, lat = ([getattr(place, axis) for place in brief.places] for axis in ("lon", "lat"))
    middle = (min(lon) + max(lon)) / 2, (min(lat) + max(lat)) / 2
    squeeze = math.cos(math.radians(middle[1]))
    half = max((max(lon) - min(lon)) * squeeze / ratio, max(lat) - min(lat)) * _ROOM / 2
    half = max(half, _LEAST_DEGREES)
    wide = half * ratio / squeeze
    window = shapely.box(middle[0] - wide, middle[1] - half, middle[0] + wide, middle[1] + half)
    sliver = window.area * _SLIVER
    seen = [(unit.label, shapely.intersection(unit.geometry, window)) for unit in brief.units]
    kept = [
        Part(label, shapely.MultiPolygon(pieces))
        for label, shape in seen
        if (pieces := [one for one in shapely.get_parts(shape) if one.area > sliver])
    ]
    if not kept:
        return brief.parts
    if len(kept) <= _MOST_LABELS:
        return tuple(kept)
    return tuple(replace(part, label="") for part in kept)


def _place(page: PrintedPage, place: PlaceText, caption: str, most: int) -> None:
    lines = place.lines[:most]
    page.keep(9.6 + 4.1 * len(lines))
    top = page.get_y()
    text_mm = page.epw - _BARS_MM[0] - 4
    page.letters(10.5, bold=True)
    head = f"{place.number}  {place.name}"
    page.cell(text_mm, 5.2, page.fitted(head, text_mm), new_x="LMARGIN", new_y="NEXT")
    page.letters(8.5, bold=True, colour=BRAND)
    page.cell(text_mm, 4.4, page.fitted(place.count, text_mm), new_x="LMARGIN", new_y="NEXT")
    page.letters(8)
    for line in lines:
        page.cell(text_mm, 4.1, page.fitted(line, text_mm), new_x="LMARGIN", new_y="NEXT")
    end = max(page.get_y(), top + _BARS_MM[1] + 9)
    _bars(page, place, caption, top + 2.5)
    page.set_y(end + 0.8)
    page.set_draw_color(*RULE)
    page.set_line_width(0.2)
    page.line(page.l_margin, page.get_y(), page.l_margin + page.epw, page.get_y())
    page.ln(1)


def _bars(page: PrintedPage, place: PlaceText, caption: str, top_mm: float) -> None:
    """Draw the 24 hours as small bars, those of the shift dark."""
    width_mm, height_mm = _BARS_MM
    left = page.l_margin + page.epw - width_mm
    step = width_mm / len(place.by_hour)
    most = max(place.by_hour) or 1
    for hour, n in enumerate(place.by_hour):
        page.set_fill_color(*(_DARK if hour in place.hours else _PALE))
        high = max(0.25, height_mm * n / most)
        page.rect(left + hour * step, top_mm + height_mm - high, step * 0.8, high, style="F")
    page.letters(6, colour=QUIET_INK)
    for hour in (0, 6, 12, 18):
        page.text(left + hour * step, top_mm + height_mm + 2.4, str(hour))
    page.text(left, top_mm + height_mm + 5.0, page.fitted(caption, width_mm))


def _notes(page: PrintedPage, caption: str) -> None:
    room_mm = page.h - page.b_margin - page.get_y() - 7
    if room_mm < 10:  # noqa: PLR2004 - less is no room to write in
        return
    page.ln(1)
    page.letters(8, colour=QUIET_INK)
    page.cell(0, 4.4, caption, new_x="LMARGIN", new_y="NEXT")
    page.blank_box(min(room_mm - 3, 36.0))
