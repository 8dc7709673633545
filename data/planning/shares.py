"""Tell which share of each former grid's area and households goes where: the crosswalk of a plan.

Used by `data.planning.publishing` and by whatever compares a plan with its start.
Knows nothing of the store. Grids that stay as they are have no row.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import shapely

from data.repositories.place_writes import as_multi
from data.repositories.plan_records import BaseGrid, CrosswalkRecord, EditRecord, PlannedGrid
from geo.crs import STORED_CRS
from geo.measure import area_m2

_CRUMB_SHARE: Final = 1e-9
"""Shares below it are dust of the arithmetic, not ground."""
_WHOLE: Final = 1.0 - 1e-9
Flows = Mapping[str, Mapping[str, float]]


def areas_of(shapes: Sequence[shapely.Geometry]) -> npt.NDArray[np.float64]:
    """Measure shapes in square metres, all in one working CRS."""
    if not shapes:
        return np.zeros(0)
    frame = gpd.GeoDataFrame(geometry=list(shapes), crs=STORED_CRS)
    return area_m2(frame).to_numpy(dtype=np.float64)


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
        Area shares of one former grid add up to 1 exactly, unless ground left the tiling.
    """
    changed, targets = _changed(former, planned)
    if not changed or not targets:
        return ()
    old, new, pieces = _overlay([g.shape for g in changed], [g.shape for g in targets])
    areas = areas_of(pieces)
    flat = shapely.area(np.array(pieces, dtype=object))
    whole = shapely.area(_sound([g.shape for g in changed]))
    by_old: dict[int, list[tuple[int, float, float]]] = defaultdict(list)
    for i, j, area, part in zip(old, new, areas.tolist(), flat.tolist(), strict=True):
        if part > _CRUMB_SHARE * whole[i]:
            by_old[i].append((j, area, part / whole[i]))
    rows = []
    for i, grid in enumerate(changed):
        shares = _shares(by_old[i])
        rows += [_row(grid, targets[j], area, share, flows) for j, area, share in shares]
    return tuple(sorted(rows, key=lambda row: (row.old_code, row.new_code)))


def _changed(
    former: Sequence[BaseGrid], planned: Sequence[PlannedGrid]
) -> tuple[list[BaseGrid], list[PlannedGrid]]:
    same = {(g.code, shapely.to_wkb(as_multi(g.shape))) for g in former}
    kept = {(g.code, shapely.to_wkb(as_multi(g.shape))) for g in planned} & same
    return (
        [g for g in former if (g.code, shapely.to_wkb(as_multi(g.shape))) not in kept],
        [g for g in planned if (g.code, shapely.to_wkb(as_multi(g.shape))) not in kept],
    )


def _overlay(
    old: Sequence[shapely.Geometry], new: Sequence[shapely.Geometry]
) -> tuple[list[int], list[int], list[shapely.Geometry]]:
    sound_old, sound_new = _sound(old), _sound(new)
    rows, columns = shapely.STRtree(sound_new).query(sound_old, predicate="intersects")
    pieces = shapely.intersection(sound_old[rows], sound_new[columns])
    return rows.tolist(), columns.tolist(), list(pieces)


def _sound(shapes: Sequence[shapely.Geometry]) -> npt.NDArray[np.object_]:
    listed = np.array(shapes, dtype=object)
    made = shapely.make_valid(listed, method="structure", keep_collapsed=False)
    return np.asarray(made, dtype=object)


def _shares(found: list[tuple[int, float, float]]) -> list[tuple[int, float, float]]:
    """Share a grid out by square metres; how much of it is covered is measured in degrees.

    A border that got a vertex measures a little more or less in metres: nothing is lost by that.
    """
    total = sum(area for _, area, _ in found)
    covered = sum(part for _, _, part in found)
    covered = 1.0 if covered >= _WHOLE else covered
    shares = sorted(
        ((j, area, area / total * covered) for j, area, _ in found), key=lambda s: (-s[2], s[0])
    )
    if shares and covered == 1.0:
        rest = sum(share for _, _, share in shares[1:])
        shares[0] = (*shares[0][:2], 1.0 - rest)
    return shares


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
