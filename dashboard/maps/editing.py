"""Hold grids as shared vertices for the live map's edit mode: neighbours follow the same vertex.

Used by `dashboard.maps.live`, which packs it, by `dashboard.maps.drawing`, which reads what was
drawn on it, and by the planner's screen.
Knows nothing of Streamlit, of edits and of the store.

Coordinates are longitude and latitude in degrees, EPSG:4326, bit for bit as stored. Vertices are
numbered west to east, then south to north; the browser refers to them by these numbers.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from hashlib import blake2b
from typing import TYPE_CHECKING, Final

import numpy as np
import shapely

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray
    from shapely.geometry.base import BaseGeometry

__all__ = ["MODES", "Counted", "Editor", "Measure", "Refusal", "SharedVertices", "shared_vertices"]

MODES: Final = ("select", "move", "border", "transfer", "split", "merge", "lock")
"""Tools of the edit mode, in the order of the toolbar."""


@dataclass(frozen=True, slots=True, eq=False)
class SharedVertices:
    """Hold the distinct vertices of grids, and their rings as numbers of vertices.

    Attributes
    ----------
    codes
        Code of each grid.
    lon, lat
        Of each vertex, degrees, as stored.
    index
        Vertices of all rings one after another; rings are not closed.
    rings, parts, shapes
        Vertices of each ring, rings of each part, parts of each grid.
    rev
        Sixteen characters that change with every vertex, ring and code.
    """

    codes: tuple[str, ...]
    lon: NDArray[np.float64]
    lat: NDArray[np.float64]
    index: NDArray[np.uint32]
    rings: NDArray[np.uint32]
    parts: NDArray[np.uint32]
    shapes: NDArray[np.uint32]
    rev: str


def shared_vertices(
    codes: Sequence[str], geometries: Sequence[BaseGeometry] | NDArray[np.object_]
) -> SharedVertices:
    """Find the vertices that grids share; coordinates equal bit for bit are one vertex.

    Parameters
    ----------
    codes
        Code of each grid.
    geometries
        Polygon or MultiPolygon of each grid, EPSG:4326; an empty one has no parts.
    """
    parts, owner = shapely.get_parts(np.asarray(geometries, dtype=object), return_index=True)
    is_full = ~shapely.is_empty(parts)
    parts, owner = parts[is_full], owner[is_full]
    rings, part_of = shapely.get_rings(parts, return_index=True)
    pairs, ring_of = shapely.get_coordinates(rings, return_index=True)
    pairs = pairs + 0.0  # minus nought is nought
    closes = np.append(ring_of[1:] != ring_of[:-1], True) if len(ring_of) else np.empty(0, bool)
    keys = np.ascontiguousarray(pairs[~closes]).view(np.complex128).ravel()
    places, index = np.unique(keys, return_inverse=True)
    lon, lat = places.real.copy(), places.imag.copy()
    arrays: dict[str, NDArray[np.uint32]] = {
        "index": index.ravel().astype(np.uint32),
        "rings": np.bincount(ring_of[~closes], minlength=len(rings)).astype(np.uint32),
        "parts": np.bincount(part_of, minlength=len(parts)).astype(np.uint32),
        "shapes": np.bincount(owner, minlength=len(geometries)).astype(np.uint32),
    }
    seen = blake2b("\n".join(codes).encode(), digest_size=8)
    for array in (lon, lat):
        seen.update(array.tobytes())
    for sizes in arrays.values():
        seen.update(sizes.tobytes())
    return SharedVertices(tuple(codes), lon, lat, **arrays, rev=seen.hexdigest())


@dataclass(frozen=True, slots=True)
class Refusal:
    """Say which message was refused, and why: one sentence in the screen's language."""

    seq: int
    text: str


@dataclass(frozen=True, slots=True, eq=False)
class Measure:
    """Name a figure that is followed while dragging, with its known total of each grid."""

    key: str
    title: str
    totals: NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Counted:
    """Hold a light sample of counted points: places, and a weight for each measure.

    Attributes
    ----------
    lon, lat
        Degrees; every one finite.
    weights
        One row for each point, one column for each measure of the editor.
    """

    lon: NDArray[np.float64]
    lat: NDArray[np.float64]
    weights: NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Editor:
    """Say what the edit mode of a map works on.

    Attributes
    ----------
    vertices
        The grids; in the order of the layer's codes.
    layer_id
        The grid layer that is drawn from them.
    words
        Texts of the tools by key, in the screen's language (`components.plan_map.editor_words`).
    modes
        Tools offered, of `MODES`.
    locked
        Codes that cannot be changed.
    answered
        Number of the last message that was dealt with.
    refused
        That message's refusal; None: it was accepted.
    measures, counted
        What is followed while dragging, and the points that it is counted from.
    piece_layer
        Grid layer whose areas can be picked for a transfer.
    snap_layers
        Line layers that drawings snap to.
    """

    vertices: SharedVertices
    layer_id: str
    words: Mapping[str, str]
    modes: tuple[str, ...] = MODES
    locked: frozenset[str] = field(default_factory=frozenset)
    answered: int = 0
    refused: Refusal | None = None
    measures: tuple[Measure, ...] = ()
    counted: Counted | None = None
    piece_layer: str | None = None
    snap_layers: tuple[str, ...] = ("streets",)

    def __post_init__(self) -> None:
        if self.counted is not None and self.counted.weights.shape != (
            len(self.counted.lon),
            len(self.measures),
        ):
            raise ValueError("each counted point has one weight for each measure")
