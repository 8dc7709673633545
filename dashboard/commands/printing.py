"""Print: the bulletin of a place, and contact cards."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import click

from dashboard.commands.base import (
    area_key,
    json_option,
    open_database,
    parse_day,
    print_json,
    say,
    store_option,
    words,
)
from dashboard.text import LANGUAGES, Language, Words
from data.errors import ImportRefused
from data.viewer import LOCAL_STEWARD

BOTH = "both"
INTERNAL, PUBLIC = "internal", "public"
_ENDINGS = (".pdf", ".xlsx")
_DAY = timedelta(days=1)


@click.command(help=words("cli.bulletin"))
@click.option("--unit", metavar="CODE", help=words("cli_prints.unit"))
@click.option("--from", "since_on", required=True, metavar="DATE", callback=parse_day,
              help=words("cli_prints.since"))  # fmt: skip
@click.option("--to", "last_on", required=True, metavar="DATE", callback=parse_day,
              help=words("cli_prints.until"))  # fmt: skip
@click.option("--out", required=True, type=click.Path(path_type=Path, dir_okay=False),
              help=words("cli_prints.out"))  # fmt: skip
@click.option("--language", default=words.language, type=click.Choice(LANGUAGES),
              help=words("cli_prints.language"))  # fmt: skip
@click.option("--level", default=INTERNAL, type=click.Choice([INTERNAL, PUBLIC]), show_default=True,
              help=words("cli_prints.level"))  # fmt: skip
@json_option
@store_option
def bulletin(  # noqa: PLR0913 - the options of the command, by name
    *,
    unit: str | None,
    since_on: date,
    last_on: date,
    out: Path,
    language: Language,
    level: str,
    as_json: bool,
    store: str | None,
) -> None:
    """Make one bulletin, or its public version."""
    if out.suffix.lower() not in _ENDINGS:
        raise ImportRefused("unknown_file_type", file=out.name, known=", ".join(_ENDINGS))
    said, is_public = Words(language), level == PUBLIC
    town, placed, asked = _gathered(open_database(store), unit, (since_on, last_on + _DAY), said)
    make = _public if is_public else _internal
    made, told = make((town, placed, asked), said, out.suffix.lower())
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_bytes(made)
    if as_json:
        print_json({"file": str(out), "bytes": len(made), **told})
    elif is_public:
        facts = {"rows": len(told["communities"]), "withheld": told["withheld"]}
        say(words("public_bulletin.done", file=out, bytes=len(made), **facts))
    else:
        say(words("cli_prints.bulletin_done", file=out, bytes=len(made)))


def _internal(gathered: Any, said: Words, ending: str) -> tuple[bytes, dict[str, Any]]:  # noqa: ANN401 - as `_gathered` gives it
    from dashboard.printing.bulletin_pdf import bulletin_pdf
    from dashboard.printing.bulletin_xlsx import bulletin_xlsx
    from dashboard.viewmodels.bulletin import build_bulletin

    counted = build_bulletin(*gathered)
    figure = counted.incidents
    told = {
        "unit": counted.code or None,
        "incidents": figure.numerator,
        "year_before": figure.denominator,
        "change": figure.value,
        "low": figure.low,
        "high": figure.high,
        "imprecise": counted.imprecise,
        "imprecise_cases": counted.imprecise_cases,
        "hazards_open": counted.hazards.still_open,
        "disputes_open": counted.disputes.still_open,
    }
    return (bulletin_pdf if ending == ".pdf" else bulletin_xlsx)(counted, said), told


def _public(gathered: Any, said: Words, ending: str) -> tuple[bytes, dict[str, Any]]:  # noqa: ANN401 - as `_gathered` gives it
    from dashboard.printing.public_bulletin_pdf import public_bulletin_pdf
    from dashboard.printing.public_bulletin_xlsx import public_bulletin_xlsx
    from dashboard.viewmodels.public_bulletin import build_public_bulletin

    counted = build_public_bulletin(*gathered)
    told = {
        "unit": counted.code or None,
        "communities": [
            {"code": row.code, "incidents": row.now, "year_before": row.before}
            for row in counted.rows
        ],
        "withheld": counted.withheld,
        "imprecise": counted.imprecise,
    }
    return (public_bulletin_pdf if ending == ".pdf" else public_bulletin_xlsx)(counted, said), told


@click.command("contact-card", help=words("cli.contact-card"))
@click.option("--unit", "units", multiple=True, metavar="CODE", help=words("cli_prints.unit_card"))
@click.option("--out", required=True, type=click.Path(path_type=Path, dir_okay=False),
              help=words("cli_prints.out"))  # fmt: skip
@click.option("--paper", default="A5", type=click.Choice(["A5", "A4"]), show_default=True,
              help=words("cli_prints.paper"))  # fmt: skip
@click.option("--language", default=BOTH, type=click.Choice([*LANGUAGES, BOTH]), show_default=True,
              help=words("cli_prints.language"))  # fmt: skip
@click.option("--as-of", metavar="DATE", callback=parse_day, help=words("cli_prints.as_of"))
@click.option("--qr-address", metavar="URL", help=words("cli_prints.address"))
@json_option
@store_option
def contact_card(  # noqa: PLR0913 - the options of the command, by name
    *,
    units: tuple[str, ...],
    out: Path,
    paper: Any,  # noqa: ANN401 - click has checked it
    language: str,
    as_of: date | None,
    qr_address: str | None,
    as_json: bool,
    store: str | None,
) -> None:
    """Print contact cards."""
    from dashboard.printing.contact_card import CardPrint, contact_cards_pdf
    from dashboard.viewmodels.contact import build_cards, without_phone
    from data.repositories.places import today_here

    if out.suffix.lower() != ".pdf":
        raise ImportRefused("unknown_file_type", file=out.name, known=".pdf")
    day = as_of or today_here()
    with open_database(store).read() as session:
        cards = build_cards(session, LOCAL_STEWARD, as_of=day, codes=units, address=qr_address)
        scenario = _scenario(session)
    first = words.language if language == BOTH else language
    codes = [first, *(code for code in LANGUAGES if language == BOTH and code != first)]
    said = [Words(code) for code in LANGUAGES if code in codes]
    said.sort(key=lambda one: codes.index(one.language))
    name = said[0].label("scenario", scenario) if scenario else ""
    made = contact_cards_pdf(cards, CardPrint(said, day, datetime.now(UTC), paper, name))
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_bytes(made)
    blank = len(without_phone(cards))
    if as_json:
        print_json({"file": str(out), "bytes": len(made), "cards": len(cards), "blank": blank})
        return
    say(words("cli_prints.cards_done", n=len(cards), file=out, bytes=len(made), blank=blank))


def _gathered(
    database: Any,  # noqa: ANN401 - Database, imported late
    unit: str | None,
    span: tuple[date, date],
    said: Words,
) -> tuple[Any, Any, Any]:
    """Read what the bulletin of a code stands on: a community's or a subdistrict's."""
    from dashboard.viewmodels.bulletin import BulletinAsked
    from dashboard.viewmodels.town import load_town
    from data.counting import place_layers
    from data.repositories.figures import store_tz
    from data.repositories.places import today_here

    today = today_here()
    with database.read() as session:
        town = load_town(session, LOCAL_STEWARD, as_of=today)
        area = area_key(town, unit)
        tz = store_tz(session)
        placed = place_layers(session, LOCAL_STEWARD, today, tz=tz)
        scenario = _scenario(session)
    asked = BulletinAsked(
        area=area,
        since_on=span[0],
        until_on=span[1],
        now=datetime.now(UTC),
        tz=tz,
        printed_by=LOCAL_STEWARD.name,
        scenario=said.label("scenario", scenario) if scenario else "",
    )
    return town, placed, asked


def _scenario(session: Any) -> str:  # noqa: ANN401 - Session, imported late
    from data.repositories.figures import settings

    return str(settings(session).get("scenario") or "")
