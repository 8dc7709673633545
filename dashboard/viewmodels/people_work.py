"""Count the work around office-holders: talks, debriefs, appraisals, agreements, meetings.

Used by `dashboard.cache.people` and the people screen, a restricted page: rows are by officer
(role title and service number). Figures for walls are shares only.
Knows nothing of languages and of drawing.
"""

from __future__ import annotations

import itertools
from collections import Counter
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Final

from dashboard.viewmodels.people import BEAT_POSITIONS
from data.repositories.figures import settings
from data.repositories.registers import agreements, appraisals, debriefs, meetings, talks
from data.viewer import DisplayLevel, Role
from data.vocabulary import AppraisalKind, DebriefBody

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy.orm import Session

    from dashboard.viewmodels.people import People
    from data.repositories.registers import AgreementRecord, MeetingRecord
    from data.viewer import Viewer

MONTHS: Final = 12
DUE_DAYS: Final = 60
"""An agreement is due for renewal when it ends within so many days."""
WEIGHTS_SETTING: Final = "appraisal_weights"
"""Setting `{"duty": …, "professional": …}`; domain note 4.7 leaves the weights open."""
DEFAULT_WEIGHTS: Final = {AppraisalKind.DUTY.value: 0.5, AppraisalKind.PROFESSIONAL.value: 0.5}
REVIEWERS: Final = frozenset({Role.HR_REVIEWER, Role.STEWARD})


@dataclass(frozen=True)
class Officer:
    """A community's officer in post on the day or in one of the months shown."""

    code: str
    title: str
    community: str


@dataclass(frozen=True)
class Month:
    """One month of talks: officers in post, and those with at least one talk (domain note 4.6)."""

    first_on: date
    talked: int
    in_post: int

    @property
    def share(self) -> float | None:
        """Talked of in post; none where nobody was."""
        return self.talked / self.in_post if self.in_post else None


@dataclass(frozen=True)
class TalkRow:
    """Talks with one officer by month; None where the officer was not in post."""

    officer: Officer
    counts: tuple[int | None, ...]


@dataclass(frozen=True)
class DebriefRow:
    """Debriefs of one officer in one period: the day of each body's, None where it is owed."""

    officer: Officer
    held_on: Mapping[str, date | None]

    @property
    def done(self) -> int:
        """How many of the two are done."""
        return sum(day is not None for day in self.held_on.values())


@dataclass(frozen=True)
class AppraisalRow:
    """Scores of one officer in one period; `weighted` is none unless both parts are there."""

    officer: Officer
    scores: Mapping[str, float]
    weighted: float | None


@dataclass(frozen=True)
class Due:
    """An agreement that ends soon, or has ended, with none after it; negative days: ended."""

    record: AgreementRecord
    place_name: str
    days_left: int


@dataclass(frozen=True)
class MeetingCount:
    """Meetings of one kind in the months shown."""

    kind: str
    planned: int
    held: int
    with_police: int


@dataclass(frozen=True)
class Work:
    """Everything the work part of the people screen shows.

    Attributes
    ----------
    since_on, until_on
        Months shown, half-open.
    periods, period
        Debrief and appraisal periods there are, and the one that is shown.
    appraisals
        None where the viewer may not read them.
    agreements_in_force
        On the day.
    """

    since_on: date
    until_on: date
    months: tuple[Month, ...]
    talks: tuple[TalkRow, ...]
    periods: tuple[str, ...]
    period: str
    debriefs: tuple[DebriefRow, ...]
    appraisals: tuple[AppraisalRow, ...] | None
    weights: Mapping[str, float]
    due: tuple[Due, ...]
    agreements_in_force: int
    meetings: tuple[MeetingCount, ...]


def build_work(session: Session, viewer: Viewer, people: People, *, period: str = "") -> Work:
    """Gather the twelve months that end with the month of the day.

    Parameters
    ----------
    people
        Who is in post: its area is the area of everything here.
    period
        Debrief and appraisal period; empty: the latest there is.

    Raises
    ------
    AccessRefused
        `level_too_low`: rows by officer are for `INTERNAL`.
    """
    viewer.require_level(DisplayLevel.INTERNAL)
    firsts = month_starts(people.as_of, MONTHS)
    since_on, until_on = firsts[0], month_starts(people.as_of, MONTHS, later=1)[-1]
    spans = _spans_in_post(people)
    months, rows = _talks(session, viewer, (spans, [*firsts, until_on]))
    told = debriefs(session, viewer)
    may_review = viewer.role in REVIEWERS and viewer.level >= DisplayLevel.ADMIN
    scored = appraisals(session, viewer) if may_review else ()
    named = {row.period for row in told} | {row.period for row in scored}
    periods = tuple(sorted(named, reverse=True))
    shown = period if period in periods else (periods[0] if periods else "")
    weights = weights_of(settings(session).get(WEIGHTS_SETTING))
    present = [officer for officer, days in spans.items() if _holds(days, people.as_of)]
    held = {(row.holder_ref, row.body): row.held_on for row in told if row.period == shown}
    scores: dict[str, dict[str, float]] = {}
    for row in scored:
        if row.period == shown:
            scores.setdefault(row.holder_ref, {})[row.kind] = row.score
    due, in_force = _agreements(session, viewer, people)
    return Work(
        since_on=since_on,
        until_on=until_on,
        months=months,
        talks=rows,
        periods=periods,
        period=shown,
        debriefs=tuple(
            DebriefRow(one, {body.value: held.get((one.code, body.value)) for body in DebriefBody})
            for one in (present if shown else ())
        ),
        appraisals=tuple(
            AppraisalRow(one, scores[one.code], weighted(scores[one.code], weights))
            for one in present
            if one.code in scores
        )
        if may_review
        else None,
        weights=weights,
        due=due,
        agreements_in_force=in_force,
        meetings=_meetings(
            [
                meeting
                for meeting in meetings(session, viewer, since=since_on, until=until_on)
                if meeting.place_code in _codes(people)
            ]
        ),
    )


