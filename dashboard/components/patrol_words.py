"""Put a patrol brief into words, once for the screen and the printed sheet.

Used by the patrol screen and the command line. Texts are plain: whoever shows them as Markdown
escapes them.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from dashboard.components.formats import area_text, moment, whole
from dashboard.printing.patrol_phone import PhonePage
from dashboard.printing.patrol_sheet import BriefText, PhoneText, PlaceText
from dashboard.printing.sketch import Part
from dashboard.viewmodels.patrol_stops import STOP_REACH_M
from dashboard.viewmodels.patrol_values import FEW, RECENT_DAYS, RECENT_M
from geo.hotspots.options import LIGHT_BANDWIDTH_M
from geo.proof.backtest import FEW_TEST_EVENTS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from dashboard.printing.contact_card import ContactLine
    from dashboard.text import Words
    from dashboard.viewmodels.patrol_proof import PatrolProof
    from dashboard.viewmodels.patrol_values import Brief, OpenCase, PatrolAsked, PatrolPlace
    from dashboard.viewmodels.town import Town

MOST_LABELS: Final = 12
"""With more units than this a sketch shows outlines without names."""
_WHOLE_FROM: Final = 10.0
_TENTHS_FROM: Final = 1.0
_REACH: Final = round(STOP_REACH_M)
SHOWN_CASES: Final = 3


def brief_text(
    words: Words,
    brief: Brief,
    town: Town,
    *,
    now: datetime,
    tz: str,
    phones: Mapping[str, Sequence[ContactLine]] | None = None,
) -> BriefText:
    """Write the whole brief.

    Parameters
    ----------
    now
        Aware moment at which a limit counts as passed.
    phones
        Code of a unit → lines of who covers it, each with a number.
    """
    units = town.units[town.in_area(brief.area)]
    calls = phones or {}
    return BriefText(
        title=words("patrol.title"),
        heading=heading(words, brief),
        notes=notes(words, brief, tz),
        round=round_text(words, brief),
        places=tuple(
            replace(
                place_text(words, brief, place, number, (town, now, tz)),
                phones=phone_texts(words, calls.get(place.grid_code, ())),
            )
            for number, place in enumerate(brief.places, start=1)
        ),
        targets=target_lines(words, brief),
        parts=tuple(
            Part(str(name) if len(units) <= MOST_LABELS else "", shape)
            for name, shape in zip(units["name"], units.geometry, strict=True)
        ),
        box=words("patrol.notes_box"),
        by_hour=words("patrol.by_hour"),
        order=tuple(row + 1 for row in brief.order),
        units=tuple(Part(str(n), g) for n, g in zip(units["name"], units.geometry, strict=True)),
        streets=_streets(town),
        cells=tuple(place.outline for place in brief.places),
    )


def _streets(town: Town) -> tuple[Part, ...]:
    if town.streets.empty:
        return ()
    names = town.streets["name"] if "name" in town.streets else [""] * len(town.streets)
    return tuple(
        Part(name if isinstance(name, str) else "", line)
        for name, line in zip(names, town.streets.geometry, strict=True)
    )


def phone_texts(words: Words, lines: Sequence[ContactLine]) -> tuple[PhoneText, ...]:
    """Name the numbers of who covers a place."""
    made = []
    for line in lines:
        if line.office_phone:
            what = words.label(line.group, line.code)
            label = what if line.title in {"", what} else f"{what} · {line.title}"
            made.append(PhoneText(label, line.office_phone))
    return tuple(made)


def phone_page(words: Words, store: str, made: str) -> PhonePage:
    """Write what the phone page says besides the brief; `made` is when it was made."""
    return PhonePage(
        language=words.language,
        map_title=words("patrol_phone.map"),
        phones_title=words("patrol_phone.call"),
        no_phone=words("patrol_phone.no_number"),
        stay=words("patrol.stay"),
        foot=words("patrol_phone.foot", store=store, made=made),
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
            reach=round(LIGHT_BANDWIDTH_M),
        ),
        *([] if brief.is_stated else [words("patrol.unstated")]),
        left_out_text(words, brief),
        *rotation_notes(words, brief),
    )


def left_out_text(words: Words, brief: Brief) -> str:
    """Count what does not rank, by reason."""
    more = (("left_proactive", brief.n_proactive), ("left_unknown", brief.n_unknown))
    return words(
        "patrol.left_out",
        unclocked=whole(brief.n_unclocked),
        discovered=whole(brief.n_discovered),
        more="".join(words(f"patrol.{key}", n=whole(n)) for key, n in more if n),
        unlocated=whole(brief.n_unlocated),
    )


def proof_text(words: Words, proof: PatrolProof | None) -> str:
    """Say how the ranking would have done in the months before; None: it cannot be tested."""
    if proof is None:
        return words("patrol.proof_none")
    said = words(
        "patrol.proof",
        months=proof.months,
        places=proof.places,
        area=share_text(proof.area_share),
        rate=share_text(proof.rate),
        hits=whole(proof.hits),
        n=whole(proof.n),
        low=share_text(proof.low),
        high=share_text(proof.high),
        count=share_text(proof.count_hits / proof.n),
    )
    if proof.is_few:
        return words("patrol.proof_few", said=said, least=FEW_TEST_EVENTS)
    return said


def share_text(share: float) -> str:
    """Write a share in per cent without its sign: two digits that mean something, at most one dot.

    0.0004 → `0.04`, 0.0123 → `1.2`, 0.123 → `12`.
    """
    per_cent = 100.0 * share
    if per_cent >= _WHOLE_FROM:
        return f"{per_cent:.0f}"
    return f"{per_cent:.1f}" if per_cent >= _TENTHS_FROM or not per_cent else f"{per_cent:.2g}"


def with_proof(words: Words, text: BriefText, proof: PatrolProof | None) -> BriefText:
    """Add how the ranking would have done as the second note."""
    if not text.notes:
        return text
    return replace(text, notes=(text.notes[0], proof_text(words, proof), *text.notes[1:]))


def rotation_notes(words: Words, brief: Brief) -> tuple[str, ...]:
    """Say why today's round is not yesterday's."""
    turned, n = brief.rotation, len(brief.places)
    if n < 2:  # noqa: PLR2004 - one place has no order
        return ()
    walk = words("patrol.walk_turned", km=f"{brief.shortest_m / 1000:.1f}")
    if not turned.pool:
        return (walk,)
    which = words("patrol.turned", kept=turned.kept, slots=turned.slots, pool=turned.pool)
    return (f"{which}{'' if words.language == 'zh' else ' '}{walk}",)


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
    brief: Brief,
    place: PatrolPlace,
    number: int,
    shown: tuple[Town, datetime, str],
) -> PlaceText:
    """Write one place."""
    (town, now, tz), asked = shown, brief.asked
    count = words(
        "patrol.count_few" if place.is_few else "patrol.count",
        n=whole(place.n_hours),
        all=whole(place.n_all),
        few=FEW,
    )
    if brief.rotation.pool and place.rank > brief.rotation.kept:
        count = words("patrol.count_turn", count=count, rank=place.rank)
    lines = [
        words(
            "patrol.recent",
            month=whole(place.n_hours_28_days),
            year=whole(place.n_hours_365_days),
            last=words("joint.items").join(moment(at, tz) for at in place.latest),
        ),
        near_text(words, place, tz),
        words(
            "patrol.kinds_line",
            kinds=kinds_text(words, place),
            hours=peak_text(words, asked, place),
        ),
        last_stop_text(words, place, brief.stops_since, tz),
        *case_lines(words, place, now),
    ]
    return PlaceText(
        number=number,
        name=place_name(words, town, place),
        count=count,
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
    return words("joint.items").join(
        words("patrol.kind_count", kind=words.label("incident_kind", kind), n=n)
        for kind, n in place.kinds
    )


def peak_text(words: Words, asked: PatrolAsked, place: PatrolPlace) -> str:
    """Name the hours of the shift with the most incidents."""
    return words("joint.items").join(
        words("patrol.peak_hour", hour=f"{hour:02d}", n=n) for hour, n in place.peaks(asked.hours)
    )


def near_text(words: Words, place: PatrolPlace, tz: str) -> str:
    """Say what happened close by in the last two weeks."""
    band = {"reach": round(RECENT_M), "days": RECENT_DAYS}
    if not place.near:
        return words("patrol.near_none", **band)
    last = moment(place.near[-1], tz)
    return words("patrol.near", n=whole(len(place.near)), last=last, **band)


def last_stop_text(words: Words, place: PatrolPlace, since: datetime | None, tz: str) -> str:
    """Say which team was last there, when and for how long; else who was last in the grid.

    Parameters
    ----------
    since
        When the stops that are known begin; None: none is.
    """
    if since is None:
        return words("patrol.last_stop_unheld")
    stop = place.last_stop or place.near_stop
    gap_m = place.stop_gap_m or 0.0
    if stop is None:
        return words("patrol.last_stop_none", since=moment(since, tz)[:10], reach=_REACH)
    minutes = words("patrol.last_stop_unknown")
    if stop.left_at is not None:
        n = round((stop.left_at - stop.arrived_at).total_seconds() / 60)
        minutes = words("patrol.last_stop_minutes", n=n)
    said = words(
        "patrol.last_stop",
        at=moment(stop.arrived_at, tz),
        team=stop.team or words("patrol.last_stop_team"),
        kind=words.label("stop_kind", stop.kind),
        minutes=minutes,
    )
    if place.last_stop is not None:
        is_far = gap_m > STOP_REACH_M / 2
        return words("patrol.last_stop_away", said=said, m=whole(gap_m)) if is_far else said
    return words("patrol.last_stop_grid", since=moment(since, tz)[:10], reach=_REACH,
                 at=moment(stop.arrived_at, tz), team=stop.team or words("patrol.last_stop_team"),
                 kind=words.label("stop_kind", stop.kind), m=whole(gap_m))  # fmt: skip


def case_lines(words: Words, place: PatrolPlace, now: datetime) -> tuple[str, ...]:
    """List what waits at a place, nearest first."""
    if not place.n_cases:
        return (words("patrol.open_none"),)
    first, *others = (case_text(words, case, now) for case in place.cases[:SHOWN_CASES])
    listed = [words("patrol.open_here", n=place.n_cases, first=first)]
    listed += [f"· {other}" for other in others]
    if place.n_cases > len(listed):
        listed.append(words("patrol.more_cases", n=place.n_cases - len(listed)))
    return tuple(listed)


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
