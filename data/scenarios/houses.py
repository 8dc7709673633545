"""Set buildings into compounds, row by row, and share the compound's households among them.

Used by the stories of the scenarios. Knows nothing of devices or files.
"""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import shapely
from shapely import Polygon
from shapely.geometry.base import BaseGeometry

from data.scenarios.streets import orientation_deg
from data.scenarios.town import Compound, Town
from data.vocabulary import BuildingKind

_FROM_WALL_M = 5.0
_LENGTH_M, _DEPTH_M, _GAP_M, _ROW_GAP_M = 34.0, 12.0, 9.0, 17.0
_HOMES_A_FLOOR = 4
_KINDS = {
    "residential": BuildingKind.RESIDENTIAL,
    "market": BuildingKind.COMMERCIAL,
    "school": BuildingKind.SCHOOL,
    "hospital": BuildingKind.HOSPITAL,
    "office": BuildingKind.OFFICE,
    "enterprise": BuildingKind.OTHER,
}


@dataclass(frozen=True)
class House:
    """One building; shape in the plane of the town."""

    key: str
    name: str
    kind: BuildingKind
    compound: Compound
    stairwells: int
    floors: int
    households: int
    residents: int
    shape: Polygon


@dataclass(frozen=True)
class CompoundState:
    """What planners know of a compound beside its size."""

    is_old: bool
    is_unmanaged: bool
    safe_stars: int | None


def houses_of(town: Town, households_a_house: int) -> list[House]:
    """Build the houses of a town; the households of each compound live in its houses.

    Parameters
    ----------
    households_a_house
        About how many households one house holds; fewer, larger houses where room is short.
    """
    made: list[House] = []
    for compound in town.compounds:
        kind = _KINDS.get(compound.kind)
        if kind is None:
            continue
        wanted = math.ceil(compound.households / households_a_house) or 1
        shapes = _sites(compound.shape, wanted)
        for number, shape in enumerate(shapes, 1):
            key = f"LZ{len(made) + 1:05d}"
            made.append(_house(compound, kind, (key, number, len(shapes)), shape))
    return made


def states_of(
    town: Town, dice: np.random.Generator, old: dict[str, float], rated: float
) -> dict[str, CompoundState]:
    """Say which lived-in compounds are old, unmanaged and rated as safe units.

    Parameters
    ----------
    old
        Community code → share of old compounds; elsewhere one in five.
    rated
        Share of compounds with stars; exact up to rounding.
    """
    lived = [compound for compound in town.compounds if compound.households]
    order = dice.permutation(len(lived)).tolist()
    starred = set(order[: round(rated * len(lived))])
    made: dict[str, CompoundState] = {}
    for at, compound in enumerate(lived):
        draws = dice.random(2)
        is_old = bool(draws[0] < old.get(compound.grid_code[:12], 0.2))
        stars = int(dice.integers(3, 6))
        is_unmanaged = is_old and bool(draws[1] < 0.4)  # noqa: PLR2004 - share
        made[compound.key] = CompoundState(is_old, is_unmanaged, stars if at in starred else None)
    return made


def _house(
    compound: Compound, kind: BuildingKind, place: tuple[str, int, int], shape: Polygon
) -> House:
    key, number, count = place
    homes = compound.households
    share = homes // count + (1 if number <= homes % count else 0)
    people = compound.residents
    residents = people // count + (1 if number <= people % count else 0)
    is_lived = kind is BuildingKind.RESIDENTIAL
    floors = min(33, max(3, math.ceil(share / (3 * _HOMES_A_FLOOR)))) if is_lived else 3
    stairwells = max(1, math.ceil(share / (floors * _HOMES_A_FLOOR)))
    name = f"{compound.name or ''}{number}号楼"
    return House(key, name, kind, compound, stairwells, floors, share, residents, shape)


def _sites(area: Polygon, wanted: int) -> list[Polygon]:
    """Lay rows of equal houses along the longer side, evenly chosen; one where none fits."""
    angle = math.radians(orientation_deg(area))
    turn = np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
    turned = shapely.transform(area, lambda xy: xy @ turn)
    inner = turned.buffer(-_FROM_WALL_M)
    corners = _fitting(inner)
    if len(corners) == 0:
        centre = turned.representative_point()
        corners = np.array([[centre.x - 6.0, centre.y - 4.0, centre.x + 6.0, centre.y + 4.0]])
    count = min(wanted, len(corners))
    chosen = corners[np.arange(count) * len(corners) // count]
    rings = chosen[:, [0, 1, 2, 1, 2, 3, 0, 3]].reshape(-1, 4, 2) @ turn.T
    return [Polygon(np.round(ring, 1)) for ring in rings]


def _fitting(inner: BaseGeometry) -> npt.NDArray[np.float64]:
    """Give the boxes of a regular pattern that lie inside: west, south, east, north."""
    if inner.is_empty:
        return np.empty((0, 4))
    min_x, min_y, max_x, max_y = inner.bounds
    columns = np.arange(min_x, max_x - _LENGTH_M, _LENGTH_M + _GAP_M)
    rows = np.arange(min_y, max_y - _DEPTH_M, _DEPTH_M + _ROW_GAP_M)
    west, south = (side.ravel() for side in np.meshgrid(columns, rows))
    boxes = np.column_stack([west, south, west + _LENGTH_M, south + _DEPTH_M])
    shapely.prepare(inner)
    inside: npt.NDArray[np.float64] = boxes[shapely.contains(inner, shapely.box(*boxes.T))]
    return inside
