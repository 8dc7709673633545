"""Brief a patrol from the command line: the places of a shift, as a sheet or a phone page."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import click

from dashboard.commands.base import (
    area_key,
    json_option,
    open_database,
    parse_day,
    print_json,
    say,
    standing_day,
    store_option,
    words,
)
from dashboard.text import LANGUAGES, Language, Words
from data.errors import ImportRefused
from data.viewer import LOCAL_STEWARD

_ENDINGS = (".html", ".pdf")
_STOPS_DAYS = timedelta(days=366)
_WHY_LINES = 3
"""Lines of a place that say why it is there: recent counts, near repeats, kinds and peak hours."""
_DAY = timedelta(days=1)


def parse_shift(
    _ctx: click.Context, _option: click.Parameter, text: str | None
) -> tuple[int, int] | None:
    """Read two hours, `20-2`: the first from 0 to 23, the second from 1 to 24."""
    if text is None:
        return None
    first, dash, last = text.partition("-")
    if dash and first.isdecimal() and last.isdecimal():
        hours = int(first), int(last)
        if 0 <= hours[0] <= 23 and 1 <= hours[1] <= 24:  # noqa: PLR2004 - hours of a day
            return hours
    raise click.BadParameter(words("cli_patrol.bad_shift", value=text))


@click.command(help=words("cli.patrol"))
@click.option("--unit", metavar="CODE", help=words("cli_patrol.unit"))
@click.option("--shift", metavar="H-H", default="16-24", show_default=True, callback=parse_shift,
              help=words("cli_patrol.shift"))  # fmt: skip
@click.option("--day", metavar="DATE", callback=parse_day, help=words("cli_patrol.day"))
@click.option("--places", default=5, show_default=True, type=click.IntRange(1, 12),
              help=words("cli_patrol.places"))  # fmt: skip
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False),
              help=words("cli_patrol.out"))  # fmt: skip
@click.option("--language", default=words.language, type=click.Choice(LANGUAGES),
              help=words("cli_prints.language"))  # fmt: skip
@json_option
@store_option
def patrol(  # noqa: PLR0913 - the options of the command, by name
    *,
    unit: str | None,
    shift: tuple[int, int],
    day: date | None,
    places: int,
    out: Path | None,
    language: Language,
    as_json: bool,
    store: str | None,
) -> None:
    """Brief one shift."""
    if out is not None and out.suffix.lower() not in _ENDINGS:
        raise ImportRefused("unknown_file_type", file=out.name, known=", ".join(_ENDINGS))
    said = Words(language)
    database = open_database(store)
    brief, proof, text = _briefed(database, unit, (shift, day, places), said)
    n_bytes = None
    if out is not None:
        made = _page(out, text, said, database.name)
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_bytes(made)
        n_bytes = len(made)
    if as_json:
        print_json(_document((brief, proof), text, out, n_bytes))
        return
    if out is not None:
        say(words("cli_patrol.done", file=out, bytes=n_bytes, n=len(text.places)))
        return
    say(text.heading)
    for place in text.places:
        say(f"{place.number}. {place.name}: {place.count}")
        for line in place.lines[:_WHY_LINES]:
            say(f"   {line}")
    say(text.round if text.places else words("patrol.none"))
    for note in text.notes:
        say(note)


def _briefed(
    database: Any,  # noqa: ANN401 - Database, imported late
    unit: str | None,
    asked_for: tuple[tuple[int, int], date | None, int],
    said: Words,
) -> tuple[Any, Any, Any]:
    """Answer the shift, test its ranking on the past, and put both into words."""
    from dashboard.components.patrol_words import brief_text, with_proof
    from dashboard.viewmodels.patrol import build_brief
    from dashboard.viewmodels.patrol_phones import duty_phones
    from dashboard.viewmodels.patrol_proof import prove_brief
    from dashboard.viewmodels.patrol_values import Ground, PatrolAsked
    from dashboard.viewmodels.town import load_town
    from data.counting import place_layers
    from data.repositories.figures import store_tz
    from data.repositories.registers import patrol_stops, patrol_targets

    (start, end), day, places = asked_for
    with database.read() as session:
        on = day or standing_day(session)
        tz = store_tz(session)
        town = load_town(session, LOCAL_STEWARD, as_of=on)
        area = area_key(town, unit)
        placed = place_layers(session, LOCAL_STEWARD, on, as_of=on.isoformat(), tz=tz)
        since, until = on - _STOPS_DAYS, on + _DAY
        ground = Ground(
            town,
            placed,
            patrol_stops(session, LOCAL_STEWARD, since=since, until=until),
            patrol_targets(session, LOCAL_STEWARD),
        )
        asked = replace(PatrolAsked(area, start, end, on), places=places)
        brief = build_brief(session, LOCAL_STEWARD, ground, asked, tz=tz)
        proof = prove_brief(session, ground, asked, len(brief.places), tz=tz)
        codes = frozenset(place.grid_code for place in brief.places)
        phones = duty_phones(session, LOCAL_STEWARD, town, codes)
    now = datetime.combine(on, time(start), ZoneInfo(tz)).astimezone(UTC)
    text = brief_text(said, brief, town, now=now, tz=tz, phones=phones)
    return brief, proof, with_proof(said, text, proof)


def _page(out: Path, text: Any, said: Words, store: str) -> bytes:  # noqa: ANN401 - BriefText, imported late
    from dashboard.components.formats import moment
    from dashboard.components.patrol_words import phone_page
    from dashboard.printing.page import Imprint
    from dashboard.printing.patrol_phone import patrol_phone
    from dashboard.printing.patrol_sheet import patrol_sheet

    now = datetime.now(UTC)
    if out.suffix.lower() == ".html":
        return patrol_phone(text, phone_page(said, store, moment(now)))
    imprint = Imprint(
        title=f"{text.title} {text.heading}",
        language=said.language,
        foot=said("patrol.foot", store=store),
        page_text=said("patrol.page_of", page="{page}", pages="{pages}"),
        made_at=now,
    )
    return patrol_sheet(text, imprint)


def _document(
    found: tuple[Any, Any],  # Brief and PatrolProof, imported late
    text: Any,  # noqa: ANN401 - BriefText, imported late
    out: Path | None,
    n_bytes: int | None,
) -> dict[str, Any]:
    brief, proof = found
    asked = brief.asked
    return {
        "unit": brief.area.code if brief.area else None,
        "day": asked.day,
        "hours": [asked.start_hour, asked.end_hour],
        "ranked_by": _ranked_by(brief),
        "places": [
            _place(asked, place, written)
            for place, written in zip(brief.places, text.places, strict=True)
        ],
        "backtest": _backtest(proof),
        "order": list(text.order),
        "walk_m": round(brief.walk_m),
        "shortest_m": round(brief.shortest_m),
        "kept": brief.rotation.kept,
        "pool": brief.rotation.pool,
        "stops_since": brief.stops_since,
        "targets_due": len(brief.targets_due),
        "file": str(out) if out else None,
        "bytes": n_bytes,
    }


def _ranked_by(brief: Any) -> dict[str, Any]:  # noqa: ANN401 - Brief, imported late
    from geo.hotspots.options import LIGHT_BANDWIDTH_M, LIGHT_SHARE, RECOMMENDED

    return {
        "method": RECOMMENDED.value,
        "bandwidth_m": LIGHT_BANDWIDTH_M,
        "light_share": LIGHT_SHARE,
        "since": brief.first_at,
        "n": brief.n_ranked,
        "n_in_hours": brief.n_in_hours,
        "channel_stated": brief.is_stated,
        "left_out": {
            "no_hour": brief.n_unclocked,
            "discovered": brief.n_discovered,
            "proactive": brief.n_proactive,
            "unknown_channel": brief.n_unknown,
            "unlocated": brief.n_unlocated,
        },
    }


def _place(asked: Any, place: Any, written: Any) -> dict[str, Any]:  # noqa: ANN401 - imported late
    from dashboard.viewmodels.patrol_values import RECENT_DAYS, RECENT_M

    return {
        "number": written.number,
        "rank": place.rank,
        "lon": round(place.lon, 6),
        "lat": round(place.lat, 6),
        "grid": place.grid_code or None,
        "street": place.street or None,
        "score": round(place.score, 3),
        "n_hours": place.n_hours,
        "n_hours_28_days": place.n_hours_28_days,
        "n_hours_365_days": place.n_hours_365_days,
        "n_all": place.n_all,
        "kinds": dict(place.kinds),
        "peak_hours": [{"hour": hour, "n": n} for hour, n in place.peaks(asked.hours)],
        "latest_at": list(place.latest),
        "near_repeats": {
            "n": len(place.near),
            "days": RECENT_DAYS,
            "within_m": RECENT_M,
            "last_at": place.near[-1] if place.near else None,
        },
        "open_cases": place.n_cases,
        "last_stop_at": place.last_stop.arrived_at if place.last_stop else None,
        "phones": [phone.number for phone in written.phones],
        "why": list(written.lines[:_WHY_LINES]),
    }


def _backtest(proof: Any) -> dict[str, Any] | None:  # noqa: ANN401 - PatrolProof, imported late
    if proof is None:
        return None
    return {
        "months": proof.months,
        "places": proof.places,
        "area_pct": 100.0 * proof.area_share,
        "n": proof.n,
        "hits": proof.hits,
        "hit_rate": proof.rate,
        "low": proof.low,
        "high": proof.high,
        "count_hit_rate": proof.count_hits / proof.n,
        "random_hit_rate": proof.area_share,
        "few_test_events": proof.is_few,
    }
