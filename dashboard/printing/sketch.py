"""Sketch outlines as vectors on a printed page: filled grids, their marks, an arrow north, a scale.

Used by the contact card and the patrol sheet. No tiles, no network.
Knows nothing of the store. Geometry comes in EPSG:4326 and is drawn on a local plane (degrees of
longitude shortened by the cosine of the middle latitude): right to 0.1 % over a few kilometres.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import shapely

from dashboard.printing.page import BRAND, INK, QUIET_INK

if TYPE_CHECKING:
    from collections.abc import Sequence

    from shapely.geometry.base import BaseGeometry

    from dashboard.printing.page import Colour, PrintedPage

METRES_OF_DEGREE: Final = 111_320.0
_FILLS: Final[tuple[Colour, ...]] = (
    (226, 236, 241), (240, 236, 224), (231, 240, 228), (239, 231, 238), (236, 238, 242),
)  # fmt: skip
_NICE: Final = (1.0, 2.0, 5.0)
_PADDING: Final = 0.06
_SMALLEST_DEG: Final = 1e-5


@dataclass(frozen=True)
class Part:
    """One unit of a sketch: what is written on it, its outline (EPSG:4326), and its fill.

    Without a fill, neighbours get pale ones in turn.
    """

    label: str
    geometry: BaseGeometry
    fill: Colour | None = None


@dataclass(frozen=True)
class Mark:
    """A point of a sketch with a text beside it (EPSG:4326)."""

    label: str
    lon: float
    lat: float


@dataclass(frozen=True)
class Box:
    """A rectangle on the page in millimetres; `letters` enlarges what is written in it."""

    x_mm: float
    y_mm: float
    width_mm: float
    height_mm: float
    letters: float = 1.0


@dataclass(frozen=True)
class _Fit:
    """Turn degrees into millimetres on the page."""

    box: Box
    lon: float
    lat: float
    mm_per_degree: float
    shrink: float

    @classmethod
    def around(cls, geometries: Sequence[BaseGeometry], box: Box) -> _Fit:
        west, south, east, north = shapely.total_bounds(list(geometries)).tolist()
        shrink = math.cos(math.radians((south + north) / 2))
        wide = max((east - west) * shrink, _SMALLEST_DEG)
        high = max(north - south, _SMALLEST_DEG)
        room = 1 - 2 * _PADDING
        scale = min(box.width_mm * room / wide, box.height_mm * room / high)
        return cls(box, (west + east) / 2, (south + north) / 2, scale, shrink)

    def at(self, lon: float, lat: float) -> tuple[float, float]:
        x_mm = self.box.x_mm + self.box.width_mm / 2
        y_mm = self.box.y_mm + self.box.height_mm / 2
        return (
            x_mm + (lon - self.lon) * self.shrink * self.mm_per_degree,
            y_mm - (lat - self.lat) * self.mm_per_degree,
        )

    @property
    def mm_per_metre(self) -> float:
        return self.mm_per_degree / METRES_OF_DEGREE


def draw_sketch(
    page: PrintedPage,
    box: Box,
    outline: BaseGeometry | None,
    parts: Sequence[Part],
    marks: Sequence[Mark] = (),
) -> bool:
    """Draw a unit's parts and outline into a box; say whether there was anything to draw."""
    shapes = [part.geometry for part in parts]
    if outline is not None and not outline.is_empty:
        shapes.append(outline)
    if not shapes:
        return False
    fit = _Fit.around(shapes, box)
    for at, part in enumerate(parts):
        fill = part.fill or _FILLS[at % len(_FILLS)]
        _polygons(page, fit, part.geometry, fill, (QUIET_INK, 0.15))
    if outline is not None:
        _polygons(page, fit, outline, None, (BRAND, 0.55))
    for part in parts:
        _label(page, fit, part)
    for mark in marks:
        _mark(page, fit, mark)
    _north(page, box)
    _scale(page, fit)
    return True


