"""Say which units have their posts filled, how far those posts reach, and where the gaps are."""

from datetime import date, datetime
from typing import Any

import click

from dashboard.commands.base import (
    events_options,
    in_zone,
    json_option,
    network_option,
    open_database,
    parse_moment,
    print_json,
    say,
    standing_day,
    store_option,
    today,
    words,
)
from data.errors import RecordNotFound
from data.viewer import LOCAL_STEWARD

DEFAULT_WITHIN_M = 1000.0
"""Asked when neither metres nor minutes are: 15 minutes on foot."""
SHOWN_GAPS = 20
THINGS = ("incidents", "hazards", "households")


@click.command(help=words("cli.coverage"))
@click.option("--as-of", default=None, help=words("cli.option_as_of_day"))
@click.option(
    "--level",
    default="community",
    type=click.Choice(["community", "grid"]),
    show_default=True,
    help=words("cli.option_level"),
)
@click.option("--within-m", type=float, metavar="D", help=words("reach.option_within"))
@click.option("--minutes", type=float, metavar="T", help=words("reach.option_minutes"))
@click.option("--speed-kmh", type=float, metavar="V", help=words("reach.option_speed"))
@network_option
@click.option("--on-duty-at", callback=parse_moment, help=words("reach.option_on_duty"))
@events_options
@click.option(
    "--channel",
    default="reported",
    type=click.Choice(["reported", "all"]),
    show_default=True,
    help=words("reach.option_channel"),
)
@json_option
@store_option
def coverage(  # noqa: PLR0913 - one parameter for each option
    *,
    as_of: str | None,
    level: str,
    within_m: float | None,
    minutes: float | None,
    speed_kmh: float | None,
    network: str,
    on_duty_at: datetime | None,
    kinds: tuple[str, ...],
    since: datetime | None,
    until: datetime | None,
    channel: str,
    as_json: bool,
    store: str | None,
) -> None:
    """Say which units have their posts filled, and how far those posts reach."""
    from data.analysis.coverage import CoverageQuestion, coverage_of
    from data.analysis.coverage_layers import HOTSPOT_CHANNELS
    from data.kpi import BEAT_POSITIONS, MEMBER_POSITIONS
    from data.repositories.figures import store_tz
    from data.repositories.people import coverage as cover
    from geo.coverage.within import WALKING_KMH

    database = open_database(store)
    chosen = BEAT_POSITIONS if level == "community" else MEMBER_POSITIONS
    positions = tuple(position.value for position in chosen)
    with database.read() as session:
        day = standing_day(session) if as_of is None else _day_of(as_of)
        tz = store_tz(session)
        filled = cover(session, LOCAL_STEWARD, level=level, positions=positions, as_of=day)
    is_asked = within_m is not None or minutes is not None
    question = CoverageQuestion(
        as_of=day,
        within_m=within_m if is_asked else DEFAULT_WITHIN_M,
        minutes=minutes,
        speed_kmh=speed_kmh or WALKING_KMH,
        network=network,
        positions=positions,
        on_duty_at=in_zone(on_duty_at, tz),
        since=in_zone(since, tz),
        until=in_zone(until, tz),
        kinds=kinds,
        channel_groups=HOTSPOT_CHANNELS if channel == "reported" else (),
    )
    try:
        reached = coverage_of(database, LOCAL_STEWARD, question)
    except RecordNotFound as error:
        if is_asked or network != "straight" or error.code != "no_grids_for_reach":
            raise
        reached = None
    if as_json:
        print_json(filled.as_json() | reach_document(reached))
        return
    _say_filled(filled)
    if reached is not None:
        _say_reach(reached)


def _day_of(as_of: str) -> date:
    if as_of == "today":
        return today()
    try:
        return date.fromisoformat(as_of)
    except ValueError as error:
        raise click.BadParameter(words("cli.bad_as_of", value=as_of)) from error


def _say_filled(found: Any) -> None:  # noqa: ANN401 - Coverage, imported late
    share = "—" if found.share is None else f"{100 * found.share:.2f} %"
    say(words("coverage.line", covered=found.covered, units=found.units, share=share))
    for gap in found.gaps:
        reason = words("coverage.on_leave" if gap.on_leave else "coverage.gap")
        say(f"{reason}\t{gap.code}\t{gap.name}")


def _percent(share: float | None) -> str:
    return "—" if share is None else f"{100 * share:.1f} %"


