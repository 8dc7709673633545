"""Hold one edit of a tiling as a frozen value, and write it to JSON and back.

Used by `geo.edits.applying`, by the log of a plan and by whatever turns drawings into edits.
Knows nothing of tilings: whether an edit fits one is `apply`'s to say.

Places are (longitude, latitude) in degrees, as stored. Every edit refuses coordinates that are not
finite (`EditRefused`, ``coordinates_not_finite``) when it is built.
"""

import json
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Any, Final, TypeAlias

import shapely

from geo.edits.refusal import EditRefused, refused
from geo.edits.states import GridState, Restore

__all__ = ["CUT", "EXTEND", "Edit", "GridState", "Line", "Lock", "LonLat", "Merge", "MoveOuter",
           "MoveVertices", "Piece", "RedrawBorder", "Rename", "Renumber", "Restore", "Split",
           "Transfer", "from_json", "kind_of", "to_json"]  # fmt: skip

LonLat: TypeAlias = tuple[float, float]
Line: TypeAlias = tuple[LonLat, ...]
Piece: TypeAlias = tuple[tuple[Line, ...], ...]
"""Polygons of rings (first the shell), as the coordinates of a GeoJSON MultiPolygon."""

JSON_VERSION: Final = 1
_RING_LENGTH: Final = 3


def _place(xy: Sequence[float]) -> LonLat:
    lon, lat = float(xy[0]), float(xy[1])
    if not (isfinite(lon) and isfinite(lat)):
        raise refused("coordinates_not_finite")
    return lon, lat


def _line(places: Iterable[Sequence[float]]) -> Line:
    return tuple(_place(xy) for xy in places)


@dataclass(frozen=True, slots=True)
class MoveVertices:
    """Drag vertices; every grid that has one follows, so no gap opens.

    Attributes
    ----------
    moves
        Pairs of where a vertex is (bit for bit) and where it goes.
    bends
        Triples of the two ends of an edge and of a new vertex between them.
    outer
        Vertices of the outer edge may move too: stated, never by accident.
    """

    moves: tuple[tuple[LonLat, LonLat], ...]
    bends: tuple[tuple[LonLat, LonLat, LonLat], ...] = ()
    outer: bool = False

    def __post_init__(self) -> None:
        moves = tuple((_place(was), _place(goes)) for was, goes in self.moves)
        bends = tuple((_place(a), _place(b), _place(new)) for a, b, new in self.bends)
        object.__setattr__(self, "moves", moves)
        object.__setattr__(self, "bends", bends)


@dataclass(frozen=True, slots=True)
class RedrawBorder:
    """Let a drawn line be the border of two neighbours from where it starts to where it ends.

    Attributes
    ----------
    a, b
        Codes of the neighbours.
    line
        From a place on the outline or on the common border of the two to another one. Of the two
        ways to give its sides to `a` and `b`, the one that moves less area holds.
    """

    a: str
    b: str
    line: Line

    def __post_init__(self) -> None:
        object.__setattr__(self, "line", _line(self.line))


@dataclass(frozen=True, slots=True)
class Transfer:
    """Give a piece of one grid to another.

    Attributes
    ----------
    giver, taker
        Codes.
    piece
        Polygons (compounds, blocks, a lasso); what lies in the giver moves.
    """

    giver: str
    taker: str
    piece: Piece

    def __post_init__(self) -> None:
        polygons = tuple(tuple(_line(ring) for ring in rings) for rings in self.piece)
        object.__setattr__(self, "piece", polygons)

    @classmethod
    def of(
        cls, giver: str, taker: str, shapes: shapely.Geometry | Iterable[shapely.Geometry]
    ) -> "Transfer":
        """Build from polygons, or from the line of a lasso, which is closed."""
        listed = [shapes] if isinstance(shapes, shapely.Geometry) else list(shapes)
        return cls(giver, taker, tuple(rings for shape in listed for rings in _rings_of(shape)))


def _rings_of(shape: shapely.Geometry) -> Iterable[tuple[Line, ...]]:
    for part in shapely.get_parts(shape):
        if isinstance(part, shapely.Polygon):
            yield tuple(_line(ring.coords) for ring in (part.exterior, *part.interiors))
        elif isinstance(part, shapely.LineString) and len(part.coords) >= _RING_LENGTH:
            drawn = _line(part.coords)
            yield (drawn if drawn[0] == drawn[-1] else (*drawn, drawn[0]),)
        else:
            raise refused("piece_not_areal", place=part)


@dataclass(frozen=True, slots=True)
class Split:
    """Cut a grid in two along a line.

    Attributes
    ----------
    code
        The larger part keeps it (equal parts: the one left of the line).
    line
        From outline to outline, overshoot allowed; or closed inside the grid.
    new_code, new_name
        Of the smaller part.
    """

    code: str
    line: Line
    new_code: str
    new_name: str

    def __post_init__(self) -> None:
        object.__setattr__(self, "line", _line(self.line))


@dataclass(frozen=True, slots=True)
class Merge:
    """Make one grid of neighbours.

    Attributes
    ----------
    codes
        At least two.
    into
        Code of the whole: one of `codes`, or one never used before. The others retire.
    name
        Of the whole; empty keeps the name of `into` (of the first code, if `into` is new).
    """

    codes: tuple[str, ...]
    into: str
    name: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "codes", tuple(self.codes))


@dataclass(frozen=True, slots=True)
class Renumber:
    """Give grids other codes; former codes that no grid bears any more retire.

    Attributes
    ----------
    codes
        Pairs of former and new code (a mapping is taken too).
    """

    codes: tuple[tuple[str, str], ...]

    def __post_init__(self) -> None:
        pairs = self.codes.items() if isinstance(self.codes, Mapping) else self.codes
        object.__setattr__(self, "codes", tuple((str(was), str(new)) for was, new in pairs))


