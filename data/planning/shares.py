"""Tell which share of each former grid's area and households goes where: what publishing keeps.

Used by `data.planning.publishing` and by whatever compares a plan with its start.
Knows nothing of the store. Grids that stay as they are have no row.

The rows are kept in the store for good, by codes: households follow the log of the plan, as each
edit counted them. `data.analysis.crosswalk` lays any two divisions over each other when it is
asked, in the same way (`geo.overlay`), with incidents by period and without a log.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

import numpy as np
import shapely

from data.planning.states import frame_of_grids
from data.repositories.place_writes import as_multi
from data.repositories.plan_records import BaseGrid, CrosswalkRecord, EditRecord, PlannedGrid
from geo.overlay import NOWHERE, Pieces, pieces_of

_WHOLE: Final = 1.0 - 1e-9
"""A share that is the whole grid, but for rounding."""
Flows = Mapping[str, Mapping[str, float]]


def household_flows(former: Iterable[BaseGrid], edits: Iterable[EditRecord]) -> Flows:
    """Follow the households of the former grids through a log: by new code, then by former code.

    What an edit moved is taken from all who were in the giver, in proportion.
    """
    held: dict[str, dict[str, float]] = {
        grid.code: {grid.code: float(grid.household_count)}
        for grid in former
        if grid.household_count is not None
    }
    for edit in edits:
        if edit.kind == "renumber":
            pairs = dict(edit.edit["codes"])
            moved = {new: held[was] for was, new in pairs.items() if was in held}
            held = {c: own for c, own in held.items() if c not in pairs} | moved
            continue
        before = {code: dict(own) for code, own in held.items()}
        for piece in (edit.report or {}).get("moved", ()):
            _move(held, before, piece)
    return held


def _move(
    held: dict[str, dict[str, float]],
    before: Mapping[str, Mapping[str, float]],
    piece: Mapping[str, Any],
) -> None:
    count = float(piece["counts"].get("households", 0))
    own = before.get(piece["giver"], {})
    total = sum(own.values())
    if count <= 0 or total <= 0:
        return
    taker = held.setdefault(piece["taker"], {})
    giver = held[piece["giver"]]
    for code, number in own.items():
        part = count * number / total
        giver[code] = giver.get(code, 0.0) - part
        taker[code] = taker.get(code, 0.0) + part


def crosswalk_of_grids(
    former: Sequence[BaseGrid], planned: Sequence[PlannedGrid], flows: Flows | None = None
) -> tuple[CrosswalkRecord, ...]:
    """Give the rows of a crosswalk from former to planned grids, by codes.

    Parameters
    ----------
    flows
        Households by new and former code (`household_flows`); where they do not add up to what the
        planned grid holds, or None, households go with the area and are marked as estimated.

    Returns
    -------
    tuple of CrosswalkRecord
        Area shares of one former grid add up to 1 but for the last digit of a float, unless ground
        left the tiling.
    """
    changed, targets = _changed(former, planned)
    if not changed or not targets:
        return ()
    pieces = pieces_of(frame_of_grids(changed), frame_of_grids(targets))
    rows = [
        _row(changed[i], targets[j], area, share, flows)
        for i, j, area, share in _shares(pieces, len(changed))
        if j != NOWHERE
    ]
    return tuple(sorted(rows, key=lambda row: (row.old_code, row.new_code)))


def _changed(
    former: Sequence[BaseGrid], planned: Sequence[PlannedGrid]
) -> tuple[list[BaseGrid], list[PlannedGrid]]:
    """Leave out the grids that keep code and shape, bit for bit."""
    before, after = _bits(former), _bits(planned)
    kept = set(before) & set(after)
    return (
        [grid for grid, bits in zip(former, before, strict=True) if bits not in kept],
        [grid for grid, bits in zip(planned, after, strict=True) if bits not in kept],
    )


def _bits(grids: Sequence[BaseGrid | PlannedGrid]) -> list[tuple[str, bytes]]:
    return [(grid.code, shapely.to_wkb(as_multi(grid.shape))) for grid in grids]


def _shares(pieces: Pieces, count: int) -> Iterator[tuple[int, int, float, float]]:
    """Give former row, planned row, square metres and share of each piece.

    The largest piece of a grid takes what the others leave of 1.
    """
    is_old = pieces.old != NOWHERE
    old, new, area = pieces.old[is_old], pieces.new[is_old], pieces.area_m2[is_old]
    whole = np.bincount(old, area, minlength=count)
    for i in np.flatnonzero(whole > 0).tolist():
        own = np.flatnonzero(old == i)
        own = own[np.argsort(-area[own], kind="stable")]
        shares = (area[own] / whole[i]).tolist()
        shares[0] = 1.0 - sum(shares[1:])
        yield from (
            (i, int(new[k]), float(area[k]), share)
            for k, share in zip(own.tolist(), shares, strict=True)
        )


def _row(
    old: BaseGrid, new: PlannedGrid, area: float, share: float, flows: Flows | None
) -> CrosswalkRecord:
    households = old.household_count
    is_whole = share >= _WHOLE
    if households is None:
        return CrosswalkRecord(old.code, new.code, area, share, None, is_estimated=not is_whole)
    own = None if flows is None else flows.get(new.code)
    adds_up = own is not None and new.household_count is not None
    adds_up = adds_up and abs(sum((own or {}).values()) - (new.household_count or 0)) < 0.5  # noqa: PLR2004 - whole households
    if adds_up and households > 0:
        told = min(max((own or {}).get(old.code, 0.0) / households, 0.0), 1.0)
        is_estimated = "households" in new.estimated and not is_whole
        return CrosswalkRecord(old.code, new.code, area, share, told, is_estimated=is_estimated)
    return CrosswalkRecord(old.code, new.code, area, share, share, is_estimated=not is_whole)
