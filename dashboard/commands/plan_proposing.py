"""Ask for proposals from the command line, and make a draft of the one that is taken.

Used by `dashboard.commands.plans`. A progress bar stands on standard error where that is a
terminal; Ctrl-C stops the search and gives the best so far.
"""

import signal
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any

import click

from dashboard.commands.base import (
    Progress,
    events_options,
    in_zone,
    open_database,
    print_json,
    say,
    standing_day,
    words,
)
from dashboard.commands.plan_desk import (
    acting,
    author_option,
    in_words,
    moment_now,
    name_option,
    note_option,
    plan_document,
    plan_opened,
    plan_options,
)
from data.errors import RecordNotFound
from data.viewer import LOCAL_STEWARD

AIMS = ("fewest_changes", "best_balance", "most_compact")
_HUNDRED = 100


@click.command(help=words("plan_cli.propose"))
@plan_options(
    click.option("--goal", type=click.Choice(["balance", "regroup"]), default="balance",
                 show_default=True, help=words("plan_cli.option_goal")),
    click.option("--area", metavar="CODE", help=words("plan_cli.option_propose_area")),
    click.option("--codes", metavar="CODE,…", help=words("plan_cli.option_codes")),
    click.option("--into", type=click.IntRange(1), metavar="N", help=words("plan_cli.option_into")),
    click.option("--measure", type=click.Choice(["load", "households", "residents"]),
                 default="load", show_default=True, help=words("plan_cli.option_measure")),
    click.option("--take", type=click.Choice(AIMS), help=words("plan_cli.option_take")),
    name_option,
    note_option,
    author_option,
    click.option("--time-limit-s", type=click.FloatRange(0, min_open=True),
                 help=words("plan_cli.option_time_limit")),
    click.option("--seed", type=int, default=0, show_default=True,
                 help=words("plan_cli.option_seed")),
    events_options,
)  # fmt: skip
def propose(
    *,
    plan: str,
    take: str | None,
    as_json: bool,
    store: str | None,
    **asked: Any,  # noqa: ANN401 - by click
) -> None:
    """Offer three divisions; the one that is taken becomes a draft of its own."""
    from geo.districting.proposals import propose as search

    if asked["goal"] == "regroup" and asked["into"] is None:
        raise click.UsageError(words("plan_cli.into_needed"))
    if asked["goal"] == "regroup" and not (asked["codes"] or asked["area"]):
        raise click.UsageError(words("plan_cli.codes_needed"))
    database = open_database(store)
    with database.read() as session, in_words():
        opened, atoms, goal, options = _task(session, plan, asked)
    with watched() as progress:
        found = search(atoms, atoms.grids, goal, options, progress)
    draft, edits = None, 0
    if take is not None:
        chosen = next(each for each in found if each.aim == take)
        with in_words():
            draft, edits = _drafted(database, opened, (atoms, chosen), asked)
    document = {
        **plan_document(opened.plan),
        "goal": asked["goal"],
        "codes": sorted(set(atoms.grids)),
        "measure": asked["measure"],
        "atoms": len(atoms),
        "estimated": sorted(atoms.estimated),
        "proposals": [_proposal(each, atoms) for each in found],
        "draft": None if draft is None else plan_document(draft),
        "edits": edits,
    }
    if as_json:
        print_json(document)
        return
    _say_proposals(found, asked["measure"], document["estimated"])
    if draft is not None:
        say(words("plan_cli.drafted", plan=draft.id, name=draft.name, edits=edits))


def _task(session: Any, plan: str, asked: dict[str, Any]) -> tuple[Any, Any, Any, Any]:  # noqa: ANN401 - imported late
    """Read what a search needs: the plan, its atoms, the goal, what to keep to."""
    from data.analysis.plan_figures import read_ground
    from data.analysis.plan_points import PlanPeriod, PlanQuestion, read_points
    from data.analysis.plan_proposing import new_codes, plan_atoms
    from data.repositories.figures import store_tz
    from geo.districting.goals import ProposalOptions, Rebalance, Regroup

    opened = plan_opened(session, plan)
    tiling, tz, day = opened.tiling, store_tz(session), standing_day(session)
    codes = _codes(session, tiling, asked)
    period = PlanPeriod("asked", in_zone(asked["since"], tz), in_zone(asked["until"], tz))
    question = PlanQuestion(day, (period,), asked["kinds"], tz=tz)
    ground = read_ground(session, LOCAL_STEWARD, tiling.frame(), as_of=day)
    points = read_points(session, LOCAL_STEWARD, question)
    atoms = plan_atoms(session, LOCAL_STEWARD, tiling, codes, (points, ground))
    goal: Any = Rebalance(())
    if asked["goal"] == "regroup":
        more = max(0, asked["into"] - len(codes))
        parent = tiling.parents.get(codes[0], "")
        goal = Regroup(codes, asked["into"], new_codes(tiling, parent, more))
    options = ProposalOptions(
        measure=asked["measure"],
        bands=ground.bands,
        locked=tiling.locked & set(codes),
        seed=asked["seed"],
        time_limit_s=asked["time_limit_s"],
    )
    return opened, atoms, goal, options


