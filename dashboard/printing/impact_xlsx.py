"""Write an impact sheet as a workbook: numbers as numbers, texts as texts, never a formula.

Used by the planner's impact view and `gridbeat plan impact`. Knows nothing of the store.
"""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING, Any, Final

from openpyxl import Workbook

from dashboard.printing.bulletin_words import moment_text
from dashboard.printing.bulletin_xlsx import new_sheet, put_row
from dashboard.printing.impact_words import (
    GRID_COLUMNS,
    MOVE_COLUMNS,
    PEOPLE_COLUMNS,
    basis,
    check_text,
    counts_rows,
    crosswalk_cells,
    crosswalk_headings,
    grid_rows,
    move_rows,
    notes,
    people_rows,
    post_name,
    sentence,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dashboard.printing.impact import PlanImpact
    from dashboard.text import Words

Value = str | int | float | None
_WAYS: Final = (("gives", "to"), ("takes", "from"))


def impact_workbook(words: Words, value: PlanImpact) -> bytes:
    """Write eight sheets: the sum, grids, things, people, posts, hand-over, checks, crosswalk.

    The ninth says what they stand on.
    """
    book = Workbook(write_only=True)
    _sum(book, words, value)
    _table(book, words("plan_view.grids"), [words(f"impact_column.{n}") for n in GRID_COLUMNS],
           ([row[n] for n in GRID_COLUMNS] for row in grid_rows(words, value.impact)))  # fmt: skip
    moves = move_rows(words, value, value.impact.moves)
    _table(book, words("plan_view.things"), [words(f"impact_column.{n}") for n in MOVE_COLUMNS],
           ([row[n] for n in MOVE_COLUMNS] for row in moves))  # fmt: skip
    people = people_rows(words, value, value.impact.people)
    headings = [words(f"impact_column.{n}") for n in PEOPLE_COLUMNS]
    _table(book, words("plan_view.people"), [*headings, words("plan_view.is_estimated")],
           ([*(row[n] for n in PEOPLE_COLUMNS), _yes(words, is_on=row["is_estimated"])]
            for row in people))  # fmt: skip
    _posts(book, words, value)
    _table(book, words("plan_view.handovers"), _handover_headings(words), _handovers(words, value))
    _table(book, words("plan_view.settle"), [words("impact.to_settle")],
           ([check_text(words, check)] for check in value.impact.checks))  # fmt: skip
    _crosswalk(book, words, value)
    _about(book, words, value)
    target = BytesIO()
    book.save(target)
    return target.getvalue()


def _table(
    book: Workbook,
    title: str,
    headings: list[str],
    rows: Any,  # noqa: ANN401 - rows of cells
) -> None:
    sheet = new_sheet(book, title)
    put_row(sheet, headings, bold=True)
    for row in rows:
        put_row(sheet, row)


def _sum(book: Workbook, words: Words, value: PlanImpact) -> None:
    sheet = new_sheet(book, words("plan_view.sum"))
    put_row(sheet, [words("plan_view.sheet_title", name=value.name)], bold=True)
    put_row(sheet, [sentence(words, value.impact)])
    put_row(sheet, [basis(words, value)])
    put_row(sheet, [])
    names = ("thing", "grids", "officers", "members")
    put_row(sheet, [words(f"impact_column.{name}") for name in names], bold=True)
    for row in counts_rows(words, value.impact):
        put_row(sheet, row)


def _posts(book: Workbook, words: Words, value: PlanImpact) -> None:
    sheet = new_sheet(book, words("plan_view.posts"))
    names = ("post_name", "role", "grids_before", "grids_after", "post_change")
    put_row(sheet, [words(f"plan_view.{name}") for name in names], bold=True)
    for post_id, post in value.impact.posts.iterrows():
        put_row(
            sheet,
            [
                post_name(words, value.impact, post_id),
                words(f"impact_role.{post['role']}"),
                ", ".join(post["grids_before"]),
                ", ".join(post["grids_after"]),
                words(f"impact_post.{post['change']}"),
            ],
        )


def _handover_headings(words: Words) -> list[str]:
    names = ("thing", "external_id", "kind", "name", "severity", "due_at", "from_grid", "to_grid")
    return [
        words("plan_view.post_name"),
        words("plan_view.way"),
        *(words(f"impact_column.{name}") for name in names),
        words("plan_view.other_side"),
        words("impact_column.households"),
        words("impact_column.residents"),
    ]


def _handovers(words: Words, value: PlanImpact) -> Iterator[list[Value]]:
    """Give one row for each thing and piece of ground that a post gives or takes."""
    for handed in value.impact.handovers():
        post = post_name(words, value.impact, handed.post_id)
        role = str(value.impact.posts.loc[handed.post_id]["role"])
        things = (handed.gives, handed.takes)
        people = (handed.people_given, handed.people_taken)
        for (way, other), moved, pieces in zip(_WAYS, things, people, strict=True):
            told = words(f"impact.{way}")
            for row in move_rows(words, value, moved):
                listed = [row[name] for name in MOVE_COLUMNS[:8]]
                yield [post, told, *listed, row[f"{other}_{role}"], None, None]
            for piece in people_rows(words, value, pieces):
                ground = [words("plan_view.ground"), "", "", "", "", ""]
                grids = [piece["from_grid"], piece["to_grid"], piece[f"{other}_{role}"]]
                yield [post, told, *ground, *grids, piece["households"], piece["residents"]]


def _crosswalk(book: Workbook, words: Words, value: PlanImpact) -> None:
    rows = value.crosswalk.rows
    _table(book, words("plan_view.crosswalk"), crosswalk_headings(words, rows.columns),
           (crosswalk_cells(words, row) for row in rows.to_dict("records")))  # fmt: skip


def _about(book: Workbook, words: Words, value: PlanImpact) -> None:
    sheet = new_sheet(book, words("plan_view.about"))
    made = moment_text(value.made_at, value.tz)
    told = [
        words("plan_view.foot", store=value.store, made=made, by=value.printed_by),
        *notes(words, value),
        words("plan_view.crosswalk_note"),
        *(_total(words, name, value) for name in value.crosswalk.totals),
    ]
    if value.scenario:
        told.append(words("prints.synthetic", name=value.scenario))
    for text in told:
        put_row(sheet, [text])


def _total(words: Words, name: str, value: PlanImpact) -> str:
    """Say of a period how its incidents add up, on former and on new grids."""
    total = value.crosswalk.totals[name]
    located = total.total - total.unlocated
    return words(
        "plan_view.crosswalk_total",
        period=words.label("plan_period", name),
        inside_old=total.inside_old,
        outside_old=located - total.inside_old,
        inside_new=total.inside_new,
        outside_new=located - total.inside_new,
        unlocated=total.unlocated,
        total=total.total,
    )


def _yes(words: Words, *, is_on: bool) -> str:
    return words("plan_view.yes") if is_on else ""
