"""Keep the indexes of tilings on disk, so that the same boundaries are never indexed twice.

Used by the placing of events. Knows nothing of stores and grid kinds: shapes and codes come in.

An index is a folder of plain arrays named by its key (the SHA-256 of codes and coordinates), mapped
into memory and shared by all processes. It is written beside its place and renamed, so it is there
whole or not at all; every file is checked against its sum when it is opened, and what is damaged
or foreign is thrown away and built again. Only boundaries are kept: no event, no person.
"""

import json
import logging
import os
import shutil
import tempfile
import threading
import zlib
from collections import OrderedDict
from pathlib import Path
from typing import Any, Final

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import platformdirs
import shapely

from data.config import wants_accelerator
from geo.assign import pays_to_build
from geo.index import TilingIndex, build_index, has_accelerator, index_key

ObjectArray = npt.NDArray[np.object_]

KEPT: Final = 8
"""Indexes on disk; the one not used for longest goes first."""
IN_MEMORY: Final = 4
KEPT_FROM_VERTICES: Final = 50_000
"""A smaller tiling is indexed again before its files could be read."""
COMPILED_FROM_POINTS: Final = 5_000_000
COMPILED_FROM_VERTICES: Final = 1_000_000
"""Below both, loading the compiler would take longer than it saves."""
_SUMS: Final = "sums.json"
_MAPPED_FROM_BYTES: Final = 1 << 16  # smaller files are read at once
_PART: Final = "part-"
_STALE_AFTER_S: Final = 3600.0

_log = logging.getLogger(__name__)
_recent: OrderedDict[tuple[str, bool], TilingIndex] = OrderedDict()
_lock = threading.Lock()


def default_folder() -> Path:
    """Say where indexes are kept: in the user's cache folder."""
    return platformdirs.user_cache_path("gridbeat") / "tilings"


def index_where_it_pays(grids: gpd.GeoDataFrame, n_points: int) -> TilingIndex | None:
    """Give the kept index of a frame of grids if that many points are to be placed in it.

    None for few points: testing these pair by pair costs less, and the answer is the same.

    Parameters
    ----------
    grids
        With `grid_code`, one row for each grid.
    n_points
        How many points there are in all.
    """
    shapes = np.asarray(grids.geometry.to_numpy(), dtype=object)
    if len(shapes) == 0 or not pays_to_build(n_points, shapes):
        return None
    vertices = int(shapely.get_num_coordinates(shapes).sum())
    pays = n_points >= COMPILED_FROM_POINTS or vertices >= COMPILED_FROM_VERTICES
    use_compiled = pays and wants_accelerator() and has_accelerator()
    codes = grids["grid_code"].to_numpy(dtype=object)
    return kept_index(shapes, codes, use_compiled=use_compiled)


def kept_index(
    polygons: ObjectArray,
    codes: npt.ArrayLike,
    *,
    folder: Path | None = None,
    use_compiled: bool = False,
) -> TilingIndex:
    """Give the index of a tiling: from memory, from disk, or built and kept.

    Parameters
    ----------
    polygons, codes
        As `geo.index.build_index` takes them.
    folder
        Where indexes are kept; `default_folder` where none is said. A folder that cannot be
        written is said in the log, and nothing is kept.
    use_compiled
        As in `geo.index.build_index`; what is kept on disk does not depend on it.
    """
    key = index_key(polygons, codes)
    own = (key, use_compiled)
    with _lock:
        found = _recent.get(own)
        if found is not None:
            _recent.move_to_end(own)
            return found
    tiling = (polygons, codes, key)
    index = _from_disk_or_built(tiling, folder or default_folder(), use_compiled=use_compiled)
    with _lock:
        _recent[own] = index
        while len(_recent) > IN_MEMORY:
            _recent.popitem(last=False)
    return index


def _from_disk_or_built(
    tiling: tuple[ObjectArray, npt.ArrayLike, str], folder: Path, *, use_compiled: bool
) -> TilingIndex:
    polygons, codes, key = tiling
    if int(shapely.get_num_coordinates(polygons).sum()) < KEPT_FROM_VERTICES:
        return build_index(polygons, codes, use_compiled=use_compiled)
    place = folder / key
    try:
        if place.is_dir():
            return load_index(place, use_compiled=use_compiled)
    except (OSError, ValueError, KeyError, EOFError) as fault:
        _log.warning("tiling index %s is damaged, built again: %s", place, fault)
        shutil.rmtree(place, ignore_errors=True)
    index = build_index(polygons, codes, use_compiled=use_compiled)
    try:
        save_index(index, folder)
        _drop_oldest(folder)
    except OSError as fault:
        _log.warning("tiling index not kept in %s: %s", folder, fault)
    return index


def save_index(index: TilingIndex, folder: Path) -> Path:
    """Write an index into its own folder under `folder`, whole or not at all.

    Raises
    ------
    OSError
        The folder cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    place = folder / index.key
    part = Path(tempfile.mkdtemp(prefix=_PART, dir=folder))
    try:
        sums = {}
        for name, values in index.arrays().items():
            path = part / f"{name}.npy"
            np.save(path, values, allow_pickle=False)
            sums[path.name] = _sum_of(path)
        (part / _SUMS).write_text(json.dumps(sums), encoding="utf-8")
        if not place.exists():  # another process may have been faster
            part.rename(place)
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return place


def load_index(place: Path, *, use_compiled: bool = False) -> TilingIndex:
    """Map an index into memory.

    Raises
    ------
    OSError, ValueError, KeyError, EOFError
        It is damaged, foreign, or of another layout.
    """
    sums = json.loads((place / _SUMS).read_text(encoding="utf-8"))
    arrays: dict[str, npt.NDArray[Any]] = {}
    for name, told in sums.items():
        path = place / name
        if path.parent != place or _sum_of(path) != told:
            raise ValueError(name)
        mode: Any = "r" if path.stat().st_size >= _MAPPED_FROM_BYTES else None
        arrays[path.stem] = np.load(path, mmap_mode=mode, allow_pickle=False)
    index = TilingIndex.from_arrays(arrays, use_compiled=use_compiled)
    if index.key != place.name:
        raise ValueError(index.key)
    os.utime(place)
    return index


def _sum_of(path: Path) -> list[int]:
    """Give size and CRC-32 of a file."""
    total, size = 0, 0
    with path.open("rb") as file:
        while chunk := file.read(1 << 20):
            total, size = zlib.crc32(chunk, total), size + len(chunk)
    return [size, total]


def _drop_oldest(folder: Path) -> None:
    """Keep the indexes used last; what another process left half written long ago goes too."""
    places = [path for path in folder.iterdir() if path.is_dir()]
    by_age = sorted(places, key=lambda path: path.stat().st_mtime, reverse=True)
    whole = [path for path in by_age if not path.name.startswith(_PART)]
    newest = by_age[0].stat().st_mtime if by_age else 0.0
    parts = [path for path in by_age if path.name.startswith(_PART)]
    stale = [path for path in parts if newest - path.stat().st_mtime > _STALE_AFTER_S]
    for path in (*whole[KEPT:], *stale):
        shutil.rmtree(path, ignore_errors=True)
