"""Lay streets first: cut a town along its main roads, then quarter by quarter into blocks.

Used by the town builder. Knows nothing of grids or of longitude and latitude.
All lengths are metres in the plane of the town; every line is noded on one lattice of 10 cm, so
neighbouring blocks share their vertices exactly.
"""

import math
from dataclasses import dataclass, replace

import numpy as np
import shapely
from shapely import LineString, MultiLineString, Point, Polygon, affinity
from shapely.ops import substring

from data.scenarios.spec import XY, Settlement

LATTICE_M = 0.1
_SNAP_M = 26.0
_OVERSHOOT_M = 60.0
_STOP_SHARE = (1.25, 1.9)
_TRIES = 8
_SCRAP_M2 = 900.0
_WALL_CLASS = "wall"


@dataclass(frozen=True)
class Line:
    """A piece of street (or wall) in the plane."""

    street_class: str
    name: str | None
    shape: LineString


@dataclass(frozen=True)
class Network:
    """Streets and walls of one settlement, and the faces between them.

    `faces` are the smallest areas (compounds); `blocks[i]` is the number of the block of face i;
    `beyond` are the main roads, rivers and railways outside the outline.
    """

    lines: tuple[Line, ...]
    beyond: tuple[Line, ...]
    faces: tuple[Polygon, ...]
    blocks: tuple[int, ...]


class Cutter:
    """Cut polygons by slightly bent lines, remembering the junctions so that streets meet.

    Parameters
    ----------
    dice
        Source of the irregularity.
    """

    def __init__(self, dice: np.random.Generator) -> None:
        self.dice = dice
        self.lines: list[Line] = []
        self._junctions = np.empty((0, 2))

    def cut(self, area: Polygon, angle_deg: float, street_class: str) -> list[Polygon]:
        """Cut one polygon across its longer side; one polygon back when no fair cut is found."""
        for _ in range(_TRIES):
            line = self._across(area, angle_deg)
            if line is None:
                continue
            parts = faces_of([area.exterior, line])
            smallest = min(part.area for part in parts)
            if len(parts) == 2 and smallest > 0.27 * area.area:  # noqa: PLR2004 - a cut makes two
                self.lines.append(Line(street_class, None, line))
                ends = np.array([line.coords[0], line.coords[-1]])
                self._junctions = np.vstack([self._junctions, ends])
                return parts
        return [area]

    def _across(self, area: Polygon, angle_deg: float) -> LineString | None:
        turned = affinity.rotate(area, -angle_deg, origin=(0, 0))
        min_x, min_y, max_x, max_y = turned.bounds
        share = self.dice.uniform(0.4, 0.6)
        bend = self.dice.normal(0.0, 0.012, 3)
        if max_x - min_x >= max_y - min_y:
            wide, x = max_x - min_x, min_x + share * (max_x - min_x)
            ys = (min_y - _OVERSHOOT_M, (min_y + max_y) / 2, max_y + _OVERSHOOT_M)
            points = [(x + b * wide, y) for b, y in zip(bend, ys, strict=True)]
        else:
            high, y = max_y - min_y, min_y + share * (max_y - min_y)
            xs = (min_x - _OVERSHOOT_M, (min_x + max_x) / 2, max_x + _OVERSHOOT_M)
            points = [(x, y + b * high) for b, x in zip(bend, xs, strict=True)]
        line = affinity.rotate(LineString(points), angle_deg, origin=(0, 0)).intersection(area)
        pieces = list(line.geoms) if isinstance(line, MultiLineString) else [line]
        pieces = [piece for piece in pieces if isinstance(piece, LineString) and piece.length > 0]
        if not pieces:
            return None
        return self._meet(max(pieces, key=lambda piece: piece.length), area)

    def _meet(self, line: LineString, area: Polygon) -> LineString:
        coords = list(line.coords)
        for end in (0, -1):
            away = np.hypot(*(self._junctions - np.array(coords[end])).T)
            near = [
                (float(away[i]), float(self._junctions[i][0]), float(self._junctions[i][1]))
                for i in np.flatnonzero(away < _SNAP_M)
                if area.exterior.distance(Point(self._junctions[i])) < LATTICE_M
            ]
            if near:
                coords[end] = min(near)[1:]
        return LineString(coords)


def faces_of(lines: list[LineString]) -> list[Polygon]:
    """Node lines on the lattice and give the faces between them, west to east."""
    noded = shapely.union_all(lines, grid_size=LATTICE_M)
    faces = shapely.get_parts(shapely.polygonize([noded]))
    return sorted(faces, key=lambda face: (face.centroid.x, face.centroid.y))


def orientation_deg(area: Polygon) -> float:
    """Direction of the longer side of the smallest rectangle around an area, from east, 0-90."""
    corners = shapely.get_coordinates(shapely.minimum_rotated_rectangle(area))[:3]
    sides = np.diff(corners, axis=0)
    longest = sides[int(np.argmax(np.hypot(sides[:, 0], sides[:, 1])))]
    return math.degrees(math.atan2(longest[1], longest[0])) % 90.0