def _codes(session: Any, tiling: Any, asked: dict[str, Any]) -> tuple[str, ...]:  # noqa: ANN401 - imported late
    """Give the grids that are asked about: named ones, those of an area, else all.

    Raises
    ------
    RecordNotFound
        `plan_grids_unknown` (field `codes`); `plan_scope_unknown`.
    """
    from data.repositories.plan_bases import LATEST, full_sight, grids_on

    if asked["codes"]:
        named = tuple(dict.fromkeys(c.strip() for c in asked["codes"].split(",") if c.strip()))
        unknown = [code for code in named if code not in tiling]
        if unknown or not named:
            raise RecordNotFound("plan_grids_unknown", codes=unknown or ["—"])
        return named
    area = asked["area"]
    if area is None:
        return tuple(tiling.codes)
    own = tuple(code for code in tiling.codes if tiling.parents.get(code) == area)
    if own:
        return own
    latest = grids_on(session, full_sight(LOCAL_STEWARD), as_of=LATEST, scope_code=area)
    found = tuple(grid.code for grid in latest if grid.code in tiling)
    if not found:
        raise RecordNotFound("plan_scope_unknown", scope=area)
    return found


@contextmanager
def watched() -> Generator[Any]:
    """Show progress; Ctrl-C asks the search to stop with its best so far."""
    bar, is_stopped = Progress(words("plan_cli.searching")), []

    def stop(_number: int, _frame: object) -> None:
        is_stopped.append(True)

    def told(share: float) -> bool:
        bar(int(share * _HUNDRED), _HUNDRED)
        return not is_stopped

    former = signal.signal(signal.SIGINT, stop)
    try:
        yield told
    finally:
        signal.signal(signal.SIGINT, former)


def _drafted(
    database: Any,  # noqa: ANN401 - Database, imported late
    opened: Any,  # noqa: ANN401 - OpenPlan, imported late
    chosen: tuple[Any, Any],
    asked: dict[str, Any],
) -> tuple[Any, int]:
    """Begin a copy of the plan and draw the proposal on it, edit by edit."""
    from data.analysis.plan_proposing import edits_of
    from data.planning.drawing import draw
    from data.planning.opening import Begin, FromPlan, begin_plan, edit_options
    from data.repositories.plan_writes import Turn

    atoms, proposal = chosen
    viewer, now = acting(asked["author"]), moment_now(database)
    with database.read() as session:
        options = edit_options(session, viewer)
    edits, how = edits_of(opened.tiling, atoms, proposal, options)
    aim = words.label("proposal.aim", proposal.aim)
    name = asked["name"] or words("plan_cli.draft_name", name=opened.plan.name, aim=aim)
    made = begin_plan(
        database, viewer, FromPlan(opened.plan.id), Begin(name, now, note=asked["note"])
    )
    at_hand = None
    for edit in edits:
        turn = Turn(made.id, made.version, now)
        at_hand = draw(database, viewer, turn, edit, options=how, opened=at_hand).opened
        made = at_hand.plan
    return made, len(edits)


def _proposal(each: Any, atoms: Any) -> dict[str, Any]:  # noqa: ANN401 - Proposal, Atoms
    merit = each.merit
    return {
        "aim": each.aim,
        "method": each.method,
        "is_optimal": each.is_optimal,
        "is_finished": each.is_finished,
        "same_as": each.same_as,
        "merit": {**asdict(merit), "gap": merit.gap},
        "before": asdict(each.before),
        "after": asdict(each.after),
        "transfers": len(each.transfers(atoms.grids)),
        "seed": each.seed,
    }


def _say_proposals(found: Any, measure: str, estimated: list[str]) -> None:  # noqa: ANN401 - proposals
    for each in found:
        say(words.label("proposal.aim", each.aim))
        if each.same_as:
            other = words.label("proposal.aim", each.same_as)
            say("  " + words("proposal.same_as", other=other))
            continue
        if each.method == "start":
            say("  " + words("proposal.unchanged"))
        before, after = each.before, each.after
        say(
            "  "
            + words(
                "plan_cli.proposal",
                measure=words.label("plan_balance", measure),
                before=f"{100 * before.max_deviation:.1f} %",
                after=f"{100 * after.max_deviation:.1f} %",
                changed=after.changed_grids,
                households="—" if after.moved_households is None else after.moved_households,
                compactness=f"{after.mean_polsby_popper:.2f}",
            )
        )
        say("  " + words.label("proposal.method", each.method))
        say("  " + _bound(each))
        if not each.is_finished:
            say("  " + words("proposal.stopped"))
    if estimated:
        say(words("proposal.estimated"))


def _bound(each: Any) -> str:  # noqa: ANN401 - Proposal
    merit = each.merit
    if each.is_optimal:
        return words("proposal.bound.optimal")
    if merit.bound is None or merit.gap is None:
        return words("proposal.bound.none")
    is_share = merit.name == "max_deviation"
    bound = f"{100 * merit.bound:.1f} %" if is_share else f"{merit.bound:,.0f}"
    return words(f"proposal.bound.{merit.bound_by}", bound=bound, gap=f"{100 * merit.gap:.1f} %")