def scale_bar(mm_per_metre: float, widest_mm: float) -> int:
    """Give the longest round length in metres (1, 2 or 5 by a power of ten) that fits."""
    most = widest_mm / mm_per_metre
    power = 10.0 ** math.floor(math.log10(most))
    return round(max(step * power for step in _NICE if step * power <= most))


def _polygons(
    page: PrintedPage,
    fit: _Fit,
    geometry: BaseGeometry,
    fill: Colour | None,
    line: tuple[Colour, float],
) -> None:
    colour, width_mm = line
    page.set_draw_color(*colour)
    page.set_line_width(width_mm)
    for polygon in getattr(geometry, "geoms", [geometry]):
        if polygon.geom_type != "Polygon" or polygon.is_empty:
            continue
        for at, ring in enumerate((polygon.exterior, *polygon.interiors)):
            points = [fit.at(lon, lat) for lon, lat in shapely.get_coordinates(ring)[:-1].tolist()]
            if fill is None:
                page.polygon(points, style="D")
                continue
            page.set_fill_color(*(fill if at == 0 else (255, 255, 255)))
            page.polygon(points, style="DF")


def _label(page: PrintedPage, fit: _Fit, part: Part) -> None:
    if not part.label:
        return
    inner = part.geometry.representative_point()
    x_mm, y_mm = fit.at(inner.x, inner.y)
    k = fit.box.letters
    page.letters(7 * k, bold=True)
    width = page.get_string_width(part.label)
    page.text(x_mm - width / 2, y_mm + 0.9 * k, part.label)


def _mark(page: PrintedPage, fit: _Fit, mark: Mark) -> None:
    x_mm, y_mm = fit.at(mark.lon, mark.lat)
    page.set_fill_color(166, 30, 47)
    page.set_draw_color(255, 255, 255)
    page.set_line_width(0.4)
    k = fit.box.letters
    page.ellipse(x_mm - 1.6 * k, y_mm - 1.6 * k, 3.2 * k, 3.2 * k, style="DF")
    if mark.label:
        page.letters(7.5 * k, bold=True, colour=(140, 20, 36))
        width = page.get_string_width(mark.label)
        right = fit.box.x_mm + fit.box.width_mm
        beside = 2.4 * k
        left = x_mm + beside if x_mm + beside + width < right else x_mm - beside - width
        page.set_fill_color(255, 255, 255)
        page.rect(left - 0.4 * k, y_mm - 1.9 * k, width + 0.8 * k, 3.8 * k, style="F")
        page.text(left, y_mm + 1.0 * k, mark.label)


def _north(page: PrintedPage, box: Box) -> None:
    x_mm, y_mm = box.x_mm + box.width_mm - 4.5, box.y_mm + 3.5
    page.set_fill_color(*INK)
    page.polygon([(x_mm, y_mm), (x_mm - 1.5, y_mm + 5), (x_mm, y_mm + 3.8), (x_mm + 1.5, y_mm + 5)],
                 style="F")  # fmt: skip
    page.letters(6.5, bold=True)
    page.text(x_mm - page.get_string_width("N") / 2, y_mm + 8, "N")


def _scale(page: PrintedPage, fit: _Fit) -> None:
    length_m = scale_bar(fit.mm_per_metre, fit.box.width_mm * 0.3)
    width = length_m * fit.mm_per_metre
    x_mm, y_mm = fit.box.x_mm + 2.5, fit.box.y_mm + fit.box.height_mm - 2.5
    page.set_draw_color(*INK)
    page.set_line_width(0.35)
    page.line(x_mm, y_mm, x_mm + width, y_mm)
    for end in (x_mm, x_mm + width):
        page.line(end, y_mm - 1, end, y_mm)
    page.letters(6.5 * fit.box.letters)
    page.text(x_mm + width + 1.2, y_mm + 0.3, f"{length_m:,} m")