def build_network(settlement: Settlement, dice: np.random.Generator) -> Network:
    """Lay the streets of a settlement, then the walls between compounds.

    Parameters
    ----------
    settlement
        Outline and the lines that were there first.
    dice
        Source of the irregularity; the same seed gives the same streets.
    """
    outline = Polygon(rounded(settlement.outline, is_ring=True))
    cutter = Cutter(dice)
    roads = [Line(r.street_class, r.name, rounded(r.points)) for r in settlement.roads]
    roads += [Line("main", None, rounded(cut)) for cut in settlement.zone_cuts]
    first = [replace(r, shape=piece) for r in roads for piece in _inside(r.shape, outline)]
    ring = Line("secondary", None, LineString(outline.exterior.coords))
    first = _trimmed([*first, ring])[:-1]
    quarters = faces_of([ring.shape, *(line.shape for line in first)])
    for quarter in quarters:
        _fill(cutter, quarter, settlement)
    streets = [ring, *first, *cutter.lines]
    blocks = faces_of([line.shape for line in streets])
    walls = _walls(blocks, settlement.block_m2[0], dice)
    faces = _without_scraps(faces_of([line.shape for line in [*streets, *walls]]))
    tree = shapely.STRtree(blocks)
    owner = _renumbered(
        [int(tree.query(face.representative_point(), "within")[0]) for face in faces]
    )
    beyond = [replace(r, shape=out) for r in roads for out in _outside(r, outline)]
    return Network(tuple(streets), tuple(beyond), tuple(faces), tuple(owner))


def rounded(points: tuple[XY, ...], *, is_ring: bool = False) -> LineString:
    """Round the corners of a line drawn by hand (Chaikin's corner cutting, twice)."""
    xy = np.array(points)
    if is_ring:
        xy = np.vstack([xy, xy[:1]])
    for _ in range(2):
        near, far = 0.75 * xy[:-1] + 0.25 * xy[1:], 0.25 * xy[:-1] + 0.75 * xy[1:]
        middle = np.stack([near, far], axis=1).reshape(-1, 2)
        xy = np.vstack([middle, middle[:1]]) if is_ring else np.vstack([xy[:1], middle, xy[-1:]])
    return LineString(np.round(xy, 1))


def _trimmed(lines: list[Line]) -> list[Line]:
    """Cut off the loose ends that lead past the first and the last junction."""
    kept = []
    for line in lines:
        others = shapely.union_all([o.shape for o in lines if o is not line])
        met = shapely.get_coordinates(line.shape.intersection(others))
        along = [line.shape.project(Point(xy)) for xy in met]
        part = substring(line.shape, min(along), max(along))
        kept.append(replace(line, shape=LineString(part.coords)))
    return kept


def _outside(road: Line, outline: Polygon) -> list[LineString]:
    parts = shapely.get_parts(road.shape.difference(outline))
    return [part for part in parts if part.length > _OVERSHOOT_M * 1.5]


def _without_scraps(faces: list[Polygon]) -> list[Polygon]:
    """Join scraps left at acute junctions to the neighbour with the longest shared border."""
    kept = list(faces)
    while True:
        scraps = [i for i, face in enumerate(kept) if face.area < _SCRAP_M2]
        if not scraps:
            return kept
        scrap = kept.pop(min(scraps, key=lambda i: kept[i].area))
        shared = [face.intersection(scrap).length for face in kept]
        at = int(np.argmax(shared))
        kept[at] = Polygon(shapely.get_parts(shapely.coverage_union(kept[at], scrap))[0])


def _renumbered(owner: list[int]) -> list[int]:
    """Count blocks from zero without gaps, for those that still have a face."""
    numbers = {block: at for at, block in enumerate(sorted(set(owner)))}
    return [numbers[block] for block in owner]


def _inside(line: LineString, outline: Polygon) -> list[LineString]:
    """Parts of a line within the outline, each a little longer than needed so that it crosses."""
    kept = line.intersection(outline.buffer(LATTICE_M * 5))
    parts = shapely.get_parts(kept)
    return [part for part in parts if isinstance(part, LineString) and part.length > _SNAP_M]


def _fill(cutter: Cutter, quarter: Polygon, settlement: Settlement) -> None:
    """Cut a quarter until its blocks have the size that its distance from the centre asks for."""
    dice = cutter.dice
    low, high = settlement.block_m2
    away = min(1.0, quarter.centroid.distance(Point(settlement.centre)) / 1_700.0)
    target = low + (high - low) * away * dice.uniform(0.75, 1.15)
    angle = orientation_deg(quarter) + dice.uniform(-1.0, 1.0) * settlement.twist_deg
    waiting = [(quarter, 0)]
    while waiting:
        area, depth = waiting.pop(0)
        if area.area < target * dice.uniform(*_STOP_SHARE):
            continue
        wide = area.area > 3.4 * target
        parts = cutter.cut(area, angle, "secondary" if wide else "lane")
        if len(parts) > 1:
            waiting += [(part, depth + 1) for part in parts]


def _walls(blocks: list[Polygon], block_m2: float, dice: np.random.Generator) -> list[Line]:
    """Divide larger blocks into compounds by walls."""
    walls = Cutter(dice)
    waiting = list(blocks)
    while waiting:
        block = waiting.pop(0)
        if block.area < block_m2 * dice.uniform(0.6, 1.1):
            continue
        parts = walls.cut(block, orientation_deg(block), _WALL_CLASS)
        if len(parts) > 1:
            waiting += parts
    return walls.lines
