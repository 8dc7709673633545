"""Hold what an edit would change before it is checked, and the checks that every kind shares.

Used by the makers of each kind of edit and by `geo.edits.applying`.
Knows nothing of how a kind is made.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import shapely

from geo.edits.refusal import refused
from geo.edits.tiling import EditTiling

Moved = tuple[str, str, shapely.Geometry]
"""Giver, taker (empty: outside) and ground."""


@dataclass(slots=True)
class Draft:
    """The changes of one edit.

    Attributes
    ----------
    shapes
        New shapes by code, of changed and of new grids.
    removed
        Codes that go.
    moved
        Ground that changes hands.
    names, parents
        New values by code.
    carried
        New code by former code, where a grid only gets another code.
    locks
        Whether locked, by code, where that changes.
    is_outer_stated
        The outer edge may move.
    is_moved_open
        `moved` is to be found from the shapes, once these are known to be sound.
    thin_matters
        Moved ground must not be a sliver.
    followed_street
        See `Report`.
    """

    shapes: dict[str, shapely.Geometry] = field(default_factory=dict)
    removed: tuple[str, ...] = ()
    moved: list[Moved] = field(default_factory=list)
    names: dict[str, str] = field(default_factory=dict)
    parents: dict[str, str] = field(default_factory=dict)
    carried: Mapping[str, str] = field(default_factory=dict)
    locks: dict[str, bool] = field(default_factory=dict)
    is_outer_stated: bool = False
    is_moved_open: bool = False
    thin_matters: bool = False
    followed_street: bool = False


def require_known(tiling: EditTiling, codes: Iterable[str]) -> None:
    """Refuse codes that no grid bears: ``grid_unknown``."""
    unknown = tuple(code for code in codes if code not in tiling)
    if unknown:
        raise refused("grid_unknown", unknown)


def require_open(tiling: EditTiling, codes: Iterable[str]) -> None:
    """Refuse locked grids: ``grid_locked``."""
    locked = tuple(sorted(set(codes) & tiling.locked))
    if locked:
        places = [tiling.shape(code) for code in locked if code in tiling]
        place = shapely.point_on_surface(places[0]) if places else None
        raise refused("grid_locked", locked, place)


def require_new(tiling: EditTiling, code: str, leaving: Iterable[str] = ()) -> None:
    """Refuse a code that is empty, borne by a grid that stays, or retired.

    Raises
    ------
    EditRefused
        ``code_empty``, ``code_taken``, ``code_retired``.
    """
    if not code.strip() or code != code.strip():
        raise refused("code_empty", (code,))
    if code in tiling and code not in set(leaving):
        raise refused("code_taken", (code,), shapely.point_on_surface(tiling.shape(code)))
    if code in tiling.retired:
        raise refused("code_retired", (code,))
