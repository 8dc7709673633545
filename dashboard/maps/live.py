"""Pack a map scene into bytes for the live map component.

Used by `dashboard.components.map_panel`; read in the browser by `dashboard/livemap/src/wire.ts`.
Knows nothing of Streamlit.

Layout, little-endian: four bytes "GBM1", the header's length as uint32, the header as UTF-8 JSON,
zeros up to a multiple of eight, then the arrays, each starting at a multiple of eight. The header
names each array as [dtype, offset from the first array in bytes, number of elements]. What is only
seen travels as float32 offsets from the header's `origin` (degrees): a few millimetres within a
city. dtype "f8" is known to both sides for what will be edited.

Shapes change seldom and are most of the bytes: they may stand apart, in grounds, each as four bytes
"GBG1", four zeros, sixteen characters of its key, then the arrays; entries that point there end
with the number of the ground, whose key is in the header's `grounds`.

While grids are edited the header has an `editor`, whose shared vertices are float64 in the datum of
the basemap, not offsets: with a plain basemap bit for bit as stored. The layer it edits brings no
outlines of its own; its shapes stand in a ground apart from what no edit changes.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from dashboard.maps.layers import (
    ClusterLayer,
    GridLayer,
    LabelLayer,
    Layer,
    LineLayer,
    MapScene,
    PointLayer,
)
from dashboard.maps.window import Window
from dashboard.theme import PAPER, SELECTED_COLOUR

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray
    from shapely.geometry.base import BaseGeometry

    from dashboard.maps.editing import Counted, Editor

__all__ = ["WIRE_VERSION", "Packed", "pack", "pack_apart", "packers", "unpack"]

WIRE_VERSION = 1
_MAGIC = b"GBM1"
_GROUND_MAGIC = b"GBG1\0\0\0\0"
_GROUND_START = 24
_STILL, _EDITED = 0, 1
_STEP = 8
_AREA_TYPES = (int(shapely.GeometryType.POLYGON), int(shapely.GeometryType.MULTIPOLYGON))
_Head = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Packed:
    """A packed scene whose shapes stand apart.

    Attributes
    ----------
    scene
        What each question changes.
    grounds
        Shapes; the same bytes while the same are shown. The second: those of edited grids.
    """

    scene: bytes
    grounds: tuple[bytes, ...]


class _Body:
    """Collect arrays one behind the other, each at a multiple of eight bytes."""

    def __init__(self) -> None:
        self.parts: list[bytes] = []
        self.size = 0

    def add(self, array: NDArray[np.generic], dtype: str) -> list[str | int]:
        part = np.ascontiguousarray(array, dtype=f"<{dtype}").tobytes()
        entry: list[str | int] = [dtype, self.size, len(part) // np.dtype(dtype).itemsize]
        self.parts.append(part + bytes(-len(part) % _STEP))
        self.size += len(self.parts[-1])
        return entry


class _Arrays:
    """Collect the arrays of a scene; shapes go into bodies of their own where they stand apart."""

    def __init__(self, scene: MapScene, origin: tuple[float, float], *, apart: bool) -> None:
        self.origin = origin
        self.window = Window(scene.basemap)
        self.editor = scene.editor
        self.body = _Body()
        n_grounds = 0 if not apart else _STILL + 1 if scene.editor is None else _EDITED + 1
        self.grounds = [_Body() for _ in range(n_grounds)]
        self.seen: list[bytes] = []  # all arrays in the order of their coming

    def put(self, array: NDArray[np.generic], dtype: str) -> list[str | int]:
        entry = self.body.add(array, dtype)
        self.seen.append(self.body.parts[-1])
        return entry

    def put_ground(
        self, array: NDArray[np.generic], dtype: str, where: int = _STILL
    ) -> list[str | int]:
        if not self.grounds:
            return self.put(array, dtype)
        entry = self.grounds[where].add(array, dtype)
        self.seen.append(self.grounds[where].parts[-1])
        return [*entry, where]

    def put_places(self, lon: NDArray[np.float64], lat: NDArray[np.float64]) -> list[str | int]:
        return self.put(self._offsets(np.column_stack(self.window.points(lon, lat))), "f4")

    def put_counted(self, held: Counted) -> _Head:
        places = self._offsets(np.column_stack(self.window.points(held.lon, held.lat)))
        found = {"counted_xy": places, "counted_weights": held.weights.ravel()}
        return {name: self.put_ground(each, "f4") for name, each in found.items()}

    def put_shapes(self, geometries: Sequence[BaseGeometry], *, as_areas: bool) -> _Head:
        """Put coordinates and the sizes of rings (or lines), parts and shapes."""
        shifted = self.window.shapes(geometries)
        many = _as_multi(shifted, as_areas=as_areas)
        names = ("rings", "parts", "shapes") if as_areas else ("rings", "shapes")
        pairs: NDArray[np.float64] = np.empty((0, 2))
        levels: tuple[NDArray[Any], ...] = tuple(np.zeros(1, dtype=np.int64) for _ in names)
        if len(many):  # shapely has no ragged array of nothing
            _, pairs, levels = shapely.to_ragged_array(many)
        head: _Head = {"xy": self.put_ground(self._offsets(pairs[:, :2]), "f4")}
        for name, offsets in zip(names, levels, strict=True):
            head[name] = self.put_ground(np.diff(offsets), "u4")
        if as_areas:
            head["inside"] = self.put_insides(many)
        return head

    def put_insides(self, shifted: NDArray[np.object_], where: int = _STILL) -> list[str | int]:
        """Put a place inside each area; none for an empty one."""
        inside = shapely.get_coordinates(shapely.point_on_surface(shifted))
        whole = np.full((len(shifted), 2), np.nan)
        whole[~shapely.is_empty(shifted)] = inside
        return self.put_ground(self._offsets(whole), "f4", where)

    def _offsets(self, pairs: NDArray[np.float64]) -> NDArray[np.float64]:
        away: NDArray[np.float64] = pairs - np.array(self.origin)
        return away.ravel()


def pack(scene: MapScene, *, height_px: int = 600) -> bytes:
    """Pack a scene into one piece; the same scene gives the same bytes.

    Parameters
    ----------
    scene
        What to show. Shapes are shifted to the basemap's datum here.
    height_px
        Height of the map in the page.
    """
    return _pack(scene, height_px, apart=False).scene


def pack_apart(scene: MapScene, *, height_px: int = 600) -> Packed:
    """Pack a scene with its shapes apart, as `pack` does."""
    return _pack(scene, height_px, apart=True)


def _pack(scene: MapScene, height_px: int, *, apart: bool) -> Packed:
    west, south, east, north = Window(scene.basemap).bounds(scene.bounds)
    arrays = _Arrays(scene, ((west + east) / 2, (south + north) / 2), apart=apart)
    layers = [_packed(layer, arrays) for layer in scene.layers]
    known = {layer.id for layer in scene.layers}
    header: _Head = {
        "version": WIRE_VERSION,
        "language": scene.language,
        "texts": asdict(scene.texts),
        "as_of": scene.as_of,
        "origin": list(arrays.origin),
        "bounds": [west, south, east, north],
        "fit_key": scene.fit_key,
        "basemap": asdict(scene.basemap),
        "paper": scene.look.halo if scene.look else PAPER,
        "selected_colour": SELECTED_COLOUR,
        "asks_place": scene.asks_place,
        "hidden": sorted(scene.hidden & known),
        "selected": scene.selected,
        "legends": [asdict(legend) for legend in scene.shown_legends()],
        "height_px": height_px,
        "layers": layers,
    }
    if scene.look is not None:
        header["kiosk"] = asdict(scene.look)
    if scene.editor is not None:
        header["editor"] = _editor(scene.editor, scene, arrays)
    if grounds := tuple(_packed_ground(ground) for ground in arrays.grounds):
        header["grounds"] = _keys(grounds)
    seen = _json({**header, "layers": [layer["hash"] for layer in layers]})
    head = _json({**header, "rev": blake2b(seen, digest_size=8).hexdigest()})
    start = len(_MAGIC) + 4 + len(head)
    first = (_MAGIC, len(head).to_bytes(4, "little"), head, bytes(-start % _STEP))
    return Packed(b"".join((*first, *arrays.body.parts)), grounds)


def _keys(grounds: Sequence[bytes]) -> list[str]:
    return [ground[len(_GROUND_MAGIC) : _GROUND_START].decode() for ground in grounds]


def _packed_ground(ground: _Body) -> bytes:
    body = b"".join(ground.parts)
    key = blake2b(body, digest_size=8).hexdigest().encode()
    return b"".join((_GROUND_MAGIC, key, body))


def unpack(
    packed: bytes, grounds: Sequence[bytes] = ()
) -> tuple[_Head, dict[tuple[str, str], NDArray[np.generic]]]:
    """Read packed bytes back: the header, and each array by layer id and name.

    Raises
    ------
    ValueError
        When the bytes are not a packed scene of this version, or a ground is another's.
    """
    if packed[:4] != _MAGIC:
        raise ValueError("not a packed map scene")
    length = int.from_bytes(packed[4:8], "little")
    header: _Head = json.loads(packed[8 : 8 + length])
    if header["version"] != WIRE_VERSION:
        raise ValueError("a packed map scene of another version")
    if header.get("grounds", []) != _keys(grounds):
        raise ValueError("a ground of another map scene")
    start = 8 + length + (-(8 + length) % _STEP)
    arrays: dict[tuple[str, str], NDArray[np.generic]] = {}
    for layer in (*header["layers"], *([header["editor"]] if "editor" in header else ())):
        for name, (dtype, offset, count, *where) in layer["arrays"].items():
            held, first = (grounds[where[0]], _GROUND_START) if where else (packed, start)
            arrays[layer["id"], name] = np.frombuffer(
                held, dtype=f"<{dtype}", count=count, offset=first + offset
            )
    return header, arrays


def _packed(layer: Layer, arrays: _Arrays) -> _Head:
    """Pack one layer; `hash` tells the browser whether anything in it changed."""
    first = len(arrays.seen)
    head = {"id": layer.id, "title": layer.title, **packers()[type(layer)](layer, arrays)}
    told = {key: value for key, value in head.items() if key != "arrays"}
    kinds = {name: (entry[0], entry[2]) for name, entry in head["arrays"].items()}
    seen = blake2b(_json([told, kinds, arrays.origin]), digest_size=8)
    for part in arrays.seen[first:]:
        seen.update(part)
    return {**head, "hash": seen.hexdigest()}


def packers() -> dict[type, Callable[[Any, _Arrays], _Head]]:
    """Give the function that packs each kind of layer."""
    return {
        GridLayer: _grid,
        LineLayer: _line,
        PointLayer: _point,
        ClusterLayer: _cluster,
        LabelLayer: _label,
    }


def _grid(layer: GridLayer, arrays: _Arrays) -> _Head:
    if arrays.editor is not None and arrays.editor.layer_id == layer.id:
        shapes = {"inside": arrays.put_insides(arrays.window.shapes(layer.geometries), _EDITED)}
    else:
        shapes = arrays.put_shapes(layer.geometries, as_areas=True)
    geometry_hash = blake2b(b"".join(arrays.seen[-len(shapes) :]), digest_size=8)
    classes = layer.classes
    return {
        "kind": "grid",
        "codes": layer.codes,
        "tooltips": layer.tooltips or layer.names,
        "is_selectable": layer.is_selectable,
        "geometry_hash": geometry_hash.hexdigest(),
        "colours": classes.colours if classes else (),
        "marks": classes.marks if classes else (),
        "no_base_colour": classes.no_base_colour if classes else "",
        **({"texts": layer.texts} if layer.texts else {}),
        **({"hatched": layer.hatched} if layer.hatched else {}),
        "arrays": {**shapes, "classes": arrays.put(layer.class_index(), "i1")},
    }


def _editor(editor: Editor, scene: MapScene, arrays: _Arrays) -> _Head:
    """Pack what the edit mode works on."""
    held = editor.vertices
    edited = next(layer for layer in scene.layers if layer.id == editor.layer_id)
    if not isinstance(edited, GridLayer) or edited.codes != held.codes:
        raise ValueError("the edited layer is not made of these vertices")
    drawn = np.column_stack(arrays.window.points(held.lon, held.lat))
    entries = {"xy": arrays.put_ground(drawn.ravel(), "f8", _EDITED)}
    for name in ("index", "rings", "parts", "shapes"):
        entries[name] = arrays.put_ground(getattr(held, name), "u4", _EDITED)
    if editor.counted is not None:
        entries |= arrays.put_counted(editor.counted)
    return {
        "id": "editor",
        "rev": held.rev,
        "layer_id": editor.layer_id,
        "codes": held.codes,
        "names": edited.names,
        "locked": sorted(editor.locked),
        "modes": editor.modes,
        "answered": editor.answered,
        "refused": asdict(editor.refused) if editor.refused else None,
        "measures": [
            {"key": one.key, "title": one.title, "totals": one.totals.tolist()}
            for one in editor.measures
        ],
        "piece_layer": editor.piece_layer,
        "snap_layers": editor.snap_layers,
        "words": dict(editor.words),
        "arrays": entries,
    }


def _line(layer: LineLayer, arrays: _Arrays) -> _Head:
    return {
        "kind": "line",
        "style": asdict(layer.style),
        "tooltips": layer.tooltips,
        "arrays": arrays.put_shapes(layer.geometries, as_areas=False),
    }


def _point(layer: PointLayer, arrays: _Arrays) -> _Head:
    return {
        "kind": "point",
        "kinds": [asdict(kind) for kind in layer.kinds],
        "record_ids": layer.record_ids,
        "tooltips": layer.tooltips,
        "min_zoom": layer.min_zoom,
        "follows": layer.follows,
        "radius_px": layer.radius_px,
        "arrays": {
            "xy": arrays.put_places(layer.lon, layer.lat),
            "kind": arrays.put(layer.kind, "u1"),
        },
    }


def _cluster(layer: ClusterLayer, arrays: _Arrays) -> _Head:
    sizes = np.array([len(level.count) for level in layer.levels])
    places: list[NDArray[np.float64]] = [np.empty((0,)), np.empty((0,))]
    count = np.empty((0,), dtype=np.int64)
    if layer.levels:
        places = [
            np.concatenate([getattr(level, axis) for level in layer.levels])
            for axis in ("lon", "lat")
        ]
        count = np.concatenate([level.count for level in layer.levels])
    return {
        "kind": "cluster",
        "colour": layer.colour,
        "points_from_zoom": layer.points_from_zoom,
        "zooms": [level.zoom for level in layer.levels],
        "arrays": {
            "xy": arrays.put_places(places[0], places[1]),
            "count": arrays.put(count, "u4"),
            "sizes": arrays.put(sizes, "u4"),
        },
    }


def _label(layer: LabelLayer, arrays: _Arrays) -> _Head:
    return {
        "kind": "label",
        "texts": layer.texts,
        "min_zoom": layer.min_zoom,
        "arrays": {"xy": arrays.put_places(layer.lon, layer.lat)},
    }


def _as_multi(shapes: NDArray[np.object_], *, as_areas: bool) -> NDArray[np.object_]:
    """Give every shape as a MultiPolygon, or its lines (an area's outline) as MultiLineString."""
    if not as_areas:
        is_area = np.isin(shapely.get_type_id(shapes), _AREA_TYPES)
        shapes = np.where(is_area, shapely.boundary(shapes), shapes)
    parts, owner = shapely.get_parts(shapes, return_index=True)
    full = ~shapely.is_empty(parts)
    nothing = shapely.MultiPolygon() if as_areas else shapely.MultiLineString()
    made = np.full(len(shapes), nothing, dtype=object)
    if full.any():
        join = shapely.multipolygons if as_areas else shapely.multilinestrings
        join(parts[full], indices=owner[full], out=made)
    return made


def _json(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
