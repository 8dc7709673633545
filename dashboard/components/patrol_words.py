"""Put a patrol brief into words, once for the screen and the printed sheet.

Used by the patrol screen and the command line. Texts are plain: whoever shows them as Markdown
escapes them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dashboard.components.formats import area_text, moment, whole
from dashboard.printing.patrol_sheet import BriefText, PlaceText
from dashboard.printing.sketch import Part
from dashboard.viewmodels.patrol_values import FEW

if TYPE_CHECKING:
    from datetime import datetime

    from dashboard.text import Words
    from dashboard.viewmodels.patrol_values import Brief, OpenCase, PatrolAsked, PatrolPlace
    from dashboard.viewmodels.town import Town

MOST_LABELS: Final = 12
"""With more units than this a sketch shows outlines without names."""
_PEAKS: Final = 2
SHOWN_CASES: Final = 3


def brief_text(words: Words, brief: Brief, town: Town, *, now: datetime, tz: str) -> BriefText:
    """Write the whole brief.

    Parameters
    ----------
    now
        Aware moment at which a limit counts as passed.
    """
    units = town.units[town.in_area(brief.area)]
    return BriefText(
        title=words("patrol.title"),
        heading=heading(words, brief),
        notes=notes(words, brief, tz),
        round=round_text(words, brief),
        places=tuple(
            place_text(words, brief.asked, place, number, (town, now, tz))
            for number, place in enumerate(brief.places, start=1)
        ),
        targets=target_lines(words, brief),
        parts=tuple(
            Part(str(name) if len(units) <= MOST_LABELS else "", shape)
            for name, shape in zip(units["name"], units.geometry, strict=True)
        ),
        box=words("patrol.notes_box"),
        by_hour=words("patrol.by_hour"),
    )


def heading(words: Words, brief: Brief) -> str:
    """Say for which area, day and hours."""
    area = words("patrol.whole_town") if brief.area is None else area_text(words, brief.area)
    day = brief.asked.day.isoformat()
    return words("patrol.heading", area=area, day=day, hours=hours_text(words, brief.asked))


def hours_text(words: Words, asked: PatrolAsked) -> str:
    """Write the hours of a shift."""
    key = "patrol.hours" if asked.end_hour > asked.start_hour else "patrol.hours_next"
    return words(key, start=f"{asked.start_hour:02d}", end=f"{asked.end_hour:02d}")


def notes(words: Words, brief: Brief, tz: str) -> tuple[str, ...]:
    """Say what ranks the places, and what was left out."""
    if brief.first_at is None:
        return ()
    return (
        words(
            "patrol.ranked_by",
            since=moment(brief.first_at, tz)[:10],
            until=brief.asked.day.isoformat(),
            n=whole(brief.n_ranked),
            hours=whole(brief.n_in_hours),
        ),
        words(
            "patrol.left_out",
            unclocked=whole(brief.n_unclocked),
            discovered=whole(brief.n_discovered),
            unlocated=whole(brief.n_unlocated),
        ),
    )


def round_text(words: Words, brief: Brief) -> str:
    """Say the order of the walk, how far it is and how long it takes."""
    low, high = brief.minutes
    order = " → ".join(str(row + 1) for row in brief.order)
    return words("patrol.round", order=order, km=f"{brief.walk_m / 1000:.1f}", low=low, high=high)


def target_lines(words: Words, brief: Brief) -> tuple[str, ...]:
    """List patrol targets that had too few stops."""
    if not brief.targets_due:
        return ()
    listed = tuple(
        words(
            "patrol.target",
            name=target.name or target.external_id,
            kind=words.label("patrol_target_kind", target.kind),
            done=done,
            due=target.due_per_week,
        )
        for target, done in brief.targets_due
    )
    return (words("patrol.targets", n=len(listed)), *listed)


def place_text(
    words: Words,
    asked: PatrolAsked,
    place: PatrolPlace,
    number: int,
    shown: tuple[Town, datetime, str],
) -> PlaceText:
    """Write one place."""
    town, now, tz = shown
    lines = [
        words(
            "patrol.recent",
            month=whole(place.n_28_days),
            year=whole(place.n_365_days),
            last=moment(place.last_at, tz),
        ),
        words(
            "patrol.kinds_line",
            kinds=kinds_text(words, place),
            hours=peak_text(words, asked, place),
        ),
        last_stop_text(words, place, tz),
        *case_lines(words, place, now),
    ]
    return PlaceText(
        number=number,
        name=place_name(words, town, place),
        count=words(
            "patrol.count_few" if place.is_few else "patrol.count",
            n=whole(place.n_hours),
            all=whole(place.n_all),
            few=FEW,
        ),
        lines=tuple(lines),
        by_hour=place.by_hour,
        hours=asked.hours,
        lon=place.lon,
        lat=place.lat,
    )


def place_name(words: Words, town: Town, place: PatrolPlace) -> str:
    """Say where a place is: the street, and the grid with its code."""
    parts = [words("patrol.place_at", street=place.street)] if place.street else []
    if place.grid_code:
        name = town.name(str(town.level), place.grid_code) or place.grid_code
        parts.append(words("patrol.place_in", grid=name))
    return " · ".join(parts) or f"{place.lon:.5f}, {place.lat:.5f}"


def kinds_text(words: Words, place: PatrolPlace) -> str:
    """List the kinds behind a place with their counts."""
    joint = "、" if words.language == "zh" else ", "
    return joint.join(
        words("patrol.kind_count", kind=words.label("incident_kind", kind), n=n)
        for kind, n in place.kinds
    )


def peak_text(words: Words, asked: PatrolAsked, place: PatrolPlace) -> str:
    """Name the hours of the shift with the most incidents."""
    ranked = sorted(asked.hours, key=lambda hour: (-place.by_hour[hour], hour))[:_PEAKS]
    joint = "、" if words.language == "zh" else ", "
    return joint.join(
        words("patrol.peak_hour", hour=f"{hour:02d}", n=place.by_hour[hour])
        for hour in ranked
        if place.by_hour[hour]
    )


def last_stop_text(words: Words, place: PatrolPlace, tz: str) -> str:
    """Say which team was last there, when and for how long."""
    stop = place.last_stop
    if stop is None:
        return words("patrol.last_stop_none")
    minutes = words("patrol.last_stop_unknown")
    if stop.left_at is not None:
        n = round((stop.left_at - stop.arrived_at).total_seconds() / 60)
        minutes = words("patrol.last_stop_minutes", n=n)
    return words(
        "patrol.last_stop",
        at=moment(stop.arrived_at, tz),
        team=stop.team or words("patrol.last_stop_team"),
        kind=words.label("stop_kind", stop.kind),
        minutes=minutes,
    )


def case_lines(words: Words, place: PatrolPlace, now: datetime) -> tuple[str, ...]:
    """List what waits at a place, nearest first."""
    if not place.n_cases:
        return (words("patrol.open_none"),)
    shown = place.cases[:SHOWN_CASES]
    listed = [f"· {case_text(words, case, now)}" for case in shown]
    if place.n_cases > len(shown):
        listed.append(words("patrol.more_cases", n=place.n_cases - len(shown)))
    return (words("patrol.open_here", n=place.n_cases), *listed)


def case_text(words: Words, case: OpenCase, now: datetime) -> str:
    """Name one open hazard or dispute."""
    group = "hazard_kind" if case.layer == "hazards" else "dispute_kind"
    status = words.label("status", case.status) if case.status else ""
    if case.due_at is not None and case.due_at < now:
        status = words("patrol.case_overdue")
    return words(
        "patrol.case",
        layer=words.label("layer", str(case.layer)),
        kind=words.label(group, case.kind),
        status=status,
        distance=whole(case.distance_m),
    )
