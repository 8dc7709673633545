"""Answer a question with every measure that the store can answer; one that fails blanks no other.

Used by the command line, screens and tests through `data.kpi`.
"""

import logging
from collections.abc import Iterable, Iterator
from dataclasses import replace
from fnmatch import fnmatchcase
from typing import Final

from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from data.errors import DataError, RecordNotFound, StoreUnavailable
from data.grids_of import ChosenGrids
from data.kpi import cases, happenings, on_plan, staffing, things, works
from data.kpi.catalogue import definition_of
from data.kpi.desk import Desk, Measure
from data.kpi.figure import NOTE_DIFFERS, NOTE_FAILED, Figure, Question
from data.repositories.figures import DeclaredRecord, declared_figures
from data.viewer import Viewer

MEASURES: Final[tuple[Measure, ...]] = (
    *staffing.MEASURES,
    *happenings.MEASURES,
    *cases.MEASURES,
    *things.MEASURES,
    *works.MEASURES,
)
"""In this order: targets come last, because they may speak of the others."""
SHARE_TOLERANCE: Final = 0.00005
"""A declared percentage is printed with two decimals: half a unit of the last."""
_LOG: Final = logging.getLogger(__name__)


def figures(
    session: Session, viewer: Viewer, question: Question, chosen: ChosenGrids | None = None
) -> tuple[Figure, ...]:
    """Answer every measure that the store's rows or declared figures can answer.

    Parameters
    ----------
    chosen
        A plan's grids, for a question whose `as_of` names that plan. What has no answer there (who
        is appointed to its grids) is given without a value and noted `not_on_plan`, what stands on
        shared-out people is noted `estimated`; declared figures are those of grids that hold and
        are left out.

    Notes
    -----
    Where both answer, the rows are given, and a difference is noted (`differs_from_declared`). A
    measure that fails is given without a value and noted `failed`; its error code is logged.

    Raises
    ------
    RecordNotFound
        `unknown_unit`: no place with that code on that day, and nothing declared for it. A unit
        that only declared figures know gets those alone: nothing is counted as zero.
        `unit_not_on_plan`: the plan has no such grid, and no such place is above its grids.
    StoreUnavailable
        The store is gone: nothing can be answered.
    """
    desk = Desk(session, viewer, question, chosen)
    declared = [] if chosen is not None else _declared_rows(desk)
    is_known = desk.knows_unit()
    if not is_known and chosen is not None:
        raise RecordNotFound("unit_not_on_plan", unit=question.unit, plan=chosen.plan_id)
    if not is_known and not declared:
        raise RecordNotFound("unknown_unit", unit=question.unit)
    for measure in MEASURES if is_known else ():
        if not _is_asked(question, measure.keys) and not _asks_for_targets(question):
            continue
        for figure in on_plan.limited(_answered(measure, desk), measure, desk):
            desk.found.setdefault((figure.measure, figure.scope), figure)
    _add_declared(desk, declared)
    return tuple(figure for figure in desk.found.values() if is_wanted(figure, question.measures))


def _asks_for_targets(question: Question) -> bool:
    """Whether a target is asked for, which may speak of any other measure."""
    return any(wanted.startswith("target") or wanted == "K10" for wanted in question.measures)


def is_wanted(figure: Figure, measures: tuple[str, ...]) -> bool:
    """Whether a figure is one of the measures (`*` allowed) or K-numbers asked for."""
    return not measures or any(
        figure.id == wanted or _matches(figure.measure, wanted) for wanted in measures
    )


def _is_asked(question: Question, keys: tuple[str, ...]) -> bool:
    if not question.measures:
        return True
    return any(
        _matches(key, wanted) or _matches(wanted, key) or _kpi_of(key) == wanted
        for key in keys
        for wanted in question.measures
    )


def _matches(name: str, pattern: str) -> bool:
    """Match as `fnmatchcase`, which makes a regular expression of every plain name too."""
    return name == pattern or ("*" in pattern and fnmatchcase(name, pattern))


def _kpi_of(key: str) -> str | None:
    definition = definition_of(key)
    return definition.kpi if definition is not None else None


def _answered(measure: Measure, desk: Desk) -> Iterator[Figure]:
    given = set()
    try:
        for figure in measure.answers(desk):
            given.add(figure.measure)
            yield figure
    except StoreUnavailable:
        raise
    except DBAPIError as error:
        if error.connection_invalidated:
            raise
        desk.session.rollback()  # a served store answers nothing more in a broken transaction
        yield from _failed(measure, desk, given, error)
    except Exception as error:  # noqa: BLE001 - whatever it is, the other figures must come
        yield from _failed(measure, desk, given, error)


def _failed(measure: Measure, desk: Desk, given: set[str], error: Exception) -> Iterator[Figure]:
    code = error.code if isinstance(error, DataError) else type(error).__name__
    _LOG.error("kpi_failed measures=%s code=%s", ",".join(measure.keys), code, exc_info=error)
    for key in measure.keys:
        definition = definition_of(key)
        if key not in given and definition is not None:
            yield Figure(
                definition.kpi, key, desk.question.scope, None, note=NOTE_FAILED,
                version=definition.version,
            )  # fmt: skip


def _declared_rows(desk: Desk) -> list[DeclaredRecord]:
    unit = desk.question.unit
    rows = declared_figures(desk.session, desk.viewer)
    return [row for row in rows if unit is None or row.scope == unit]


def _add_declared(desk: Desk, declared: Iterable[DeclaredRecord]) -> None:
    """Add what only an article says; where rows say it too, note whether they agree."""
    for row in declared:
        key = (row.measure, row.scope)
        counted = desk.found.get(key)
        if counted is None:
            desk.found[key] = _declared(row)
        elif counted.value is not None and _differs(counted, row):
            desk.found[key] = counted.noted(NOTE_DIFFERS)


def _declared(row: DeclaredRecord) -> Figure:
    definition = definition_of(row.measure)
    made = Figure(
        row.kpi,
        row.measure,
        row.scope,
        row.value,
        row.numerator,
        row.denominator,
        source="declared",
        note=row.source,
    )
    return made if definition is None else replace(made, version=definition.version)


def _differs(counted: Figure, row: DeclaredRecord) -> bool:
    """Whether rows and article part: in the value as printed, or in what it stands on."""
    if row.denominator is not None and row.denominator != counted.denominator:
        return True
    if row.value is None or counted.value is None:
        return False
    definition = definition_of(row.measure)
    is_share = definition is not None and definition.unit == "share"
    return abs(counted.value - row.value) > (SHARE_TOLERANCE if is_share else 1e-9)
