"""Say where posts should stand."""

from datetime import date
from pathlib import Path
from typing import Any

import click

from dashboard.commands.base import (
    events_options,
    in_zone,
    json_option,
    network_option,
    open_database,
    parse_day,
    print_json,
    say,
    standing_day,
    store_option,
    words,
)
from data.config import DEFAULT_TZ
from data.viewer import LOCAL_STEWARD

FILE = click.Path(path_type=Path)


@click.command(help=words("cli.site"))
@click.option("--posts", type=int, metavar="P", required=True, help=words("site.option_posts"))
@click.option(
    "--within-m", type=float, metavar="D", required=True, help=words("site.option_within")
)
@click.option(
    "--objective",
    default="cover",
    type=click.Choice(["cover", "nearest"]),
    show_default=True,
    help=words("site.option_objective"),
)
@click.option(
    "--solver",
    default="exact",
    type=click.Choice(["exact", "greedy"]),
    show_default=True,
    help=words("site.option_solver"),
)
@click.option("--demand", type=FILE, metavar="FILE", help=words("site.option_demand"))
@click.option("--weight", metavar="COL", help=words("site.option_weight"))
@click.option("--sites", type=FILE, metavar="FILE", help=words("site.option_sites"))
@click.option("--name", metavar="COL", help=words("site.option_name"))
@click.option("--distances", type=FILE, metavar="FILE", help=words("site.option_distances"))
@click.option("--lon", metavar="COL", help=words("cli.option_lon"))
@click.option("--lat", metavar="COL", help=words("cli.option_lat"))
@click.option(
    "--layer",
    default="incidents",
    type=click.Choice(["incidents", "hazards", "households"]),
    show_default=True,
    help=words("site.option_layer"),
)
@events_options
@click.option("--as-of", callback=parse_day, help=words("cli.option_as_of_day"))
@click.option("--keep-posts", is_flag=True, help=words("site.option_keep"))
@network_option
@click.option(
    "--time-limit-s", type=float, default=60.0, show_default=True, help=words("site.option_time")
)
@json_option
@store_option
def site(  # noqa: PLR0913 - one parameter for each option
    *,
    demand: Path | None,
    weight: str | None,
    sites: Path | None,
    name: str | None,
    distances: Path | None,
    lon: str | None,
    lat: str | None,
    as_json: bool,
    store: str | None,
    **asked: Any,  # noqa: ANN401 - the options of the question, by click
) -> None:
    """Choose where posts cover most, or are nearest."""
    from dashboard.commands.site_files import demand_of, matrix_of, read_sheet, sites_of
    from data.analysis.siting import site_of, site_of_tables

    if (demand is not None and sites is None) or (distances is not None and demand is None):
        raise click.UsageError(words("site.files_together"))
    places = None
    if sites is not None:
        places = sites_of(read_sheet(sites), lon, lat, name, needs_place=distances is None)
    if demand is None:
        database = open_database(store)
        found = site_of(database, LOCAL_STEWARD, _question(database, asked), places)
    elif places is not None:
        sheet = read_sheet(demand)
        named = weight or _asked_weight(sheet)
        rows = demand_of(sheet, lon, lat, named, needs_place=distances is None)
        matrix = None
        if distances is not None:
            matrix = matrix_of(read_sheet(distances), sheet, places.names)
        found = site_of_tables(_question(None, asked), rows, places, matrix)
    if as_json:
        print_json(site_document(found))
        return
    _say_sites(found, asked["within_m"])


def _asked_weight(sheet: Any) -> str | None:  # noqa: ANN401 - Sheet, imported late
    """Ask for the weight column where somebody sits at a terminal; else the usual names count."""
    import sys

    from dashboard.commands.site_files import usual_names

    known = {str(column).strip().casefold() for column in sheet.frame.columns}
    if known & set(usual_names("weight")) or not sys.stdin.isatty():
        return None
    columns = [str(column) for column in sheet.frame.columns]
    answer: str = click.prompt(words("site.ask_weight"), type=click.Choice(columns), err=True)
    return answer


def _question(database: Any, asked: dict[str, Any]) -> Any:  # noqa: ANN401 - imported late
    from data.analysis.siting import SiteQuestion
    from data.repositories.figures import store_tz

    day, tz = asked["as_of"], DEFAULT_TZ
    if database is not None:
        with database.read() as session:
            day = day or standing_day(session)
            tz = store_tz(session)
    return SiteQuestion(
        posts=asked["posts"],
        within_m=asked["within_m"],
        as_of=day or date.min,
        objective=asked["objective"],
        solver=asked["solver"],
        demand=asked["layer"],
        since=in_zone(asked["since"], tz),
        until=in_zone(asked["until"], tz),
        kinds=asked["kinds"],
        keep_posts=asked["keep_posts"],
        network=asked["network"],
        time_limit_s=asked["time_limit_s"],
    )


def site_document(found: Any) -> dict[str, Any]:  # noqa: ANN401 - SiteAnswer, imported late
    """Give the document of `gridbeat site --json`."""
    siting = found.siting
    return {
        "chosen": list(siting.chosen),
        "covered": siting.covered,
        "total": siting.total,
        "share": siting.share,
        "method": siting.method,
        "objective": siting.objective,
        "optimal": siting.optimal,
        "gap": siting.gap,
        "ties": siting.ties,
        "mean_distance_m": siting.mean_distance_m,
        "unlocated": siting.unlocated,
        "demand_rows": found.demand_rows,
        "site_rows": found.site_rows,
        "demand_cell_m": found.demand_cell_m,
        "sites": [
            {"code": s.code, "name": s.name, "lon": s.lon, "lat": s.lat, "source": s.source}
            for s in found.chosen
        ],
    }


def _say_sites(found: Any, within_m: float) -> None:  # noqa: ANN401 - SiteAnswer, imported late
    siting = found.siting
    share = "—" if siting.share is None else f"{100 * siting.share:.1f} %"
    facts = {"covered": f"{siting.covered:,.0f}", "total": f"{siting.total:,.0f}", "share": share}
    say(words("site.line", posts=len(siting.chosen), metres=f"{within_m:g}", **facts))
    if siting.mean_distance_m is not None:
        say(words("site.mean", metres=f"{siting.mean_distance_m:,.0f}"))
    if siting.method == "greedy":
        say(words("site.greedy"))
    elif siting.optimal:
        say(words("site.optimal"))
        say(words(f"site.ties_{siting.ties}"))
    else:
        say(words("site.not_optimal", gap=f"{100 * (siting.gap or 0.0):.2f} %"))
    if siting.unlocated:
        say(words("site.unlocated", weight=f"{siting.unlocated:,.0f}"))
    if found.demand_cell_m is not None:
        say(words("site.gathered", metres=f"{found.demand_cell_m:g}", rows=found.demand_rows))
    for place in found.chosen:
        spot = "" if place.lon is None else f"\t{place.lon:.6f}\t{place.lat:.6f}"
        say(f"{place.code}\t{place.name}\t{words(f'site.source_{place.source}')}{spot}")
