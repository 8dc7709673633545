"""Share out the counts of grids whose ground moves, in whole numbers that keep their sum.

Used by `geo.edits.applying`.
Knows nothing of edits: shapes before and after, and the ground that moved.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import shapely

from geo.apportion import apportion
from geo.edits.drafting import Draft
from geo.edits.report import Atoms
from geo.edits.tiling import EditTiling, FloatArray, ObjectArray

_WHOLE: Final = 1e-6
"""A share nearer than this to 0 or 1 is 0 or 1."""


@dataclass(slots=True)
class Apportioned:
    """Counts after an edit.

    Attributes
    ----------
    moved
        Numbers by measure for each entry of the draft's `moved`.
    counts
        New numbers by measure and code, of the grids whose number changed.
    estimated
        Pairs (measure, code) that became estimates.
    """

    moved: list[dict[str, int]]
    counts: dict[str, dict[str, int]] = field(default_factory=dict)
    estimated: set[tuple[str, str]] = field(default_factory=set)


def share_counts(tiling: EditTiling, draft: Draft, atoms: Atoms | None) -> Apportioned:
    """Share out the counts of every grid that gives ground to another.

    A grid that goes gives all it has. Else what moves is weighed by the atoms' counts where the
    giver has any (a cut atom by area), by area where it has none; largest remainders, ties to the
    one that keeps, then to the lower code. Ground that leaves the tiling takes no count along.

    Notes
    -----
    The giver and its takers become estimated, unless the atoms that moved are whole and sum up to
    the giver's number, or the number is 0. A merged grid is estimated if a part of it was, or if
    the number of a part is unknown.
    """
    result = Apportioned([{} for _ in draft.moved])
    gives: dict[str, list[int]] = {}
    for k, (giver, taker, _) in enumerate(draft.moved):
        if giver and taker:
            gives.setdefault(giver, []).append(k)
    for measure, numbers in tiling.counts.items():
        sharing = _Sharing(tiling, draft, measure, result)
        for giver, entries in gives.items():
            if giver in draft.removed:
                sharing.hand_over(giver, entries[0])
            elif giver in numbers:
                sharing.share(giver, entries, atoms)
    return result


@dataclass(frozen=True, slots=True)
class _Sharing:
    """One measure while it is shared out."""

    tiling: EditTiling
    draft: Draft
    measure: str
    result: Apportioned

    def now(self, code: str) -> int:
        former = self.tiling.counts[self.measure].get(code, 0)
        return self.result.counts.get(self.measure, {}).get(code, former)

    def set(self, code: str, number: int) -> None:
        self.result.counts.setdefault(self.measure, {})[code] = number

    def was_estimated(self, code: str) -> bool:
        return (self.measure, code) in self.tiling.estimated

    def hand_over(self, giver: str, entry: int) -> None:
        """Give all of a grid that goes to the one that takes it."""
        numbers = self.tiling.counts[self.measure]
        taker = self.draft.moved[entry][1]
        if giver in numbers:
            self.result.moved[entry][self.measure] = numbers[giver]
            self.set(taker, self.now(taker) + numbers[giver])
        others = {g for g, t, _ in self.draft.moved if t == taker} | {taker}
        known = {code in numbers for code in others if code in self.tiling}
        if self.was_estimated(giver) or len(known) > 1:
            self.result.estimated.add((self.measure, taker))

    def share(self, giver: str, entries: Sequence[int], atoms: Atoms | None) -> None:
        """Divide the number of a grid that stays between itself and its takers."""
        number = self.tiling.counts[self.measure][giver]
        grounds = [self.draft.moved[k][2] for k in entries]
        was = self.tiling.shape(giver)
        weights, is_exact = _weights(was, grounds, atoms, (self.measure, number))
        shares = apportion(number, weights, idle_to_first=True).tolist()
        is_guess = bool(number) and not is_exact
        self.set(giver, self.now(giver) - sum(shares[1:]))
        for k, share in zip(entries, shares[1:], strict=True):
            taker = self.draft.moved[k][1]
            self.result.moved[k][self.measure] = share
            self.set(taker, self.now(taker) + share)
            if is_guess or self.was_estimated(giver):
                self.result.estimated.add((self.measure, taker))
        if is_guess:
            self.result.estimated.add((self.measure, giver))


def _weights(
    was: shapely.Geometry,
    grounds: Sequence[shapely.Geometry],
    atoms: Atoms | None,
    counted: tuple[str, int],
) -> tuple[list[float], bool]:
    """Weigh what stays and each ground that goes; tell whether the weights are the counts."""
    measure, number = counted
    if atoms is not None and measure in atoms.counts:
        rows = atoms.tree.query(was, predicate="intersects")
        own = atoms.counts[measure][rows].astype(np.float64)
        inside = own * _parts_within(atoms.shapes[rows], was)
        if inside.sum() > 0.0:
            parts = [_parts_within(atoms.shapes[rows], ground) for ground in grounds]
            goes = [float((own * part).sum()) for part in parts]
            is_whole = all(np.isin(part, (0.0, 1.0)).all() for part in parts)
            is_exact = is_whole and float(inside.sum()) == float(number)
            return [max(float(inside.sum()) - sum(goes), 0.0), *goes], is_exact
    goes = [float(shapely.area(ground)) for ground in grounds]
    return [max(float(shapely.area(was)) - sum(goes), 0.0), *goes], False


def _parts_within(shapes: ObjectArray, ground: shapely.Geometry) -> FloatArray:
    """Return the share of each shape that lies in an area; a point counts whole or not at all."""
    areas = shapely.area(shapes)
    inner = shapely.area(shapely.intersection(shapes, ground))
    share = np.where(areas > 0.0, inner / np.where(areas > 0.0, areas, 1.0), 0.0)
    is_point = areas <= 0.0
    share[is_point] = shapely.intersects(shapes[is_point], ground)
    share[share < _WHOLE] = 0.0
    share[share > 1.0 - _WHOLE] = 1.0
    return np.asarray(share, dtype=np.float64)
