"""Draw a map of cells as a PNG: title, cells, outlines, legend, scale, arrow north, source.

Used by the hotspot screen. No tiles, no network: the same shapes and colours as the printed sheet.
Knows nothing of the store and of languages. Geometry comes in EPSG:4326 and is drawn on a local
plane (degrees of longitude shortened by the cosine of the middle latitude): right to 0.1 % over a
few kilometres.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING, Final

import shapely
from PIL import Image, ImageDraw, ImageFont

from dashboard.printing.fonts import whole_font
from dashboard.printing.sketch import METRES_OF_DEGREE, scale_bar

if TYPE_CHECKING:
    from collections.abc import Sequence

    from shapely.geometry.base import BaseGeometry

    from dashboard.printing.hotspot_sheet import CellMap
    from dashboard.printing.page import Colour

WIDTH_PX: Final = 1600
HEIGHT_PX: Final = 1100
_FINER: Final = 2
"""Drawn so many times as large and brought down: smooth edges."""
_HEAD_PX: Final = 96
_FOOT_PX: Final = 44
_LEGEND_PX: Final = 380
_PAD_PX: Final = 24
_INK: Final = (28, 32, 38)
_QUIET: Final = (96, 103, 112)
_EDGE: Final = (140, 146, 156)
_WHITE: Final = (255, 255, 255)


@dataclass(frozen=True)
class PictureText:
    """What is written on a picture."""

    title: str
    line: str
    foot: str


@dataclass(frozen=True)
class _Fit:
    """Turn degrees into pixels of the map's part of the picture."""

    west: float
    north: float
    px_per_degree: float
    shrink: float
    left: float
    top: float

    @classmethod
    def around(cls, shapes: Sequence[BaseGeometry]) -> _Fit:
        west, south, east, north = shapely.total_bounds(list(shapes)).tolist()
        shrink = math.cos(math.radians((south + north) / 2))
        wide_px = (WIDTH_PX - _LEGEND_PX - 3 * _PAD_PX) * _FINER
        high_px = (HEIGHT_PX - _HEAD_PX - _FOOT_PX - 2 * _PAD_PX) * _FINER
        wide, high = max((east - west) * shrink, 1e-6), max(north - south, 1e-6)
        scale = min(wide_px / wide, high_px / high)
        left = _PAD_PX * _FINER + (wide_px - wide * scale) / 2
        top = (_HEAD_PX + _PAD_PX) * _FINER + (high_px - high * scale) / 2
        return cls(west, north, scale, shrink, left, top)

    def at(self, lon: float, lat: float) -> tuple[float, float]:
        x_px = self.left + (lon - self.west) * self.shrink * self.px_per_degree
        return x_px, self.top + (self.north - lat) * self.px_per_degree


def hotspot_png(shown: CellMap, text: PictureText) -> bytes:
    """Draw the picture, 1600 by 1100 pixels.

    Raises
    ------
    ConfigError
        `print_font_missing`.
    """
    image = Image.new("RGB", (WIDTH_PX * _FINER, HEIGHT_PX * _FINER), _WHITE)
    draw = ImageDraw.Draw(image)
    shapes = [*shown.units, *(shape for shape, _ in shown.cells)]
    if shapes:
        fit = _Fit.around(shapes)
        for shape in shown.units:
            _polygons(draw, fit, shape, _WHITE)
        for shape, colour in shown.cells:
            _polygons(draw, fit, shape, colour)
        _furniture(draw, fit)
    _texts(draw, shown, text)
    made = image.resize((WIDTH_PX, HEIGHT_PX), Image.Resampling.LANCZOS)
    written = BytesIO()
    made.save(written, format="PNG", optimize=True)
    return written.getvalue()


def _polygons(draw: ImageDraw.ImageDraw, fit: _Fit, shape: BaseGeometry, fill: Colour) -> None:
    for part in shapely.get_parts(shape):
        if part.geom_type != "Polygon" or part.is_empty:
            continue
        for at, ring in enumerate((part.exterior, *part.interiors)):
            points = [fit.at(lon, lat) for lon, lat in shapely.get_coordinates(ring).tolist()]
            draw.polygon(points, fill=fill if at == 0 else _WHITE)
            draw.line(points, fill=_EDGE, width=_FINER)


