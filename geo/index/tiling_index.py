"""Keep a tiling ready to be asked where points fall, exactly and fast.

Used by `geo.assign`, by the counting of data and by whatever joins many points to grids.
Knows nothing of grid kinds, dates, files and CRSs: polygons of one plane and their codes.
"""

import threading
from collections.abc import Mapping
from dataclasses import fields
from importlib.util import find_spec
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import shapely

from geo.index.borders import Borders, borders_of
from geo.index.cells import CellTable, cell_table
from geo.index.direct import CodeOrder, Located, code_order, locate_directly
from geo.index.edges import (
    TilingEdges,
    ring_shapes,
    tiling_edges,
    tiling_key,
)
from geo.index.faults import TilingFaults, faults_of
from geo.index.laying import PACK
from geo.index.lookup import POINTS_AT_ONCE, Met, find_rows
from geo.index.outlines import sound_rings

ObjectArray = npt.NDArray[np.object_]
RowArray = npt.NDArray[np.int32]
FloatArray = npt.NDArray[np.float64]

CELLS_PER_GRID: Final = 256
WORTH_MACHINE_CODE: Final = 20_000
"""Fewer points are found before numba is loaded."""
LAYOUT: Final = 1
"""Of the arrays; a change of their meaning makes kept ones be built again."""


