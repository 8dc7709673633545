"""Bring a drawn line onto the edges it meets: through vertices where near, else by new ones.

Used by every edit that draws a line, before anything is cut.
Knows nothing of grids: edges of one plane and a line.

A drawn line never moves an edge. Where it comes nearer than the snapping distance to a vertex it is
led through that vertex; where it crosses an edge elsewhere the edge gets a new vertex at the
crossing, which every grid that has the edge must get too.
"""

from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final

import numpy as np
import numpy.typing as npt

from geo.edits.outlines import Edge, one_way
from geo.edits.refusal import refused
from geo.edits.values import LonLat

FloatArray = npt.NDArray[np.float64]

_ROUNDS: Final = 40
_LEAST_SNAP_M: Final = 0.01
_NO_WIDTH: Final = 1e-300


@dataclass(frozen=True, slots=True)
class Noded:
    """A drawn line on the edges.

    Attributes
    ----------
    places
        The line's vertices; two in a row are never the same.
    is_node
        Which of them are vertices of the edges.
    added
        New vertices in order, by edge as `one_way` gives it.
    """

    places: list[LonLat]
    is_node: list[bool]
    added: dict[Edge, list[LonLat]]

    def pieces(self) -> set[Edge]:
        """Return what the edges with new vertices fell into, each as `one_way` gives it."""
        return {
            one_way(step)
            for edge, new in self.added.items()
            for step in pairwise((edge[0], *new, edge[1]))
        }


@dataclass(slots=True)
class _Board:
    """The edges and the line while they are brought together."""

    scale: FloatArray
    snap_m: float
    edges: list[Edge]
    line: list[LonLat]
    added: dict[Edge, list[tuple[float, LonLat]]] = field(default_factory=dict)
    source: dict[Edge, tuple[Edge, float, float]] = field(default_factory=dict)

    def ends(self) -> tuple[FloatArray, FloatArray]:
        both = np.array(self.edges, dtype=np.float64).reshape(-1, 2, 2) * self.scale
        return both[:, 0], both[:, 1]

    def vertices(self) -> tuple[list[LonLat], FloatArray]:
        listed = list(dict.fromkeys(xy for edge in self.edges for xy in edge))
        return listed, np.array(listed, dtype=np.float64).reshape(-1, 2) * self.scale

    def divide(self, edge: Edge, share: float) -> LonLat:
        """Put a vertex into an edge at a share of its length, and into what it was made of."""
        (ax, ay), (bx, by) = edge
        new = (ax + share * (bx - ax), ay + share * (by - ay))
        if new in edge:
            return new
        whole, since, until = self.source.pop(edge, (edge, 0.0, 1.0))
        at = since + share * (until - since)
        self.added.setdefault(whole, []).append((at, new))
        # the halves keep the direction of the whole
        self.edges.remove(edge)
        for half, own in (((edge[0], new), (since, at)), ((new, edge[1]), (at, until))):
            self.edges.append(half)
            self.source[half] = (whole, *own)
        return new


def node_line(line: list[LonLat], edges: set[Edge], scale: FloatArray, snap_m: float) -> Noded:
    """Node a line with edges.

    Parameters
    ----------
    line
        At least two places; closed where the first is the last.
    edges
        Each once, as `one_way` gives it.
    scale
        Metres per degree of longitude and of latitude.
    snap_m
        Distance within which the line is led through a vertex; at least a centimetre.

    Raises
    ------
    EditRefused
        ``line_too_tangled``.
    """
    board = _Board(scale, max(snap_m, _LEAST_SNAP_M), _near(edges, line, scale, snap_m), line)
    _snap_ends(board)
    most = 8 * (len(line) + len(board.edges)) + 64
    for _ in range(_ROUNDS):
        board.line = _without_spikes(board.line)
        if len(board.line) > most:  # led to and fro between vertices nearer than the snap
            raise refused("line_too_tangled")
        if len(board.line) < 2:  # noqa: PLR2004 - a line has two ends
            break
        if not _lead_through(board) and not _cross(board):
            break
    else:
        raise refused("line_too_tangled")
    known = {xy for edge in board.edges for xy in edge}
    added = {edge: [xy for _, xy in sorted(new)] for edge, new in board.added.items()}
    return Noded(board.line, [xy in known for xy in board.line], added)


def _near(edges: set[Edge], line: list[LonLat], scale: FloatArray, snap_m: float) -> list[Edge]:
    """Keep the edges whose boxes meet the box of the line, a few snaps wider, in a fixed order."""
    listed = sorted(edges)
    if not listed:
        return []
    ends = np.array(listed, dtype=np.float64)
    own = np.array(line, dtype=np.float64)
    margin = 8.0 * max(snap_m, _LEAST_SNAP_M) / scale
    low, high = own.min(axis=0) - margin, own.max(axis=0) + margin
    meets = ((ends.max(axis=1) >= low) & (ends.min(axis=1) <= high)).all(axis=1)
    return [listed[k] for k in np.flatnonzero(meets)]


