"""Gather the programme board: tiles of a programme, plan figures, campaigns, streaks, month grades.

Used by `dashboard.cache.wall` and the wall's components.
Knows nothing of languages; labels are the operator's, in both languages.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Final, cast

from data.counting import EventFilter, local_midnight
from data.kpi import Figure, Question, figures
from data.repositories.registers import register_records
from data.vocabulary import CLOSED_STATES, EventLayer, RegisterLayer

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from sqlalchemy.orm import Session

    from dashboard.viewmodels.wall import Moment
    from data.counting import Placed
    from data.repositories.registers import (
        AreaGradeRecord,
        CampaignRecord,
        ProgrammeItemRecord,
        TargetRecord,
    )
    from data.viewer import Viewer

STREAK_IDS: Final = frozenset({"K7", "K8"})
COVERAGE_MEASURES: Final = (
    "community_police_coverage",
    "deputy_secretary_coverage",
    "monthly_talks",
    "debriefs_done",
    "grid_full_time_coverage",
    "director_integration",
    "auxiliary_integration",
    "service_window_coverage",
    "meetings_held",
)
"""Figures of every store's board, the most asked for first; those that a store lacks are not shown.
"""
BY_MONTH: Final = ("monthly_talks",)
"""Figures of what is due once in a month."""
PUBLISHED_FUNNEL: Final = ("campaign_disputes_found", "campaign_disputes_closed")
"""Declared figures of a campaign whose rows are elsewhere: found and closed."""
LONGEST_FALL: Final = 2
"""Years from which on a fall is a streak."""
_CLOSED: Final = frozenset(str(state) for state in CLOSED_STATES)


@dataclass(frozen=True)
class Labelled:
    """A name in both languages."""

    zh: str
    en: str

    def text(self, language: str) -> str:
        """Give the name in one language."""
        return self.zh if language == "zh" else self.en


@dataclass(frozen=True)
class ProgrammeTile:
    """One item of a programme: its status, and the figure it stands for where one is known."""

    key: str
    label: Labelled
    status: str
    figure: Figure | None


@dataclass(frozen=True)
class Progress:
    """A plan figure: planned, done, the share of the plan, and how much is due by now."""

    key: str
    label: Labelled
    planned: float
    done: float | None
    share: float | None
    expected: float
    is_share: bool


@dataclass(frozen=True)
class CampaignFunnel:
    """An action of limited days: cases found in its span, and how many of them are closed."""

    key: str
    label: Labelled
    layer: str
    since: date
    last_on: date
    found: int
    closed: int


@dataclass(frozen=True)
class Programme:
    """Everything of the programme board; empty parts are not shown.

    Attributes
    ----------
    grades
        Place code → grade of the latest month, `grade_month` (its first day).
    """

    tiles: tuple[ProgrammeTile, ...]
    targets: tuple[Progress, ...]
    campaigns: tuple[CampaignFunnel, ...]
    coverage: tuple[Figure, ...]
    published: tuple[Figure, ...]
    streaks: tuple[Figure, ...]
    grades: Mapping[str, str]
    grade_month: date | None

    @property
    def is_empty(self) -> bool:
        """Whether there is no board to show (grades have a scene of their own)."""
        return not (self.tiles or self.targets or self.campaigns or self.coverage)


def build_programme(
    session: Session,
    viewer: Viewer,
    placed: Mapping[EventLayer, Placed],
    moment: Moment,
    unit: str | None,
) -> Programme:
    """Read the registers of the programme and the figures that they name.

    Parameters
    ----------
    unit
        Code of the area that the wall is limited to.
    """
    read = {
        layer: register_records(session, viewer, layer)
        for layer in (
            RegisterLayer.PROGRAMMES,
            RegisterLayer.TARGETS,
            RegisterLayer.CAMPAIGNS,
            RegisterLayer.AREA_GRADES,
        )
    }
    items = cast("tuple[ProgrammeItemRecord, ...]", read[RegisterLayer.PROGRAMMES])
    targets = cast("tuple[TargetRecord, ...]", read[RegisterLayer.TARGETS])
    campaigns = cast("tuple[CampaignRecord, ...]", read[RegisterLayer.CAMPAIGNS])
    grades = cast("tuple[AreaGradeRecord, ...]", read[RegisterLayer.AREA_GRADES])
    named = {item.measure for item in items if item.measure} | {one.measure for one in targets}
    wanted = (*COVERAGE_MEASURES, *PUBLISHED_FUNNEL, *sorted(STREAK_IDS), *sorted(named))
    known = _figures(session, viewer, moment, (unit, wanted))
    month = max((grade.month_on for grade in grades), default=None)
    return Programme(
        tiles=tuple(_tile(item, known) for item in sorted(items, key=lambda one: one.sequence)),
        targets=tuple(_progress(one, moment, known) for one in targets if _is_here(one, unit)),
        campaigns=tuple(_funnel(one, placed, moment) for one in campaigns if _is_here(one, unit)),
        coverage=tuple(
            known[name] for name in COVERAGE_MEASURES if name in known and known[name].denominator
        ),
        published=tuple(known[name] for name in PUBLISHED_FUNNEL if name in known),
        streaks=tuple(one for one in known.values() if is_streak(one)),
        grades={grade.place_code: grade.grade for grade in grades if grade.month_on == month},
        grade_month=month,
    )


def _figures(
    session: Session, viewer: Viewer, moment: Moment, asked: tuple[str | None, tuple[str, ...]]
) -> dict[str, Figure]:
    """Give the figures of the compared period by measure: the wall's own scope before others."""
    today = (moment.at - timedelta(microseconds=1)).date()
    unit, measures = asked
    question = Question(today, moment.since, moment.until, unit, moment.tz, measures=measures)
    found = [*_last_month(session, viewer, question), *figures(session, viewer, question)]
    named: dict[str, Figure] = {}
    for figure in found:
        is_own = figure.scope == question.scope
        if figure.measure not in named or (is_own and figure.measure not in BY_MONTH):
            named[figure.measure] = figure
    return named


