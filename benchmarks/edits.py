"""Time edits of 60,000 grids of about 48 vertices, and undo 10,000 in a row bit for bit.

Run: `python benchmarks/edits.py [--quick] [--grids N] [--times N] [--many N] [--small N]
[--only kinds|row]`. An edit is timed from the value to the new tiling with report and inverse;
refused ones are counted apart. The bar
is on CPU time of the thread: wall time on a shared machine is only a hint.
"""

import argparse
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from math import cos, fsum, pi, sin
from pathlib import Path
from typing import Final

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE)]

import numpy as np  # noqa: E402 - the checkout, not an installed copy
import shapely  # noqa: E402 - as above
from tilings import ragged_tiling  # noqa: E402 - it stands beside this file
from timing import print_bar, print_versions  # noqa: E402 - as above

from geo.edits.applying import Applied, EditOptions, apply  # noqa: E402 - the checkout
from geo.edits.drawing import are_neighbours  # noqa: E402 - as above
from geo.edits.refusal import EditRefused  # noqa: E402 - as above
from geo.edits.tiling import EditTiling  # noqa: E402 - as above
from geo.edits.values import (  # noqa: E402 - as above
    EXTEND,
    Edit,
    Lock,
    Merge,
    MoveOuter,
    MoveVertices,
    RedrawBorder,
    Rename,
    Renumber,
    Split,
    Transfer,
)

SOUTH_WEST: Final = (116.3, 39.8)
GRID_M: Final = 300.0
BAR_MS: Final = 20.0
AREA_SHARE: Final = 1e-12


def town(n: int, *, seed: int = 0, halvings: int = 3, holes: int = 0, whole: int = 0) -> EditTiling:
    """Make a tiling of `n` grids of about 300 m in degrees, with counts.

    Parameters
    ----------
    n
        Grids before any is taken away.
    seed
        Of the random numbers.
    halvings
        Of `ragged_tiling`: 3 gives 48 vertices a grid.
    holes
        So many grids are taken out and leave lakes.
    whole
        So many grids are joined with all their neighbours into large ones.
    """
    rng = np.random.default_rng(seed)
    side = GRID_M * n**0.5 / np.array([85_000.0, 111_000.0])
    shapes = shapely.transform(ragged_tiling(n, seed=seed, halvings=halvings),
                               lambda xy: xy * side + SOUTH_WEST)  # fmt: skip
    kept = list(range(n))
    for _ in range(holes):
        kept.pop(int(rng.integers(len(kept))))
    shapes = shapes[kept]
    codes = tuple(f"{k:06d}" for k in range(len(shapes)))
    households = rng.integers(100, 900, len(shapes)).tolist()
    tiling = EditTiling(
        codes=codes,
        shapes=shapes,
        names={code: f"grid {code}" for code in codes},
        counts={
            "households": dict(zip(codes, households, strict=True)),
            "residents": dict(zip(codes, (3 * k for k in households), strict=True)),
        },
    )
    for _ in range(whole):
        code = tiling.codes[int(rng.integers(len(tiling)))]
        tiling = apply(tiling, Merge((code, *neighbours_of(tiling, code)), code)).tiling
    return tiling


def neighbours_of(tiling: EditTiling, code: str) -> list[str]:
    """List the grids that have an edge in common with a grid."""
    row = tiling.row(code)
    near = [k for k in tiling.find(tuple(tiling.bounds[row].tolist())).tolist() if k != row]
    own = tiling.shapes[row]
    return [tiling.codes[k] for k in near if are_neighbours(own, tiling.shapes[k])]