def _snap_ends(board: _Board) -> None:
    """Take each vertex of the line to the nearest vertex, else onto the nearest edge, if near."""
    snapped: list[LonLat] = []
    names, places = board.vertices()
    for xy in board.line:
        here = np.array(xy) * board.scale
        if names:
            gaps = np.hypot(*(places - here).T)
            nearest = int(gaps.argmin())
            if gaps[nearest] <= board.snap_m:
                snapped.append(names[nearest])
                continue
            new = _onto_edge(board, here)
            if new is not None:
                names, places = board.vertices()
                snapped.append(new)
                continue
        snapped.append(xy)
    board.line = snapped


def _onto_edge(board: _Board, here: FloatArray) -> LonLat | None:
    first, last = board.ends()
    step = last - first
    length = np.maximum((step**2).sum(axis=1), _NO_WIDTH)
    share = np.clip(((here - first) * step).sum(axis=1) / length, 0.0, 1.0)
    gaps = np.hypot(*(first + share[:, None] * step - here).T)
    nearest = int(gaps.argmin())
    if gaps[nearest] > board.snap_m:
        return None
    return board.divide(board.edges[nearest], float(share[nearest]))


def _without_spikes(line: list[LonLat]) -> list[LonLat]:
    """Drop repeated places and ways there and back."""
    kept: list[LonLat] = []
    for xy in line:
        if kept and kept[-1] == xy:
            continue
        if len(kept) > 1 and kept[-2] == xy:
            kept.pop()
            continue
        kept.append(xy)
    return kept


def _segments(board: _Board) -> tuple[FloatArray, FloatArray]:
    places = np.array(board.line, dtype=np.float64) * board.scale
    return places[:-1], places[1:]


def _lead_through(board: _Board) -> bool:
    """Lead the line through vertices that its segments pass too near; tell whether any was."""
    names, places = board.vertices()
    if not names:
        return False
    first, last = _segments(board)
    step = last - first
    length = np.maximum((step**2).sum(axis=1), _NO_WIDTH)
    from_first = places[None, :, :] - first[:, None, :]
    share = (from_first * step[:, None, :]).sum(axis=2) / length[:, None]
    foot = first[:, None, :] + share[..., None] * step[:, None, :]
    gaps = np.hypot(*np.moveaxis(foot - places[None, :, :], 2, 0))
    passes = (gaps <= board.snap_m) & (share > 0.0) & (share < 1.0)
    met: dict[int, list[tuple[float, LonLat]]] = {}
    for row, column in zip(*np.nonzero(passes), strict=True):
        vertex = names[column]
        if vertex not in (board.line[row], board.line[row + 1]):
            met.setdefault(int(row), []).append((float(share[row, column]), vertex))
    _insert(board, met)
    return bool(met)


def _cross(board: _Board) -> bool:
    """Put vertices where the line crosses edges; tell whether any was put."""
    if not board.edges:
        return False
    first, last = _segments(board)
    begin, end = board.ends()
    step, own = (last - first)[:, None, :], (end - begin)[None, :, :]
    gap = begin[None, :, :] - first[:, None, :]
    turn = step[..., 0] * own[..., 1] - step[..., 1] * own[..., 0]
    is_parallel = turn == 0.0
    safe = np.where(is_parallel, 1.0, turn)
    along = (gap[..., 0] * own[..., 1] - gap[..., 1] * own[..., 0]) / safe
    across = (gap[..., 0] * step[..., 1] - gap[..., 1] * step[..., 0]) / safe
    meets = ~is_parallel & (along > 0.0) & (along < 1.0) & (across > 0.0) & (across < 1.0)
    found = [
        (int(row), board.edges[column], float(along[row, column]), float(across[row, column]))
        for row, column in zip(*np.nonzero(meets), strict=True)
        if not {board.line[row], board.line[row + 1]} & set(board.edges[column])
    ]
    met: dict[int, list[tuple[float, LonLat]]] = {}
    divided: set[Edge] = set()
    for row, edge, at, share in found:
        if edge not in divided:  # a second crossing of the same edge waits for the next round
            divided.add(edge)
            met.setdefault(row, []).append((at, board.divide(edge, share)))
    _insert(board, met)
    return bool(met)


def _insert(board: _Board, met: dict[int, list[tuple[float, LonLat]]]) -> None:
    longer: list[LonLat] = []
    for row, xy in enumerate(board.line):
        longer.append(xy)
        longer += [vertex for _, vertex in sorted(met.get(row, []))]
    board.line = longer