def month_starts(day: date, count: int, *, later: int = 0) -> list[date]:
    """Give the first days of the `count` months that end with the month of `day`, plus `later`."""
    last = 12 * day.year + day.month - 1 + later
    return [date(at // 12, at % 12 + 1, 1) for at in range(last - count + 1, last + 1)]


def weights_of(value: object) -> dict[str, float]:
    """Read the weights of the two appraisals; halves where none or unusable ones are set."""
    if not isinstance(value, dict) or set(value) != set(DEFAULT_WEIGHTS):
        return dict(DEFAULT_WEIGHTS)
    parts = {name: part for name, part in value.items() if isinstance(part, int | float)}
    total = sum(parts.values())
    if len(parts) != len(DEFAULT_WEIGHTS) or total <= 0 or min(parts.values()) < 0:
        return dict(DEFAULT_WEIGHTS)
    return {name: part / total for name, part in parts.items()}


def weighted(scores: Mapping[str, float], weights: Mapping[str, float]) -> float | None:
    """Add up the weighted parts (domain note 4.7); none unless every part is there."""
    if any(name not in scores for name in weights):
        return None
    return sum(weights[name] * scores[name] for name in weights)


Spans = list[tuple[date | None, date | None]]


def _spans_in_post(people: People) -> dict[Officer, Spans]:
    """Give for each officer of a community the days in post; substitutes are not officers here."""
    found: dict[Officer, Spans] = {}
    for seat in people.seats:
        if seat.post.position not in BEAT_POSITIONS:
            continue
        for record in seat.history.appointments:
            if record.substitutes_id is None:
                officer = Officer(record.holder_code, record.holder_title, seat.community)
                found.setdefault(officer, []).append((record.since, record.until))
    return dict(sorted(found.items(), key=lambda item: item[0].code))


def _holds(spans: Spans, day: date) -> bool:
    return _meets(spans, day, day + timedelta(days=1))


def _meets(spans: Spans, since: date, until: date) -> bool:
    return any(
        (start is None or start < until) and (end is None or end > since) for start, end in spans
    )


def _talks(
    session: Session, viewer: Viewer, asked: tuple[Mapping[Officer, Spans], Sequence[date]]
) -> tuple[tuple[Month, ...], tuple[TalkRow, ...]]:
    spans, edges = asked
    told = Counter(
        (row.holder_ref, row.held_on.replace(day=1))
        for row in talks(session, viewer, since=edges[0], until=edges[-1])
    )
    rows = []
    for officer, days in spans.items():
        counts = tuple(
            told[officer.code, first] if _meets(days, first, end) else None
            for first, end in itertools.pairwise(edges)
        )
        if any(count is not None for count in counts):
            rows.append(TalkRow(officer, counts))
    months = []
    for at, first in enumerate(edges[:-1]):
        in_post: dict[str, int] = {}
        for row in rows:
            count = row.counts[at]
            if count is not None:
                in_post[row.officer.code] = count
        months.append(Month(first, sum(n > 0 for n in in_post.values()), len(in_post)))
    return tuple(months), tuple(rows)


def _codes(people: People) -> dict[str, str]:
    """Codes of the places that have posts, with their names."""
    return {seat.post.place_code: seat.post.place_name for seat in people.seats}


def _agreements(session: Session, viewer: Viewer, people: People) -> tuple[tuple[Due, ...], int]:
    names, day = _codes(people), people.as_of
    found = [row for row in agreements(session, viewer) if row.place_code in names]
    in_force = [row for row in found if row.since <= day and (not row.until or day < row.until)]
    due = []
    for row in found:
        if row.until is None or row.since > day or (row.until - day).days > DUE_DAYS:
            continue
        has_next = any(
            (other.place_code, other.partner) == (row.place_code, row.partner)
            and other.since >= row.until
            for other in found
        )
        if not has_next:
            due.append(Due(row, names[row.place_code], (row.until - day).days))
    return tuple(sorted(due, key=lambda one: one.days_left)), len(in_force)


def _meetings(records: Sequence[MeetingRecord]) -> tuple[MeetingCount, ...]:
    kinds = sorted({record.kind for record in records})
    return tuple(
        MeetingCount(
            kind=kind,
            planned=sum(r.kind == kind and r.planned_on is not None for r in records),
            held=sum(r.kind == kind and r.held_on is not None for r in records),
            with_police=sum(
                r.kind == kind and r.held_on is not None and bool(r.is_police_present)
                for r in records
            ),
        )
        for kind in kinds
    )
