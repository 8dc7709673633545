"""Draw a round as a small SVG map: grids, streets, the places' squares, the walk, numbered places.

Used by the phone page of a patrol. No tiles, no network, no script.
Knows nothing of the store. Geometry comes in EPSG:4326 and is drawn on a local plane (degrees of
longitude shortened by the cosine of the middle latitude): right to 0.1 % over a few kilometres.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Final

import shapely

from dashboard.printing.sketch import METRES_OF_DEGREE, Mark, Part, scale_bar

if TYPE_CHECKING:
    from collections.abc import Sequence

    from shapely.geometry.base import BaseGeometry

WIDTH_PX: Final = 360.0
_HEIGHT_PX: Final = (260.0, 420.0)
_MARGIN_M: Final = 150.0
_LEAST_M: Final = 600.0
_COARSE_PX: Final = 0.6
_LETTER_PX: Final = 10.0
_MOST_NAMES: Final = 14
_NAMED_M: Final = 120.0
_STYLE: Final = (
    ".gbm text{font:600 10px sans-serif;paint-order:stroke;stroke:#fff;stroke-width:3px}"
    ".u{fill:#f2f5f7;stroke:#8a939d;stroke-width:1;stroke-dasharray:4 3}"
    ".s{fill:none;stroke:#c9b79a;stroke-width:3}.c{fill:#f6d9c6;stroke:#b04a14;stroke-width:1.5}"
    ".r{fill:none;stroke:#7b2d8e;stroke-width:2.5;stroke-dasharray:7 4}"
    ".m{fill:#7b2d8e;stroke:#fff;stroke-width:2}.gbm .n{fill:#fff;stroke:none;font-size:13px}"
    ".gbm .g{fill:#5b646e;font-weight:400}.k{fill:none;stroke:#1c2026;stroke-width:1.5}"
)


@dataclass(frozen=True)
class RoundMap:
    """What a map of a round shows, EPSG:4326.

    Parameters
    ----------
    units, streets
        With their names; an empty name is not written.
    cells
        Squares of the places.
    marks
        The places in the order of the walk; the label is the place's number.
    """

    units: tuple[Part, ...]
    streets: tuple[Part, ...]
    cells: tuple[BaseGeometry, ...]
    marks: tuple[Mark, ...]


@dataclass(frozen=True)
class _View:
    west: float
    south: float
    east: float
    north: float
    px_per_m: float
    shrink: float

    @classmethod
    def around(cls, shown: RoundMap) -> _View:
        points = [shapely.Point(mark.lon, mark.lat) for mark in shown.marks]
        west, south, east, north = shapely.total_bounds([*shown.cells, *points]).tolist()
        middle = ((west + east) / 2, (south + north) / 2)
        shrink = math.cos(math.radians(middle[1]))
        wide_m = max((east - west) * shrink * METRES_OF_DEGREE + 2 * _MARGIN_M, _LEAST_M)
        high_m = max((north - south) * METRES_OF_DEGREE + 2 * _MARGIN_M, _LEAST_M / 2)
        px_per_m = min(WIDTH_PX / wide_m, _HEIGHT_PX[1] / high_m)
        high_px = min(max(high_m * px_per_m, _HEIGHT_PX[0]), _HEIGHT_PX[1])
        half_lon = WIDTH_PX / px_per_m / 2 / METRES_OF_DEGREE / shrink
        half_lat = high_px / px_per_m / 2 / METRES_OF_DEGREE
        return cls(
            middle[0] - half_lon, middle[1] - half_lat, middle[0] + half_lon, middle[1] + half_lat,
            px_per_m, shrink,
        )  # fmt: skip

    @property
    def high_px(self) -> float:
        return (self.north - self.south) * METRES_OF_DEGREE * self.px_per_m

    def at(self, lon: float, lat: float) -> tuple[float, float]:
        x_px = (lon - self.west) * self.shrink * METRES_OF_DEGREE * self.px_per_m
        return x_px, (self.north - lat) * METRES_OF_DEGREE * self.px_per_m

    def cut(self, shape: BaseGeometry) -> BaseGeometry:
        inside = shapely.clip_by_rect(shape, self.west, self.south, self.east, self.north)
        coarse = _COARSE_PX / self.px_per_m / METRES_OF_DEGREE
        return shapely.simplify(inside, coarse)

    def path(self, shape: BaseGeometry) -> str:
        """Write every ring and line of a shape as one path."""
        written = []
        for part in shapely.get_parts(shape):
            lines = [part]
            if part.geom_type == "Polygon":
                lines = [part.exterior, *part.interiors]
            for line in lines:
                if line.geom_type not in {"LineString", "LinearRing"} or line.is_empty:
                    continue
                points = [self.at(lon, lat) for lon, lat in shapely.get_coordinates(line).tolist()]
                told = "L".join(f"{x:.1f} {y:.1f}" for x, y in points)
                written.append(f"M{told}{'Z' if part.geom_type == 'Polygon' else ''}")
        return "".join(written)


def round_svg(shown: RoundMap, title: str) -> str:
    """Draw the map; empty where there is no place.

    Parameters
    ----------
    title
        What the map is, read aloud; as text.
    """
    if not shown.marks:
        return ""
    view = _View.around(shown)
    high = f"{view.high_px:.0f}"
    units = [Part(part.label, view.cut(part.geometry)) for part in shown.units]
    streets = [Part(part.label, view.cut(part.geometry)) for part in shown.streets]
    size = f'xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH_PX:.0f} {high}"'
    drawn = [
        f'<svg class="gbm" {size} role="img" aria-label="{escape(title)}">',
        f"<style>{_STYLE}</style>",
        *_shapes(view, "u", [part.geometry for part in units]),
        *_shapes(view, "s", [part.geometry for part in streets]),
        *_shapes(view, "c", [view.cut(cell) for cell in shown.cells]),
        *_names(view, units, streets, shown.marks),
    ]
    if len(shown.marks) > 1:
        walk = "L".join("{:.1f} {:.1f}".format(*view.at(m.lon, m.lat)) for m in shown.marks)
        drawn.append(f'<path class="r" d="M{walk}"/>')
    for mark in shown.marks:
        x_px, y_px = view.at(mark.lon, mark.lat)
        drawn.append(
            f'<circle class="m" cx="{x_px:.1f}" cy="{y_px:.1f}" r="11"/><text class="n" '
            f'x="{x_px:.1f}" y="{y_px + 4.5:.1f}" text-anchor="middle">{escape(mark.label)}</text>'
        )
    return "".join([*drawn, *_furniture(view), "</svg>"])


def _shapes(view: _View, kind: str, shapes: Sequence[BaseGeometry]) -> list[str]:
    paths = [view.path(shape) for shape in shapes if not shape.is_empty]
    return [f'<path class="{kind}" d="{path}"/>' for path in paths if path]


def _names(
    view: _View, units: Sequence[Part], streets: Sequence[Part], marks: Sequence[Mark]
) -> list[str]:
    """Write names where they hide neither a place nor each other, the longest streets first."""
    taken = [(x - 12, y - 12, x + 12, y + 12) for x, y in (view.at(m.lon, m.lat) for m in marks)]
    wanted = [
        (-part.geometry.length, "", part.label, part.geometry.interpolate(0.5, normalized=True))
        for part in _longest(streets)
        if part.geometry.length * METRES_OF_DEGREE > _NAMED_M
    ]
    wanted += [
        (1.0, "g", part.label, part.geometry.representative_point())
        for part in units
        if part.label and not part.geometry.is_empty
    ]
    written: list[str] = []
    for _, kind, label, point in sorted(wanted, key=lambda one: (one[0], one[2])):
        x_px, y_px = view.at(point.x, point.y)
        signs = sum(1.0 if ord(sign) > 0xFF else 0.6 for sign in label)  # noqa: PLR2004 - wide signs
        half = signs * _LETTER_PX / 2
        box = (x_px - half, y_px - 7, x_px + half, y_px + 7)
        is_outside = box[0] < 0 or box[2] > WIDTH_PX or box[1] < 0 or box[3] > view.high_px - 16
        if is_outside or any(_meet(box, other) for other in taken):
            continue
        taken.append(box)
        written.append(
            f'<text class="{kind}" x="{x_px:.1f}" y="{y_px + 3.5:.1f}" text-anchor="middle">'
            f"{escape(label)}</text>"
        )
        if len(written) >= _MOST_NAMES:
            break
    return written


def _longest(streets: Sequence[Part]) -> list[Part]:
    """Give the longest single line of every named street."""
    found: dict[str, Part] = {}
    for part in streets:
        for line in shapely.get_parts(part.geometry):
            held = found.get(part.label)
            is_line = line.geom_type == "LineString"
            if part.label and is_line and (held is None or line.length > held.geometry.length):
                found[part.label] = Part(part.label, line)
    return list(found.values())


def _meet(one: tuple[float, ...], other: tuple[float, ...]) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


def _furniture(view: _View) -> list[str]:
    length_m = scale_bar(view.px_per_m, WIDTH_PX * 0.3)
    end, low, right = 8 + length_m * view.px_per_m, view.high_px - 8, WIDTH_PX - 16
    return [
        f'<path class="k" d="M8 {low - 4:.1f}V{low:.1f}H{end:.1f}V{low - 4:.1f}"/>',
        f'<text x="{end + 5:.1f}" y="{low:.1f}">{length_m:,} m</text>',
        f'<path d="M{right} 8l-5 15 5-4 5 4z"/>',
        f'<text x="{right}" y="34" text-anchor="middle">N</text>',
    ]