class TilingIndex:
    """A tiling that knows at once where a point falls.

    Get one from `build_index`, or from kept arrays by `from_arrays`. It is never changed, and
    threads may share it.
    """

    def __init__(
        self,
        table: CellTable,
        edges: TilingEdges,
        order: CodeOrder,
        odd: dict[int, shapely.Geometry],
        key: str | tuple[ObjectArray, ObjectArray, int],
        *,
        use_compiled: bool = False,
    ) -> None:
        self.table = table
        self.edges = edges
        self.order = order
        self.odd = odd
        self.use_compiled = use_compiled
        self._key = key
        self._source = None if isinstance(key, str) else key[0]
        self._ends = (edges.ax, edges.ay, edges.bx, edges.by)
        self._lock = threading.Lock()
        self._shapes: tuple[ObjectArray, shapely.STRtree] | None = None
        self._faults: TilingFaults | None = None

    def __len__(self) -> int:
        """Count the grids."""
        return len(self.order.rank)

    @property
    def key(self) -> str:
        """SHA-256 of codes and coordinates, of the layout and of the cells for each grid."""
        if not isinstance(self._key, str):
            shapes, codes, cells_per_grid = self._key
            self._key = index_key(shapes, codes, cells_per_grid=cells_per_grid)
        return self._key

    def locate(
        self, x: npt.ArrayLike, y: npt.ArrayLike, *, at_once: int = POINTS_AT_ONCE
    ) -> RowArray:
        """Give the row of the grid that each point falls in, -1 outside.

        Parameters
        ----------
        x, y
            One-dimensional, finite, in the plane of the grids.
        at_once
            Points in a block; changes no answer.

        Raises
        ------
        FrameError
            ``points_without_coordinates``.

        Notes
        -----
        The rule is that of `geo.assign.assign_points`. Takes 4 bytes a point beside its inputs.
        """
        return self._rows(x, y, at_once)[0]

    def locate_with_borders(
        self, x: npt.ArrayLike, y: npt.ArrayLike, *, at_once: int = POINTS_AT_ONCE
    ) -> Located:
        """Give the row as `locate` does, and which points lie on borders or in overlaps.

        Takes 6 bytes a point beside its inputs.
        """
        return self._asked(x, y, at_once)[0]

    def _asked(
        self, x: npt.ArrayLike, y: npt.ArrayLike, at_once: int = POINTS_AT_ONCE
    ) -> tuple[Located, Met]:
        rows, met, answered = self._rows(x, y, at_once)
        on_border, in_overlap = (np.zeros(len(rows), dtype=np.bool_) for _ in range(2))
        on_border[met.point] = True
        if answered is not None:
            on_border[met.asks] = answered.on_border
            in_overlap[met.asks] = answered.in_overlap
        return Located(rows, on_border, in_overlap), met

    def _rows(
        self, x: npt.ArrayLike, y: npt.ArrayLike, at_once: int
    ) -> tuple[RowArray, Met, Located | None]:
        px = np.atleast_1d(np.asarray(x, dtype=np.float64))
        py = np.atleast_1d(np.asarray(y, dtype=np.float64))
        rows = np.empty(len(px), dtype=np.int32)
        find = find_rows
        if self.use_compiled and len(px) >= WORTH_MACHINE_CODE:
            from geo.index import compiled

            find = compiled.find_rows
        met = find(self.table, self._ends, (px, py), rows, at_once)
        if len(met.point):
            self._give_to_touched(rows, met)
        if len(met.asks) == 0:
            return rows, met, None
        shapes, tree = self.shapes()
        xy = np.column_stack([px[met.asks], py[met.asks]])
        answered = locate_directly(xy, shapes, self.order, tree)
        rows[met.asks] = answered.row
        return rows, met, answered

    def _give_to_touched(self, rows: RowArray, met: Met) -> None:
        """Give border points that nobody owns to the lowest code they touch."""
        free = rows[met.point] < 0
        point, edge = met.point[free], met.edge[free]
        if len(point) == 0:
            return
        none = len(self.order.first_row)
        best = np.full(len(rows), none, dtype=np.int32)
        rank = np.append(self.order.rank, np.int32(none))
        for side in (self.edges.left, self.edges.right):
            np.minimum.at(best, point, rank[side[edge]])
        touched = np.unique(point[best[point] < none])
        rows[touched] = self.order.first_row[best[touched]]

    def shapes(self) -> tuple[ObjectArray, shapely.STRtree]:
        """Give the polygons and a tree of them; of a kept index they are put together again."""
        with self._lock:
            if self._shapes is None:
                shapes = self._source
                if shapes is None:
                    shapes = ring_shapes(self.edges, len(self))
                    for row, shape in self.odd.items():
                        shapes[row] = shape
                self._shapes = shapes, shapely.STRtree(shapes)
            return self._shapes

    @property
    def faults(self) -> TilingFaults:
        """What keeps the grids from being a tiling; found on first asking."""
        if self._faults is None:
            odd = np.array(sorted(self.odd), dtype=np.int32)
            self._faults = faults_of(self.edges, odd, self._asked)
        return self._faults

    def borders(self) -> Borders:
        """Say which grids share borders, and how long these are.

        A grid whose ring crosses itself (`faults.odd`) has no sides, so none of its borders is
        among them; repair it first.
        """
        return borders_of(self.edges)

    def arrays(self) -> dict[str, npt.NDArray[Any]]:
        """Give everything as plain arrays; `from_arrays` takes them back, memory-mapped too."""
        odd = {row: shapely.to_wkb(shape) for row, shape in self.odd.items()}
        kept: dict[str, npt.NDArray[Any]] = {
            "layout": np.array([LAYOUT, len(self)]),
            "key": np.frombuffer(self.key.encode(), dtype=np.uint8),
            "odd_row": np.array(list(odd), dtype=np.int64),
            "odd_stop": np.cumsum([len(text) for text in odd.values()], dtype=np.int64),
            "odd_wkb": np.frombuffer(b"".join(odd.values()), dtype=np.uint8),
        }
        for part in (self.table, self.edges, self.order):
            kept |= {field.name: getattr(part, field.name) for field in fields(part)}
        return kept

    @classmethod
    def from_arrays(
        cls, arrays: Mapping[str, npt.NDArray[Any]], *, use_compiled: bool = False
    ) -> "TilingIndex":
        """Take an index back from its arrays; `use_compiled` as in `build_index`.

        Raises
        ------
        KeyError
            An array is missing.
        ValueError
            The arrays have another layout, or do not fit each other.
        """
        _check(arrays)
        table = CellTable(**_fields_of(CellTable, arrays))
        edges = TilingEdges(**_fields_of(TilingEdges, arrays))
        order = CodeOrder(**_fields_of(CodeOrder, arrays))
        texts = arrays["odd_wkb"].tobytes()
        stops = [0, *arrays["odd_stop"].tolist()]
        odd: dict[int, shapely.Geometry] = {
            int(row): shapely.from_wkb(texts[stops[k] : stops[k + 1]])
            for k, row in enumerate(arrays["odd_row"])
        }
        return cls(
            table, edges, order, odd, arrays["key"].tobytes().decode(), use_compiled=use_compiled
        )


