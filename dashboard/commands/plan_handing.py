"""Hand plans on from the command line: the impact sheet, the crosswalk, the grids as a file.

Used by `dashboard.commands.plans`. Every file is written to the audit log.
"""

from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from dashboard.commands.base import (
    open_database,
    print_json,
    say,
    standing_day,
    words,
)
from dashboard.commands.plan_desk import (
    MOST_ROWS,
    acting,
    author_option,
    moment_now,
    plan_document,
    plan_named,
    plan_opened,
    plan_options,
)
from dashboard.commands.plan_words import rows_of
from data.errors import ImportRefused
from data.viewer import LOCAL_STEWARD

FILE = click.Path(path_type=Path)
_SHEETS = (".csv", ".pdf", ".xlsx")


@click.command(help=words("plan_cli.impact"))
@plan_options(
    click.option("--out", type=FILE, metavar="FILE", help=words("plan_cli.option_impact_out")),
    author_option,
)
def impact(
    *, plan: str, out: Path | None, author: str | None, as_json: bool, store: str | None
) -> None:
    """Say what changes hands, and write the sheet."""
    from dashboard.printing.impact_words import check_text, counts_rows, sentence

    if out is not None and out.suffix.lower() not in _SHEETS:
        raise ImportRefused("unknown_file_type", file=out.name, known=", ".join(_SHEETS))
    database = open_database(store)
    value, seen = _impact_of(database, plan, author)
    found = value.impact
    if out is not None:
        _write_impact(database, value, out, author)
    if as_json:
        print_json({**plan_document(seen), **_impact_document(value), "out": out and str(out)})
        return
    say(sentence(words, found))
    for thing, grids, officers, members in counts_rows(words, found):
        say(words("plan_cli.changes_hands", thing=thing, grids=f"{grids:,}",
                  officers=f"{officers:,}", members=f"{members:,}"))  # fmt: skip
    for each in found.checks[:MOST_ROWS]:
        say("  " + check_text(words, each))
    if not found.checks:
        say(words("impact.all_settled"))
    if out is not None:
        say(words("plan_cli.written", file=out))


def _impact_of(database: Any, plan: str, author: str | None) -> tuple[Any, Any]:  # noqa: ANN401 - imported late
    from dashboard.viewmodels.facts import load_facts
    from dashboard.viewmodels.plan_impact import Occasion, build_impact

    now = moment_now(database)
    with database.read() as session:
        seen = plan_named(session, plan)
        facts = load_facts(session, LOCAL_STEWARD, store=database.label)
        occasion = Occasion(standing_day(session), now, facts)
        return build_impact(session, acting(author), seen.id, occasion), seen


def _impact_document(value: Any) -> dict[str, Any]:  # noqa: ANN401 - PlanImpact, imported late
    found = value.impact
    return {
        "as_of": value.as_of,
        "summary": asdict(found.summary),
        "grids": rows_of(found.grids, key=None),
        "counts": rows_of(found.counts, key=None),
        "moves": rows_of(found.moves, key=None),
        "people": rows_of(found.people, key=None),
        "posts": rows_of(found.posts, key="post"),
        "handovers": [
            {
                "post": one.post_id,
                "gives": len(one.gives),
                "takes": len(one.takes),
                "households_given": int(one.people_given["households"].sum()),
                "households_taken": int(one.people_taken["households"].sum()),
                "grids_before": list(one.grids_before),
                "grids_after": list(one.grids_after),
            }
            for one in found.handovers()
        ],
        "to_settle": [{"code": c.code, "subject": c.subject, **c.fields} for c in found.checks],
    }