def _texts(draw: ImageDraw.ImageDraw, shown: CellMap, text: PictureText) -> None:
    pad = _PAD_PX * _FINER
    room = (WIDTH_PX - 2 * _PAD_PX) * _FINER
    _line(draw, (pad, 16 * _FINER), text.title, ("B", 32, _INK, room))
    _line(draw, (pad, 60 * _FINER), text.line, ("", 19, _QUIET, room))
    _line(draw, (pad, (HEIGHT_PX - 34) * _FINER), text.foot, ("", 16, _QUIET, room))
    x_px = (WIDTH_PX - _LEGEND_PX - _PAD_PX) * _FINER
    y_px = float((_HEAD_PX + _PAD_PX) * _FINER)
    wide = _LEGEND_PX * _FINER
    y_px += _wrapped(draw, (x_px, y_px), shown.legend_title, ("B", 20, wide)) + 10 * _FINER
    for label, colour in shown.legend:
        box = (x_px, y_px + 3 * _FINER, x_px + 34 * _FINER, y_px + 25 * _FINER)
        draw.rectangle(box, fill=colour, outline=_EDGE, width=_FINER)
        at = (x_px + 46 * _FINER, y_px)
        y_px += _wrapped(draw, at, label, ("", 19, wide - 46 * _FINER)) + 8 * _FINER


def _line(
    draw: ImageDraw.ImageDraw,
    at: tuple[float, float],
    text: str,
    how: tuple[str, int, Colour, float],
) -> None:
    weight, size, colour, room = how
    font = _font(weight, size)
    while text and draw.textlength(text, font=font) > room:
        text = text[:-2].rstrip() + "…"
    draw.text(at, text, font=font, fill=colour)


def _wrapped(
    draw: ImageDraw.ImageDraw, at: tuple[float, float], text: str, how: tuple[str, int, float]
) -> float:
    """Write a text over as many lines as it takes, and say how high it became."""
    weight, size, room = how
    font = _font(weight, size)
    step = 1.4 * size * _FINER
    lines, line = [], ""
    for word in _words(text):
        if line and draw.textlength(line + word, font=font) > room:
            lines.append(line)
            line = word.lstrip()
        else:
            line += word
    lines.append(line)
    for number, told in enumerate(lines):
        draw.text((at[0], at[1] + number * step), told, font=font, fill=_INK)
    return step * len(lines)


def _words(text: str) -> list[str]:
    """Take a text apart where a line may end: before spaces, and around wide signs."""
    parts: list[str] = []
    for sign in text:
        is_wide = ord(sign) > 0x2E7F  # noqa: PLR2004 - Chinese, Japanese, Korean signs
        if not parts or sign == " " or is_wide or ord(parts[-1][-1]) > 0x2E7F:  # noqa: PLR2004
            parts.append(sign)
        else:
            parts[-1] += sign
    return parts


def _furniture(draw: ImageDraw.ImageDraw, fit: _Fit) -> None:
    """Draw an arrow north and a scale bar below the legend."""
    px_per_m = fit.px_per_degree / METRES_OF_DEGREE
    length_m = scale_bar(px_per_m, 240.0 * _FINER)
    x_px = (WIDTH_PX - _LEGEND_PX - _PAD_PX) * _FINER
    y_px = (HEIGHT_PX - _FOOT_PX - 34) * _FINER
    end = x_px + length_m * px_per_m
    tick = 8 * _FINER
    marks = [(x_px, y_px - tick), (x_px, y_px), (end, y_px), (end, y_px - tick)]
    draw.line(marks, fill=_INK, width=2 * _FINER)
    at = (x_px, y_px - 36 * _FINER)
    draw.text(at, f"{length_m:,} m", font=_font("", 17), fill=_INK)
    top, middle = y_px - 96 * _FINER, x_px + 12 * _FINER
    half, high = 9 * _FINER, 34 * _FINER
    arrow = [(middle, top), (middle - half, top + high), (middle, top + 0.75 * high),
             (middle + half, top + high)]  # fmt: skip
    draw.polygon(arrow, fill=_INK)
    draw.text((middle + 16 * _FINER, top + 6 * _FINER), "N", font=_font("B", 17), fill=_INK)


def _font(weight: str, size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(str(whole_font(weight)), size * _FINER)
