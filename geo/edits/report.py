"""Say how an edit is to be applied, and what it did.

Used by `geo.edits.applying`, which hands these on.
Knows nothing of how an edit is carried out.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import shapely

from geo.edits.tiling import EditTiling, ObjectArray
from geo.edits.values import Restore


@dataclass(frozen=True, slots=True, eq=False)
class Atoms:
    """Compounds or buildings with counts of their own, to share out a cut grid's numbers.

    Attributes
    ----------
    shapes
        Polygons (a cut one is shared out by area) or points, EPSG:4326.
    counts
        One number per shape, by measure.
    """

    shapes: ObjectArray
    counts: Mapping[str, npt.NDArray[np.int64]]
    tree: shapely.STRtree = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "tree", shapely.STRtree(self.shapes))


@dataclass(frozen=True, slots=True, eq=False)
class EditOptions:
    """How edits are applied.

    Attributes
    ----------
    snap_m
        A drawn line nearer than this to a vertex passes through it, and nearer than this to an
        edge meets it.
    sliver_m
        Nothing whose mean width (area over half its outline) is below this may move or come to be.
    allow_parts
        Grids may fall into parts that have no common border.
    across_parents
        Area may pass from one community to another, and their grids may merge.
    clip
        A piece that reaches into grids other than giver and taker is clipped, not refused.
    parents
        Shapes of the communities by code: what a grid gains must lie in its own.
    atoms
        What to share counts out by; without it, by area.
    streets
        Lines along which `Split` and `RedrawBorder` may run instead of the drawn line.
    street_m
        How far from a street a drawn line may be to follow it.
    """

    snap_m: float = 1.0
    sliver_m: float = 1.0
    allow_parts: bool = False
    across_parents: bool = False
    clip: bool = False
    parents: Mapping[str, shapely.Geometry] = field(default_factory=dict)
    atoms: Atoms | None = None
    streets: tuple[shapely.LineString, ...] = ()
    street_m: float = 15.0


@dataclass(frozen=True, slots=True)
class MovedArea:
    """Ground that changed hands.

    Attributes
    ----------
    giver, taker
        Codes; empty for ground outside the tiling.
    area_m2
        By `geo.measure`, all moved areas of an edit in one working CRS.
    counts
        What moved with it, by measure.
    geometry
        The ground, EPSG:4326.
    """

    giver: str
    taker: str
    area_m2: float
    counts: Mapping[str, int]
    geometry: shapely.Geometry


@dataclass(frozen=True, slots=True)
class Report:
    """What an edit did.

    Attributes
    ----------
    touched
        Codes whose shape, name, code, count or lock changed, before or after, in order; a
        neighbour that only got a vertex on a straight edge is among them.
    moved
        Ground that changed hands, largest first.
    outer_m2
        Square metres by which the tiling grew (negative: shrank).
    added, removed
        Codes that came and codes that went.
    estimated
        Codes whose counts became estimates.
    followed_street
        The line was laid along a street.
    """

    touched: tuple[str, ...]
    moved: tuple[MovedArea, ...] = ()
    outer_m2: float = 0.0
    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    estimated: tuple[str, ...] = ()
    followed_street: bool = False


@dataclass(frozen=True, slots=True)
class Applied:
    """An edit that was applied.

    Attributes
    ----------
    tiling
        The new one; the former is unchanged.
    report
        What happened.
    inverse
        The edit that leads back to the former tiling, bit for bit.
    """

    tiling: EditTiling
    report: Report
    inverse: Restore