def _last_month(session: Session, viewer: Viewer, question: Question) -> tuple[Figure, ...]:
    """Answer what is due once a month for the last month that is over: this one is not judged."""
    last_on = question.today.replace(day=1) - timedelta(days=1)
    since = local_midnight(last_on.replace(day=1), question.tz)
    until = local_midnight(last_on + timedelta(days=1), question.tz)
    asked = replace(question, today=last_on, since=since, until=until, measures=BY_MONTH)
    return figures(session, viewer, asked)


def is_streak(figure: Figure) -> bool:
    """Whether a figure is a run of days, or of years long enough to be spoken of."""
    if figure.id not in STREAK_IDS or not figure.value:
        return False
    return figure.id != "K7" or figure.value >= LONGEST_FALL


def _is_here(record: TargetRecord | CampaignRecord, unit: str | None) -> bool:
    return unit is None or record.place_code in {None, unit}


def _tile(item: ProgrammeItemRecord, known: Mapping[str, Figure]) -> ProgrammeTile:
    key = f"{item.source}:{item.external_id}"
    figure = known.get(item.measure) if item.measure else None
    return ProgrammeTile(key, Labelled(item.label_zh, item.label_en), item.status, figure)


def _progress(target: TargetRecord, moment: Moment, known: Mapping[str, Figure]) -> Progress:
    """Compare done with planned (K10); a target without a number takes that of its measure."""
    done = target.done
    if done is None and target.measure in known:
        done = known[target.measure].value
    whole = (target.until - target.since).days
    passed = (moment.at - local_midnight(target.since, moment.tz)) / timedelta(days=1)
    return Progress(
        key=f"{target.source}:{target.external_id}",
        label=Labelled(target.label_zh, target.label_en),
        planned=target.planned,
        done=done,
        share=done / target.planned if done is not None and target.planned else None,
        expected=min(1.0, max(0.0, passed / whole)),
        is_share=target.unit == "share",
    )


def _funnel(
    campaign: CampaignRecord, placed: Mapping[EventLayer, Placed], moment: Moment
) -> CampaignFunnel:
    events = placed[EventLayer(campaign.layer)].events
    since, until = (local_midnight(day, moment.tz) for day in (campaign.since, campaign.until))
    mask = EventFilter(since, until).mask(events)
    found = events.take(mask)
    return CampaignFunnel(
        key=f"{campaign.source}:{campaign.external_id}",
        label=Labelled(campaign.label_zh, campaign.label_en),
        layer=campaign.layer,
        since=campaign.since,
        last_on=campaign.until - timedelta(days=1),
        found=len(found),
        closed=int(found.status.is_in(_CLOSED).sum()),
    )