@dataclass(frozen=True, slots=True)
class Rename:
    """Give a grid another name."""

    code: str
    name: str


EXTEND: Final = "extend"
CUT: Final = "cut"


@dataclass(frozen=True, slots=True)
class MoveOuter:
    """Extend a grid over ground that no grid covers, or give up ground at the outer edge.

    Attributes
    ----------
    code
        The grid.
    line
        To extend: outside all grids, from outline to outline; what it encloses is added. To cut:
        through the grid, from outer edge to outer edge; the smaller side is given up.
    how
        ``extend`` or ``cut``.
    """

    code: str
    line: Line
    how: str

    def __post_init__(self) -> None:
        if self.how not in {EXTEND, CUT}:
            raise refused("edit_not_understood", (self.code,), got=str(self.how))
        object.__setattr__(self, "line", _line(self.line))


@dataclass(frozen=True, slots=True)
class Lock:
    """Lock grids against every other edit, or open them again."""

    codes: tuple[str, ...]
    on: bool = True

    def __post_init__(self) -> None:
        object.__setattr__(self, "codes", tuple(self.codes))


Edit: TypeAlias = (
    MoveVertices
    | RedrawBorder
    | Transfer
    | Split
    | Merge
    | Renumber
    | Rename
    | MoveOuter
    | Lock
    | Restore
)


def to_json(edit: Edit) -> dict[str, Any]:
    """Write an edit as a JSON object: `version`, `kind` and its attributes.

    Coordinates are numbers that read back bit for bit; shapes are base64 of WKB.
    """
    kind = _KIND_OF[type(edit)]
    names = type(edit).__dataclass_fields__
    return {
        "version": JSON_VERSION,
        "kind": kind,
        **{name: _plain(getattr(edit, name)) for name in names},
    }


def _plain(value: Any) -> Any:  # noqa: ANN401 - any attribute of any edit
    if isinstance(value, GridState):
        return {name: _plain(getattr(value, name)) for name in GridState.__dataclass_fields__}
    if isinstance(value, tuple):
        return [_plain(each) for each in value]
    if isinstance(value, bytes):
        return b64encode(value).decode("ascii")
    return value


def from_json(document: Mapping[str, Any] | str) -> Edit:
    """Read what `to_json` wrote.

    Raises
    ------
    EditRefused
        ``edit_not_understood`` (field `got`: version, kind or attribute),
        ``coordinates_not_finite``.
    """
    try:
        read = json.loads(document) if isinstance(document, str) else dict(document)
        if read.pop("version") != JSON_VERSION:
            raise refused("edit_not_understood", got="version")
        kind = read.pop("kind")
        return _READERS[kind](read)
    except EditRefused:
        raise
    except (KeyError, TypeError, ValueError, IndexError, AttributeError) as fault:
        raise refused("edit_not_understood", got=f"{type(fault).__name__}: {fault}") from fault


def _texts(values: Iterable[Any]) -> tuple[str, ...]:
    return tuple(_text(value) for value in values)


def _text(value: Any) -> str:  # noqa: ANN401 - from JSON
    if not isinstance(value, str):
        raise TypeError(repr(value))
    return value


def _pairs(values: Iterable[Sequence[Any]]) -> tuple[tuple[Any, Any], ...]:
    return tuple((first, second) for first, second in values)


def _state(read: Mapping[str, Any]) -> GridState:
    return GridState(
        code=_text(read["code"]),
        name=_text(read["name"]),
        parent=_text(read["parent"]),
        shape=b64decode(read["shape"], validate=True),
        counts=tuple((_text(measure), int(count)) for measure, count in read["counts"]),
        estimated=_texts(read["estimated"]),
        locked=bool(read["locked"]),
    )


def _restore(read: Mapping[str, Any]) -> Restore:
    return Restore(
        grids=tuple(_state(each) for each in read["grids"]),
        removed=_texts(read["removed"]),
        seen=_pairs(read["seen"]),
        retired=_texts(read["retired"]),
        unretired=_texts(read["unretired"]),
    )


_READERS: Final[Mapping[str, Callable[[dict[str, Any]], Edit]]] = {
    "move_vertices": lambda read: MoveVertices(
        read["moves"], read.get("bends", ()), bool(read.get("outer", False))
    ),
    "redraw_border": lambda read: RedrawBorder(_text(read["a"]), _text(read["b"]), read["line"]),
    "transfer": lambda read: Transfer(_text(read["giver"]), _text(read["taker"]), read["piece"]),
    "split": lambda read: Split(
        _text(read["code"]), read["line"], _text(read["new_code"]), _text(read["new_name"])
    ),
    "merge": lambda read: Merge(
        _texts(read["codes"]), _text(read["into"]), _text(read.get("name", ""))
    ),
    "renumber": lambda read: Renumber(
        tuple((_text(was), _text(new)) for was, new in read["codes"])
    ),
    "rename": lambda read: Rename(_text(read["code"]), _text(read["name"])),
    "move_outer": lambda read: MoveOuter(_text(read["code"]), read["line"], _text(read["how"])),
    "lock": lambda read: Lock(_texts(read["codes"]), bool(read["on"])),
    "restore": _restore,
}
_KIND_OF: Final[Mapping[type, str]] = {
    MoveVertices: "move_vertices",
    RedrawBorder: "redraw_border",
    Transfer: "transfer",
    Split: "split",
    Merge: "merge",
    Renumber: "renumber",
    Rename: "rename",
    MoveOuter: "move_outer",
    Lock: "lock",
    Restore: "restore",
}


def kind_of(edit: Edit) -> str:
    """Name the kind of an edit as its JSON does."""
    return _KIND_OF[type(edit)]
