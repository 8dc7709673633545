"""Read what was drawn on the live map, and turn it into an edit of the grids.

Used by `dashboard.components.plan_map` and the planner's actions.
Knows nothing of Streamlit; whether the edit is possible is said by `geo.edits.apply`.

A place of a drawing is the number of a vertex, which then is exactly that vertex of the shared
vertices, or longitude and latitude in the datum of the basemap, brought back by
`Window.points_back`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from dashboard.maps.window import Window
from geo.edits.refusal import refused
from geo.edits.values import (
    Lock,
    Merge,
    MoveOuter,
    MoveVertices,
    RedrawBorder,
    Split,
    Transfer,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from shapely.geometry.base import BaseGeometry

    from dashboard.maps.editing import SharedVertices
    from dashboard.maps.layers import Basemap
    from geo.edits.values import Edit

    _Place = tuple[float, float]

__all__ = ["HISTORY", "OPS", "Drawn", "Ground", "edit_of", "read_drawing"]

OPS: Final = (
    "move",
    "insert",
    "border",
    "outer",
    "transfer",
    "split",
    "merge",
    "lock",
    "undo",
    "redo",
)
HISTORY: Final = frozenset({"undo", "redo"})
_MOST_PLACES: Final = 20_000
_PAIR: Final = 2


@dataclass(frozen=True, slots=True)
class Drawn:
    """Hold one message of the edit mode.

    Attributes
    ----------
    op
        One of `OPS`.
    seq
        Its number on this page, rising; the answer names it (`Editor.answered`).
    base_rev
        `SharedVertices.rev` of the grids that it was drawn on.
    told
        The rest of the message, as it came; `edit_of` reads it.
    """

    op: str
    seq: int
    base_rev: str
    told: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Ground:
    """Hold what a drawing stands on.

    Attributes
    ----------
    vertices
        The grids as the scene brought them to the browser.
    basemap
        The scene's basemap: its datum is the drawing's.
    pieces
        Shapes (EPSG:4326) of the areas that can be picked for a transfer, by code.
    """

    vertices: SharedVertices
    basemap: Basemap
    pieces: Mapping[str, BaseGeometry] = field(default_factory=dict)


def read_drawing(told: object) -> Drawn | None:
    """Read a message of the browser; None for anything that is none."""
    if not isinstance(told, Mapping):
        return None
    op, seq, rev = (told.get(name) for name in ("op", "seq", "base_rev"))
    if op not in OPS or not isinstance(seq, int) or isinstance(seq, bool):
        return None
    if not isinstance(rev, str):
        return None
    return Drawn(str(op), seq, rev, dict(told))


def edit_of(
    drawn: Drawn, ground: Ground, new_grid: Callable[[str], tuple[str, str]]
) -> Edit | None:
    """Turn a drawing into an edit; None for undo and redo, which are the log's.

    Parameters
    ----------
    drawn
        The message.
    ground
        What it was drawn on.
    new_grid
        Gives code and name of the grid that a split of this code makes.

    Raises
    ------
    EditRefused
        ``drawing_out_of_date`` when the grids are not those it was drawn on,
        ``edit_not_understood`` when the message is not whole, ``coordinates_not_finite``.
    """
    if drawn.op in HISTORY:
        return None
    if drawn.base_rev != ground.vertices.rev:
        raise refused("drawing_out_of_date", got=drawn.base_rev)
    try:
        return _READERS[drawn.op](drawn.told, _Reader(ground), new_grid)
    except (KeyError, TypeError, IndexError, ValueError, OverflowError) as fault:
        raise refused("edit_not_understood", got=f"{drawn.op}: {fault}") from fault


class _Reader:
    """Read places and codes of a message."""

    def __init__(self, ground: Ground) -> None:
        self.ground = ground
        self.window = Window(ground.basemap)

    def places(self, told: object) -> tuple[_Place, ...]:
        """Read a list of vertex numbers and of pairs of degrees, in its order."""
        if not isinstance(told, Sequence) or isinstance(told, str) or len(told) > _MOST_PLACES:
            raise TypeError("places")
        vertices = self.ground.vertices
        drawn = [place for place in told if not isinstance(place, int)]
        if any(len(place) != _PAIR for place in drawn):
            raise TypeError("place")
        if not all(math.isfinite(degrees) for place in drawn for degrees in place):
            raise refused("coordinates_not_finite")
        pairs = np.array(drawn, dtype=np.float64).reshape(-1, 2)
        back = iter(zip(*self.window.points_back(pairs[:, 0], pairs[:, 1]), strict=True))
        found: list[_Place] = []
        for place in told:
            if not isinstance(place, int):
                lon, lat = next(back)
                found.append((float(lon), float(lat)))
            elif 0 <= place < len(vertices.lon):
                found.append((float(vertices.lon[place]), float(vertices.lat[place])))
            else:
                raise IndexError("vertex")
        return tuple(found)

    def codes(self, told: object) -> tuple[str, ...]:
        if not isinstance(told, Sequence) or isinstance(told, str):
            raise TypeError("codes")
        return tuple(_text(code) for code in told)


def _text(told: object) -> str:
    if not isinstance(told, str):
        raise TypeError("text")
    return told


def _flag(told: object) -> bool:
    if not isinstance(told, bool):
        raise TypeError("flag")
    return told


_NewGrid = Any
_Told = Mapping[str, Any]


def _move(told: _Told, reader: _Reader, _: _NewGrid) -> Edit:
    was, goes = reader.places(told["vertices"]), reader.places(told["to"])
    return MoveVertices(tuple(zip(was, goes, strict=True)), outer=_flag(told["outer"]))


def _insert(told: _Told, reader: _Reader, _: _NewGrid) -> Edit:
    a, b = reader.places(told["edge"])
    (new,) = reader.places([told["to"]])
    return MoveVertices((), ((a, b, new),), outer=_flag(told["outer"]))


def _border(told: _Told, reader: _Reader, _: _NewGrid) -> Edit:
    a, b = reader.codes(told["codes"])
    return RedrawBorder(a, b, reader.places(told["line"]))


def _outer(told: _Told, reader: _Reader, _: _NewGrid) -> Edit:
    return MoveOuter(_text(told["code"]), reader.places(told["line"]), _text(told["how"]))


def _transfer(told: _Told, reader: _Reader, _: _NewGrid) -> Edit:
    giver, taker = _text(told["giver"]), _text(told["taker"])
    picked = reader.codes(told["pieces"])
    if picked:
        return Transfer.of(giver, taker, [reader.ground.pieces[code] for code in picked])
    ring = reader.places(told["ring"])
    return Transfer(giver, taker, (((*ring, ring[0]),),))


def _split(told: _Told, reader: _Reader, new_grid: _NewGrid) -> Edit:
    code = _text(told["code"])
    new_code, new_name = new_grid(code)
    return Split(code, reader.places(told["line"]), new_code, new_name)


def _merge(told: _Told, reader: _Reader, _: _NewGrid) -> Edit:
    return Merge(reader.codes(told["codes"]), _text(told["into"]))


def _lock(told: _Told, reader: _Reader, _: _NewGrid) -> Edit:
    return Lock(reader.codes(told["codes"]), _flag(told["on"]))


_READERS: Final[Mapping[str, Callable[[_Told, _Reader, _NewGrid], Edit]]] = {
    "move": _move,
    "insert": _insert,
    "border": _border,
    "outer": _outer,
    "transfer": _transfer,
    "split": _split,
    "merge": _merge,
    "lock": _lock,
}