def _write_impact(database: Any, value: Any, out: Path, author: str | None) -> None:  # noqa: ANN401 - imported late
    """Write the sheet by its ending: rows of what moves, a workbook, or pages to print."""
    from dashboard.printing.impact_sheet import impact_pdf
    from dashboard.printing.impact_xlsx import impact_workbook
    from data.repositories.audit import append_audit

    ending = out.suffix.lower()
    out.parent.mkdir(parents=True, exist_ok=True)
    if ending == ".xlsx":
        out.write_bytes(impact_workbook(words, value))
    elif ending == ".pdf":
        out.write_bytes(impact_pdf(words, value))
    else:
        out.write_text(_moves_csv(value), encoding="utf-8-sig", newline="")
    detail = {"plan": value.name, "file": out.name}
    with database.write() as session:
        append_audit(
            session, acting(author), "export", f"plan_impact:{value.plan_id}",
            len(value.impact.moves), detail, value.made_at,
        )  # fmt: skip


def _moves_csv(value: Any) -> str:  # noqa: ANN401 - PlanImpact, imported late
    """Give what comes to other hands as a table, text never a formula."""
    import pandas as pd

    from dashboard.printing.impact_words import MOVE_COLUMNS, move_rows
    from data.formulas import guard_formulas

    names = list(MOVE_COLUMNS)
    rows = move_rows(words, value, value.impact.moves)
    table = pd.DataFrame([[row[name] for name in names] for row in rows], columns=names)
    for name in names:
        table[name] = guard_formulas(table[name].astype(object))
    table.columns = [words(f"impact_column.{name}") for name in names]
    return str(table.to_csv(index=False))


@click.command(help=words("plan_cli.crosswalk"))
@plan_options(
    click.option("--out", type=FILE, metavar="FILE", help=words("plan_cli.option_crosswalk_out")),
    author_option,
)
def crosswalk(
    *, plan: str, out: Path | None, author: str | None, as_json: bool, store: str | None
) -> None:
    """Give which share of which former grid goes where, with incidents by period."""
    from data.exports.crosswalk import export_crosswalk

    database = open_database(store)
    value, seen = _impact_of(database, plan, author)
    held = value.crosswalk
    if out is not None:
        about = {"plan": f"{seen.id} {seen.name}", "version": str(seen.version)}
        with database.write() as session:
            export_crosswalk(
                session, acting(author), held.rows, out, about=about, now=value.made_at
            )
    if as_json:
        print_json(
            {
                **plan_document(seen),
                "rows": rows_of(held.rows, key=None),
                "totals": {name: asdict(total) for name, total in held.totals.items()},
                "out": out and str(out),
            }
        )
        return
    changed = [row for row in rows_of(held.rows, key=None) if row["relation"] != "same"]
    for row in changed if out is None else []:
        relation = words.label("crosswalk_relation", row["relation"])
        shares = "\t".join(_percent(row[name]) for name in ("area_share", "household_share"))
        say(f"{row['old_code'] or '—'}\t{row['new_code'] or '—'}\t{relation}\t{shares}")
    say(words("plan_cli.crosswalk_sum", rows=len(held.rows), changed=len(changed)))
    if out is not None:
        say(words("plan_cli.written", file=out))


def _percent(share: float | None) -> str:
    return "—" if share is None else f"{100 * share:.2f} %"


@click.command(help=words("plan_cli.export"))
@plan_options(click.argument("out", type=FILE, metavar="OUT"), author_option)
def export(*, plan: str, out: Path, author: str | None, as_json: bool, store: str | None) -> None:
    """Write the plan's grids to a file."""
    from data.exports.plan_grids import export_plan_grids

    database, viewer = open_database(store), acting(author)
    now = moment_now(database)
    with database.read() as session:
        opened = plan_opened(session, plan)
    about = {"plan": f"{opened.plan.id} {opened.plan.name}", "version": str(opened.plan.version)}
    frame = opened.tiling.frame()
    with database.write() as session:
        rows = export_plan_grids(session, viewer, frame, out, about=about, now=now)
    if as_json:
        print_json({**plan_document(opened.plan), "rows": rows, "out": str(out)})
        return
    say(words("export.done", rows=rows, file=out))