def _say_reach(found: Any) -> None:  # noqa: ANN401 - CoverageAnswer, imported late
    question, posts = found.question, found.posts
    way = words(f"reach.network_{question.network}")
    say(words("reach.line", metres=f"{found.reach_m:,.0f}", way=way, posts=len(posts.at_work)))
    if question.minutes is not None:
        say(words("reach.speed", minutes=f"{question.minutes:g}", speed=f"{question.speed_kmh:g}"))
    if posts.on_shift is not None:
        say(words("reach.on_shift", on_shift=posts.on_shift, filled=posts.filled))
    if posts.derived or posts.without_place:
        say(words("reach.posts_placed", derived=posts.derived, nowhere=posts.without_place))
    for name in THINGS:
        share = getattr(found, name)
        facts = {"within": f"{share.within:,.0f}", "total": f"{share.total:,.0f}"}
        say(words(f"reach.{name}", share=_percent(share.share), **facts))
    say(words(f"reach.basis_{found.households.basis}"))
    _say_extent(found)
    none, one, two, more = found.overlap
    say(words("reach.overlap", none=none, one=one, two=two, more=more))
    _say_gaps(found)


def _say_extent(found: Any) -> None:  # noqa: ANN401 - CoverageAnswer, imported late
    if found.area is not None:
        facts = {
            "within": f"{found.area.within / 1e6:,.3f}",
            "total": f"{found.area.total / 1e6:,.3f}",
        }
        say(words("reach.area", share=_percent(found.area.share), **facts))
    if found.streets is not None:
        streets = found.streets
        facts = {
            "within": f"{streets['within_m'] / 1000:,.1f}",
            "total": f"{streets['total_m'] / 1000:,.1f}",
            "parts": streets["parts"],
        }
        say(words("reach.streets", **facts))
        say(words("reach.cut_off", off=streets["off_street"], cut=streets["cut_off"]))


def _say_gaps(found: Any) -> None:  # noqa: ANN401 - CoverageAnswer, imported late
    if any(found.beyond_grids.values()):
        outside = {name: f"{found.beyond_grids.get(name, 0.0):,.0f}" for name in THINGS}
        say(words("reach.beyond_grids", **outside))
    if found.gaps.empty:
        say(words("reach.no_gaps"))
        return
    say(words("reach.gaps"))
    for row in found.gaps.head(SHOWN_GAPS).to_dict("records"):
        counts = "\t".join(f"{row[name]:,.0f}" for name in THINGS)
        say(f"{row['rank']}\t{row['code']}\t{row['name']}\t{counts}")
    if len(found.gaps) > SHOWN_GAPS:
        say(words("reach.more_gaps", more=len(found.gaps) - SHOWN_GAPS))


def reach_document(found: Any) -> dict[str, Any]:  # noqa: ANN401 - CoverageAnswer or None
    """Give the keys of `gridbeat coverage --json` that speak of distances."""
    document: dict[str, Any] = {"within_m": None, "minutes": None, "speed_kmh": None}
    document |= {"network": None, "posts": None}
    for name in THINGS:
        document |= {f"{name}_within": None, f"{name}_total": None, f"{name}_share": None}
        document |= {f"{name}_unlocated": None}
    document |= {"households_basis": None, "area_within_m2": None, "area_m2": None}
    document |= {"area_share": None, "area_error_m2": None, "crs": None}
    document |= {
        "reach_gaps": [],
        "reach_gaps_outside": {},
        "nearest": [],
        "overlap": [],
        "streets": None,
    }
    if found is None:
        return document
    question, posts = found.question, found.posts
    document |= {
        "within_m": found.reach_m,
        "minutes": question.minutes,
        "speed_kmh": question.speed_kmh if question.minutes is not None else None,
        "network": question.network,
        "crs": found.crs,
        "posts": {
            "total": posts.total,
            "filled": posts.filled,
            "on_shift": posts.on_shift,
            "at_work": len(posts.at_work),
            "derived": posts.derived,
            "without_place": posts.without_place,
        },
        "households_basis": found.households.basis,
        "reach_gaps": found.gaps.to_dict("records"),
        "reach_gaps_outside": found.beyond_grids,
        "nearest": found.nearest.to_dict("records"),
        "overlap": list(found.overlap),
        "streets": found.streets,
    }
    for name in THINGS:
        share = getattr(found, name)
        is_count = share.basis == "points"
        document[f"{name}_within"] = int(share.within) if is_count else float(share.within)
        document[f"{name}_total"] = int(share.total) if is_count else float(share.total)
        document |= {f"{name}_share": share.share, f"{name}_unlocated": share.unlocated}
    if found.area is not None:
        document |= {"area_within_m2": found.area.within, "area_m2": found.area.total}
        document |= {"area_share": found.area.share, "area_error_m2": found.area_error_m2}
    return document
