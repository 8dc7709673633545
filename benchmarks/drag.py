"""Drag shared borders over many placed points and compare with placing every point anew.

Used by `join.py`.
Knows nothing of peers: the index, its buckets of points, and random edits that leave a tiling.
"""

import time
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import shapely
from timing import print_bar

from geo.index import TilingIndex, build_index
from geo.index.moves import PointBuckets

FloatArray = npt.NDArray[np.float64]
_EDITS = 400
_SHIFT = 0.08


def drag(
    name: str,
    polygons: npt.NDArray[np.object_],
    index: TilingIndex,
    xy: tuple[FloatArray, FloatArray],
    limit_ms: float,
) -> None:
    """Drag 400 borders, half of them where points crowd; print times and wrong points."""
    start = time.thread_time()
    buckets = PointBuckets(index, *xy)
    filling_s = time.thread_time() - start
    shapes = polygons.copy()
    cpu, wall, moved, examined = [], [], 0, 0
    for pair, old, new, pieces in _edits(shapes, index, buckets.counts):
        began, start = time.perf_counter(), time.thread_time()
        found = buckets.move(pair, old, new)
        buckets.apply(found)
        cpu.append(time.thread_time() - start)
        wall.append(time.perf_counter() - began)
        moved += len(found.point)
        examined = max(examined, found.examined)
        shapes[list(pair)] = pieces
    again = build_index(shapes, np.array([f"{k:06d}" for k in range(len(shapes))], dtype=object))
    rows = again.locate(*xy)
    wrong = int((rows[buckets.order] != buckets.row).sum())
    counted = np.bincount(rows[rows >= 0], minlength=len(shapes))
    wrong_counts = int((counted != buckets.counts).sum())
    cpu_ms, wall_ms = np.array(cpu) * 1e3, np.array(wall) * 1e3
    print(
        f"\n### {len(cpu)} borders dragged, {len(xy[0]):,} points x {len(shapes):,} grids: {name}"
    )
    print("| | median ms | p95 ms | max ms |\n|---|---|---|---|")
    for what, each in (("CPU", cpu_ms), ("wall", wall_ms)):
        print(
            f"| {what} | {np.median(each):.3f} | {np.quantile(each, 0.95):.3f} | {each.max():.3f} |"
        )
    print(f"\n{moved:,} points moved, at most {examined:,} looked at; buckets filled in "
          f"{filling_s:.1f} s")  # fmt: skip
    print_bar(f"drag p95, ms CPU, {name}", float(np.quantile(cpu_ms, 0.95)), limit_ms,
              at_least=False)  # fmt: skip
    print_bar(f"wrong points and counts after {len(cpu)} drags, {name}", wrong + wrong_counts, 0,
              at_least=False)  # fmt: skip


def _edits(
    shapes: npt.NDArray[np.object_], index: TilingIndex, counts: npt.NDArray[np.int64]
) -> Iterator[tuple[tuple[int, int], FloatArray, FloatArray, list[shapely.Polygon]]]:
    """Give pairs of grids, the chain before and after, and their new shapes; each chain once."""
    borders = index.borders()
    rng = np.random.default_rng(20)
    crowd = counts[borders.a] + counts[borders.b]
    hottest = np.argsort(-crowd, kind="stable")
    anywhere = rng.permutation(len(crowd))
    seen: set[int] = set()
    for chosen in (hottest, anywhere):
        n = 0
        for k in chosen.tolist():
            if n == _EDITS // 2:
                break
            pair = (int(borders.a[k]), int(borders.b[k]))
            if k in seen:
                continue
            seen.add(k)
            edit = _edit(shapes[list(pair)], rng)
            if edit is not None:
                n += 1
                yield pair, *edit


def _edit(
    both: npt.NDArray[np.object_], rng: np.random.Generator
) -> tuple[FloatArray, FloatArray, list[shapely.Polygon]] | None:
    """Shift the inner vertices of the common border; None where that leaves no tiling."""
    common = shapely.line_merge(shapely.shared_paths(both[0].exterior, both[1].exterior))
    paths = shapely.get_parts(shapely.get_parts(common))
    line = shapely.line_merge(shapely.multilinestrings(paths)) if len(paths) else None
    if line is None or line.geom_type != "LineString" or len(line.coords) < 4:  # noqa: PLR2004 - two inner vertices
        return None
    old = shapely.get_coordinates(line)
    new = old.copy()
    new[1:-1] += rng.uniform(-_SHIFT, _SHIFT, 2) * np.linalg.norm(old[-1] - old[0])
    new[1:-1] += rng.normal(0.0, 1e-3, (len(old) - 2, 2)) * line.length
    pieces = [_with_chain(shape, old, new) for shape in both]
    union = shapely.union_all(both)
    fits = shapely.is_valid(pieces).all() and union.contains(shapely.LineString(new))
    fits = fits and abs(shapely.area(pieces).sum() - union.area) <= 1e-9 * union.area
    return (old, new, pieces) if fits else None


def _with_chain(shape: shapely.Polygon, old: FloatArray, new: FloatArray) -> shapely.Polygon:
    ring = shapely.get_coordinates(shape.exterior)[:-1]
    place = {tuple(xy): k for k, xy in enumerate(ring.tolist())}
    for before, after in zip(old[1:-1].tolist(), new[1:-1], strict=True):
        ring[place[tuple(before)]] = after
    return shapely.Polygon(ring)
