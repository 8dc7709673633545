"""Say which figures hold on a plan's grids, which are estimated there, and which have no answer.

Used by the engine. Knows nothing of formulas.

Nobody is appointed to grids that do not hold yet, so posts of grids have no answer there. Places
above the grids and their posts, registers and targets are those of today.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Final

from data.grids_of import estimated_codes
from data.kpi import cases, happenings
from data.kpi.desk import Desk, Measure
from data.kpi.figure import NOTE_ESTIMATED, NOTE_NOT_ON_PLAN, Figure
from data.vocabulary import PlaceLevel

POSTS_OF_GRIDS: Final = frozenset({
    "grid_member_coverage", "grid_member_on_duty", "grid_full_time_coverage", "roster_complete",
})  # fmt: skip
"""No answer on a plan's grids, whatever is asked about."""
OF_PEOPLE: Final = {
    "households": "households",
    "residents": "residents",
    "households_per_member": "households",
    "households_visited": "households",
    "force_per_1000": "residents",
    "incidents_per_10000": "residents",
    "incidents_per_10000_year": "residents",
}
"""Measures that stand on counted people, and on which count."""
OF_ONE_GRID: Final = frozenset(
    {"grids", "community_total", "subdistrict_total", "households", "residents"}
    | {key for each in (*happenings.MEASURES, *cases.MEASURES) for key in each.keys}
) - {"cases_per_member"}
"""All that one grid of a plan can be asked: what lies in it, and what happened there."""


def limited(found: Iterable[Figure], measure: Measure, desk: Desk) -> Iterator[Figure]:
    """Give the figures of a measure as they hold on the grids of the question."""
    if desk.chosen is None:
        yield from found
        return
    is_grid = _asks_for_a_grid(desk)
    for figure in found:
        refused = figure.measure in POSTS_OF_GRIDS
        if refused or (is_grid and not OF_ONE_GRID & {figure.measure, *measure.keys}):
            yield replace(
                figure, value=None, numerator=None, denominator=None, low=None, high=None,
                note=NOTE_NOT_ON_PLAN,
            )  # fmt: skip
        elif _is_estimated(figure, desk):
            yield figure.noted(NOTE_ESTIMATED)
        else:
            yield figure


def _asks_for_a_grid(desk: Desk) -> bool:
    unit = desk.question.unit
    above = any(
        record.code == unit and record.level != PlaceLevel.GRID for record in desk.places.values()
    )
    return unit is not None and not above and unit in desk.grids.index


def _is_estimated(figure: Figure, desk: Desk) -> bool:
    """Whether people of cut grids are in it; the whole, which is conserved, was counted."""
    name = OF_PEOPLE.get(figure.measure)
    if name is None or not estimated_codes(desk.grids, (name,)):
        return False
    return desk.question.unit is not None or _sum_moved(desk, name)


def _sum_moved(desk: Desk, name: str) -> bool:
    held = desk.held_grids[name]
    return bool(held.isna().any()) or int(held.sum()) != int(desk.grids[name].sum())