@dataclass(slots=True)
class Planner:
    """Somebody who edits at random.

    Attributes
    ----------
    rng
        Of the random numbers.
    serial
        Counts the codes given.
    """

    rng: np.random.Generator
    serial: int = 0
    made: Counter = field(default_factory=Counter)

    def edit(self, tiling: EditTiling, kind: str) -> Edit:
        """Make an edit of a kind somewhere."""
        code = tiling.codes[int(self.rng.integers(len(tiling)))]
        return getattr(self, f"_{kind}")(tiling, code)

    def new_code(self) -> str:
        """Give a code that was never given."""
        self.serial += 1
        return f"n{self.serial:06d}"

    def _pair(self, tiling: EditTiling, code: str) -> tuple[str, str]:
        near = neighbours_of(tiling, code) or [code]
        return code, near[int(self.rng.integers(len(near)))]

    def _border(self, tiling: EditTiling, pair: tuple[str, str]) -> np.ndarray:
        one, other = (shapely.get_coordinates(tiling.shape(code)) for code in pair)
        known = {tuple(xy) for xy in other.tolist()}
        return np.array([xy for xy in one.tolist() if tuple(xy) in known])

    def _size(self, tiling: EditTiling, code: str) -> float:
        west, south, east, north = tiling.bounds[tiling.row(code)]
        return float(min(east - west, north - south))

    def _move(self, tiling: EditTiling, code: str) -> Edit:
        xy = shapely.get_coordinates(tiling.shape(code))
        count = int(self.rng.integers(1, 4))
        at = int(self.rng.integers(len(xy) - 1))
        reach = self._size(tiling, code) * 0.03
        places = dict.fromkeys(tuple(place) for place in xy[at : at + count].tolist())
        goes = [(x + self.rng.normal(0, reach), y + self.rng.normal(0, reach)) for x, y in places]
        return MoveVertices(tuple(zip(places, goes, strict=True)))

    def _bend(self, tiling: EditTiling, code: str) -> Edit:
        xy = shapely.get_coordinates(tiling.shape(code)).tolist()
        k = int(self.rng.integers(len(xy) - 1))
        (ax, ay), (bx, by) = xy[k], xy[k + 1]
        share, off = self.rng.uniform(0.3, 0.7), self.rng.normal(0, 0.1)
        new = (ax + share * (bx - ax) - off * (by - ay), ay + share * (by - ay) + off * (bx - ax))
        return MoveVertices((), (((ax, ay), (bx, by), new),))

    def _redraw(self, tiling: EditTiling, code: str) -> Edit:
        pair = self._pair(tiling, code)
        border = self._border(tiling, pair)
        if len(border) <= 1:
            return RedrawBorder(*pair, (SOUTH_WEST, SOUTH_WEST))
        first, last = border[0], border[-1]
        step, size = last - first, self._size(tiling, code)
        across = np.array([-step[1], step[0]]) / max(float(np.hypot(*step)), 1e-12)
        shares = np.sort(self.rng.uniform(0.0, 1.0, int(self.rng.integers(1, 6))))
        middle = [first + s * step + across * self.rng.normal(0, 0.15) * size for s in shares]
        return RedrawBorder(*pair, tuple(tuple(xy) for xy in (first, *middle, last)))

    def _transfer(self, tiling: EditTiling, code: str) -> Edit:
        giver, taker = pair = self._pair(tiling, code)
        border = self._border(tiling, pair)
        if not len(border):
            return Transfer(giver, taker, ())
        x, y = border[len(border) // 2]
        size = self._size(tiling, giver) * self.rng.uniform(0.1, 0.35)
        turns = np.sort(self.rng.uniform(0, 2 * pi, int(self.rng.integers(5, 14))))
        reach = self.rng.uniform(0.6, 1.0, len(turns)) * size
        ring = [(x + r * cos(t), y + r * sin(t)) for t, r in zip(turns, reach, strict=True)]
        return Transfer(giver, taker, (((*ring, ring[0]),),))

    def _split(self, tiling: EditTiling, code: str) -> Edit:
        west, south, east, north = tiling.bounds[tiling.row(code)]
        x, y = (west + east) / 2.0, (south + north) / 2.0
        reach = 0.6 * float(np.hypot(east - west, north - south))
        t = self.rng.uniform(0, pi)
        way = [(x + s * reach * cos(t), y + s * reach * sin(t)) for s in (-1.0, 0.1, 1.0)]
        inner = shapely.intersection(shapely.LineString(way), tiling.shape(code))
        ends = shapely.get_coordinates(max(shapely.get_parts(inner), key=shapely.length))[[0, -1]]
        over = (ends[1] - ends[0]) * 0.02
        line = (tuple((ends[0] - over).tolist()), tuple((ends[1] + over).tolist()))
        return Split(code, line, self.new_code(), "new")

    def _merge(self, tiling: EditTiling, code: str) -> Edit:
        pair = self._pair(tiling, code)
        return Merge(pair, pair[0])

    def _renumber(self, tiling: EditTiling, code: str) -> Edit:
        one, other = self._pair(tiling, code)
        if one == other:
            return Renumber(((one, self.new_code()),))
        return Renumber(((one, other), (other, self.new_code())))

    def _rename(self, tiling: EditTiling, code: str) -> Edit:
        return Rename(code, f"{tiling.names[code][:40]}'")

    def _lock(self, tiling: EditTiling, code: str) -> Edit:
        if tiling.locked and self.rng.integers(5):
            return Lock(tuple(sorted(tiling.locked)), on=False)
        return Lock((code,))

    def _outer(self, tiling: EditTiling, code: str) -> Edit:
        del code
        rows = np.flatnonzero(tiling.bounds[:, 1] <= tiling.bounds[:, 1].min())
        code = tiling.codes[int(rows[int(self.rng.integers(len(rows)))])]
        west, south, east, _ = tiling.bounds[tiling.row(code)]
        step = (east - west) / 4.0
        line = ((west + step, south), (west + step, south - step), (east - step, south - step),
                (east - step, south))  # fmt: skip
        return MoveOuter(code, line, EXTEND)


CONSERVING: Final = ("move", "bend", "redraw", "transfer", "split", "merge", "renumber", "rename",
                     "lock")  # fmt: skip
WEIGHTS: Final = (0.25, 0.1, 0.2, 0.2, 0.1, 0.09, 0.02, 0.02, 0.02)


def total_area(tiling: EditTiling) -> float:
    """Add up the areas in square degrees, about the middle, without rounding on the way."""
    shapes = shapely.transform(tiling.shapes, lambda xy: xy - SOUTH_WEST)
    return fsum(shapely.area(shapes).tolist())


def edits_in_a_row(
    tiling: EditTiling,
    n: int,
    *,
    seed: int,
    seen: Callable[[EditTiling, Applied], None] | None = None,
) -> tuple[EditTiling, list[Edit], Counter]:
    """Apply random edits until `n` were applied; return tiling, inverses and what happened.

    `seen` is told of each one: the tiling before it, and what came of it.
    """
    planner = Planner(np.random.default_rng(seed))
    most = len(tiling)
    inverses: list[Edit] = []
    happened: Counter = Counter()
    while len(inverses) < n:
        kind = str(planner.rng.choice(CONSERVING, p=WEIGHTS))
        if kind in {"split", "merge"}:  # as many grids at the end as at the start
            kind = "merge" if len(tiling) > most else "split"
        try:
            done = apply(tiling, planner.edit(tiling, kind), EditOptions(clip=True))
        except EditRefused as refusal:
            happened[f"{kind} refused: {refusal.code}"] += 1
            continue
        happened[kind] += 1
        if seen is not None:
            seen(tiling, done)
        tiling = done.tiling
        inverses.append(done.inverse)
    return tiling, inverses, happened


def _kinds(n_grids: int, times: int) -> None:
    tiling = town(n_grids)
    vertices = shapely.get_num_coordinates(tiling.shapes).mean()
    print(f"\n### edits of {n_grids:,} grids of {vertices:.0f} vertices, ms")
    print("| edit | n | refused | CPU p50 | CPU p95 | wall p50 | wall p95 | undo CPU p95 |")
    print("|---|---|---|---|---|---|---|---|")
    worst = 0.0
    for kind in (*CONSERVING, "outer"):
        planner = Planner(np.random.default_rng(7))
        took: list[tuple[float, float]] = []
        undone: list[tuple[float, float]] = []
        refused = 0
        while len(took) < times and refused < 20 * times:
            edit = planner.edit(tiling, kind)
            since = _clocks()
            try:
                done = apply(tiling, edit, EditOptions(clip=True))
            except EditRefused:
                refused += 1
                continue
            took.append(_since(since))
            since = _clocks()
            apply(done.tiling, done.inverse)
            undone.append(_since(since))
        (cpu50, wall50), (cpu95, wall95) = np.percentile(took[1:], [50, 95], axis=0) * 1e3
        back = float(np.percentile([cpu for cpu, _ in undone], 95)) * 1e3
        worst = max(worst, cpu95, back)
        print(f"| {kind} | {len(took)} | {refused} | {cpu50:.2f} | {cpu95:.2f} | {wall50:.2f} "
              f"| {wall95:.2f} | {back:.2f} |", flush=True)  # fmt: skip
    print_bar("slowest kind of edit or undo, CPU p95 in ms", worst, BAR_MS, at_least=False)


def _clocks() -> tuple[float, float]:
    return time.thread_time(), time.perf_counter()


def _since(start: tuple[float, float]) -> tuple[float, float]:
    return time.thread_time() - start[0], time.perf_counter() - start[1]


def _row(n_grids: int, many: int) -> None:
    start = town(n_grids, seed=3, holes=max(1, n_grids // 100), whole=2)
    before = total_area(start)
    began = time.perf_counter()
    tiling, inverses, happened = edits_in_a_row(start, many, seed=11)
    took = time.perf_counter() - began
    drift = abs(total_area(tiling) - before) / before
    is_sound = bool(shapely.coverage_is_valid(tiling.shapes))
    began = time.perf_counter()
    for inverse in reversed(inverses):
        tiling = apply(tiling, inverse).tiling
    back = time.perf_counter() - began
    print(
        f"\n### {many:,} edits in a row on {n_grids:,} grids: {took:.1f} s, undone in {back:.1f} s"
    )
    print(", ".join(f"{what} {times}" for what, times in sorted(happened.items())))
    print(f"- a valid coverage after them: {is_sound}")
    print(f"- the start again, bit for bit: {tiling.digest() == start.digest()}")
    print_bar("change of the whole area, relative", drift, AREA_SHARE, at_least=False)


def main() -> None:
    """Measure what is asked for and print tables and bars."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--quick", action="store_true", help="small sizes")
    asked.add_argument("--grids", type=int)
    asked.add_argument("--times", type=int, help="edits of each kind")
    asked.add_argument("--many", type=int, help="edits in a row")
    asked.add_argument("--small", type=int, default=600, help="grids of the edits in a row")
    asked.add_argument("--only", choices=("kinds", "row"))
    given = asked.parse_args()
    print_versions("numpy", "shapely")
    if given.only != "row":
        _kinds(given.grids or (5_000 if given.quick else 60_000),
               given.times or (30 if given.quick else 200))  # fmt: skip
    if given.only != "kinds":
        _row(given.small, given.many or (500 if given.quick else 10_000))


if __name__ == "__main__":
    main()