def has_accelerator() -> bool:
    """Tell whether numba is installed, which `use_compiled` needs."""
    return find_spec("numba") is not None


def _fields_of(kind: type, arrays: Mapping[str, npt.NDArray[Any]]) -> dict[str, npt.NDArray[Any]]:
    return {field.name: np.asarray(arrays[field.name]) for field in fields(kind)}


def _check(arrays: Mapping[str, npt.NDArray[Any]]) -> None:
    layout = arrays["layout"].tolist()
    fits = (
        layout[0] == LAYOUT
        and len(arrays["rank"]) == layout[1]
        and len(arrays["leaf_base"]) + 1 == len(arrays["leaf_start"])
        and int(arrays["leaf_start"][-1]) == len(arrays["entries"]) == len(arrays["entry_edge"])
        and len({len(arrays[name]) for name in ("ax", "ay", "bx", "by", "left", "right")}) == 1
        and len(arrays["ring_row"]) + 1 == len(arrays["ring_start"])
        and len(arrays["block_cells"]) == len(arrays["block_frame"])
    )
    if not fits:
        raise ValueError(layout)


def index_key(
    polygons: ObjectArray, codes: npt.ArrayLike, *, cells_per_grid: int = CELLS_PER_GRID
) -> str:
    """Give the key that `build_index` would give its index, without building it."""
    return tiling_key(polygons, np.asarray(codes, dtype=object), LAYOUT, cells_per_grid)


def build_index(
    polygons: ObjectArray,
    codes: npt.ArrayLike,
    *,
    cells_per_grid: int = CELLS_PER_GRID,
    use_compiled: bool = False,
) -> TilingIndex:
    """Build the index of a tiling.

    Parameters
    ----------
    polygons
        Polygons and MultiPolygons of one plane (degrees or metres), holes allowed. Missing and
        empty ones hold nothing; bad rings and overlaps are answered by the exact path.
    codes
        One text for each; the lowest wins where grids overlap.
    cells_per_grid
        About how many cells of the table each grid gets: more takes more memory and makes border
        cells fewer.
    use_compiled
        Machine code builds the index and finds many points in it; the answers are the same. Needs
        numba (`has_accelerator`), whose loading takes about half a second of each process.

    Notes
    -----
    About linear in the number of edges; 1 to 4 KiB of memory a grid.
    """
    shapes = np.array(polygons, dtype=object)
    texts = np.array(codes, dtype=object)
    order = code_order(texts)
    rings, odd = sound_rings(shapes, use_compiled=use_compiled)
    edges = tiling_edges(rings, use_compiled=use_compiled)
    number = np.append(PACK + 1 + order.first_row[order.rank].astype(np.int64), 0)
    step = number[edges.right] - number[edges.left]
    ends = (edges.ax, edges.ay, edges.bx, edges.by)
    boxes = shapely.bounds(shapes[odd]).reshape(-1, 4)
    boxes = np.clip(boxes[np.isfinite(boxes).all(axis=1)], -1e100, 1e100)
    table = cell_table(
        ends, step, max(cells_per_grid * len(shapes), 1), boxes, use_compiled=use_compiled
    )
    kept: dict[int, shapely.Geometry] = {int(row): shapely.force_2d(shapes[row]) for row in odd}
    key = (shapes, texts, cells_per_grid)
    return TilingIndex(table, edges, order, kept, key, use_compiled=use_compiled)
