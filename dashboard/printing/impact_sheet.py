"""Print an impact sheet on A4: the sentence, counts, maps before and after, lists to hand over.

Used by the planner's impact view and `gridbeat plan impact`. Takes a finished value: knows nothing
of the store. Every list is whole: what is long goes on over the next pages.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import shapely

from dashboard.printing.bulletin_words import moment_text
from dashboard.printing.impact_words import (
    basis,
    check_text,
    counts_rows,
    grid_rows,
    handover_line,
    handover_title,
    move_rows,
    notes,
    people_rows,
    post_short,
    sentence,
)
from dashboard.printing.page import BRAND, QUIET_INK, RULE, Column, Imprint, PrintedPage
from dashboard.printing.sketch import Box, Part, draw_sketch
from dashboard.text.numbers import DASH, whole

if TYPE_CHECKING:
    from collections.abc import Sequence

    import geopandas as gpd
    import pandas as pd

    from dashboard.printing.impact import PlanImpact
    from dashboard.printing.page import Colour
    from dashboard.text import Words
    from data.analysis.impact import HandOver

_MAP_MM: Final = 78.0
_GAP_MM: Final = 4.0
_WHITE: Final[Colour] = (255, 255, 255)
MOVED: Final[Colour] = (247, 178, 103)
"""Ground that comes to another grid."""
_WARN: Final[Colour] = (161, 92, 0)
_BAD: Final[Colour] = (140, 20, 36)
_MOST_NUMBERED: Final = 120
_MOST_BOLD: Final = 120
_SIGN_MM: Final = 11.0


def impact_pdf(words: Words, value: PlanImpact, *, post_id: int | None = None) -> bytes:
    """Print the whole sheet with every hand-over list, or the list of one post alone.

    Parameters
    ----------
    post_id
        Only this post's list.

    Raises
    ------
    KeyError
        No such post.
    ConfigError
        `print_font_missing`.
    """
    page = PrintedPage("A4", _imprint(words, value), margin_mm=14.0)
    page.add_page()
    if post_id is not None:
        _handover(page, words, value, value.impact.handover(post_id))
        return page.bytes
    _head(page, words, value)
    _counts(page, words, value)
    _maps(page, words, value)
    _checks(page, words, value)
    _grids(page, words, value)
    for handed in value.impact.handovers():
        page.add_page()
        _handover(page, words, value, handed)
    return page.bytes


def _imprint(words: Words, value: PlanImpact) -> Imprint:
    made = moment_text(value.made_at, value.tz)
    return Imprint(
        title=words("plan_view.sheet_title", name=value.name),
        language=words.language,
        foot=words("plan_view.foot", store=value.store, made=made, by=value.printed_by),
        page_text=words("prints.page_of"),
        made_at=value.made_at,
    )


def _head(page: PrintedPage, words: Words, value: PlanImpact) -> None:
    page.letters(17, bold=True, colour=BRAND)
    title = words("plan_view.sheet_title", name=value.name)
    page.multi_cell(0, 8, title, align="L", new_x="LMARGIN", new_y="NEXT")
    page.paragraph(basis(words, value), size_pt=8.5, colour=QUIET_INK)
    if value.scenario:
        note = words("prints.synthetic", name=value.scenario)
        page.paragraph(note, size_pt=8, bold=True, colour=_WARN)
    page.ln(1)
    page.paragraph(sentence(words, value.impact), size_pt=12, bold=True)


def _counts(page: PrintedPage, words: Words, value: PlanImpact) -> None:
    page.heading(words("plan_view.counts"))
    columns = (
        Column(words("impact_column.thing"), 3.0),
        Column(words("impact_column.grids"), 1.2, "R"),
        Column(words("impact_column.officers"), 1.2, "R"),
        Column(words("impact_column.members"), 1.2, "R"),
    )
    rows = [
        (name, *(whole(n) for n in counted))
        for name, *counted in counts_rows(words, value.impact)
    ]  # fmt: skip
    page.rows(columns, rows)
    for note in notes(words, value):
        page.paragraph(note, size_pt=7.5, colour=QUIET_INK)


def _maps(page: PrintedPage, words: Words, value: PlanImpact) -> None:
    """Draw before and after side by side; ground that comes to another grid is shaded in both."""
    page.keep(_MAP_MM + 18)
    page.heading(words("plan_view.maps"))
    top = page.get_y() + 4.5
    width = (page.epw - _GAP_MM) / 2
    numbers = _numbers(value)
    for at, (name, frame) in enumerate((("before", value.before), ("after", value.after))):
        left = page.l_margin + at * (width + _GAP_MM)
        page.letters(8.5, bold=True)
        told = words(f"plan_view.map_{name}", n=whole(len(frame)))
        page.text(left, top - 1.5, page.fitted(told, width))
        box = Box(left, top, width, _MAP_MM, 0.8)
        draw_sketch(page, box, _borders(frame), _parts(value, frame, numbers))
        page.set_draw_color(*RULE)
        page.set_line_width(0.2)
        page.rect(left, top, width, _MAP_MM)
    page.set_y(top + _MAP_MM + 1.5)
    page.paragraph(words("plan_view.maps_note"), size_pt=7.5, colour=QUIET_INK)


def _parts(value: PlanImpact, frame: gpd.GeoDataFrame, numbers: dict[str, str]) -> list[Part]:
    """Give white grids, then the shaded ground, then the numbers of grids that change."""
    shapes = [
        (str(code), shape)
        for code, shape in zip(frame["grid_code"], frame.geometry, strict=True)
        if shape is not None and not shape.is_empty
    ]
    parts = [Part("", shape, _WHITE) for _, shape in shapes]
    parts += [Part("", shape, MOVED) for shape in value.ground.geometry if not shape.is_empty]
    named = [
        Part(numbers[code], shapely.point_on_surface(shape), _WHITE)
        for code, shape in shapes
        if code in numbers
    ]
    return parts + (named if len(named) <= _MOST_NUMBERED else [])


def _borders(frame: gpd.GeoDataFrame) -> shapely.MultiPolygon | None:
    """Give the grids' outlines: drawn last and bold, so that shaded ground is no border.

    Many grids keep their thin ones: bold ones would run together.
    """
    if len(frame) > _MOST_BOLD:
        return None
    shapes = frame.geometry.to_numpy()
    parts = shapely.get_parts(shapes[~shapely.is_missing(shapes)])
    return shapely.MultiPolygon([part for part in parts if not part.is_empty])


def _numbers(value: PlanImpact) -> dict[str, str]:
    """Give each grid that changes its number in the table, by old and by new code."""
    found: dict[str, str] = {}
    for row in _keys(value):
        number = found.get(row[0]) or found.get(row[1]) or str(len(set(found.values())) + 1)
        found |= {code: number for code in row if code}
    return found


def _keys(value: PlanImpact) -> list[tuple[str, str]]:
    """Give former and new code of each row of the table of grids."""
    rows = value.impact.grids
    return list(zip(rows["old_code"].astype(str), rows["new_code"].astype(str), strict=True))


def _checks(page: PrintedPage, words: Words, value: PlanImpact) -> None:
    page.heading(words("impact.to_settle"))
    if not value.impact.checks:
        page.paragraph(words("impact.all_settled"))
        return
    for check in value.impact.checks:
        is_old = str(check.code).startswith("grid_without") and not check.fields["is_new"]
        colour = QUIET_INK if is_old else _BAD
        page.paragraph(f"□ {check_text(words, check)}", size_pt=8.5, colour=colour)


def _grids(page: PrintedPage, words: Words, value: PlanImpact) -> None:
    page.heading(words("plan_view.grids"))
    names = (("change", 1.2), ("old_code", 2.2), ("new_code", 2.2), ("name", 3.0))
    columns = [Column(words("plan_view.number"), 0.6, "R")]
    columns += [Column(words(f"impact_column.{name}"), width) for name, width in names]
    numbers = _numbers(value)
    rows = zip(_keys(value), grid_rows(words, value.impact), strict=True)
    page.rows(
        columns,
        [(numbers[old or new], *(row[name] or DASH for name, _ in names))
         for (old, new), row in rows],
    )  # fmt: skip


def _handover(page: PrintedPage, words: Words, value: PlanImpact, handed: HandOver) -> None:
    """Write one post's list, with room for both signatures."""
    page.letters(14, bold=True, colour=BRAND)
    title = handover_title(words, value.impact, handed.post_id)
    page.multi_cell(0, 7, title, align="L", new_x="LMARGIN", new_y="NEXT")
    plan = words("plan_view.of_plan", name=value.name)
    page.paragraph(f"{plan} {basis(words, value)}", size_pt=8, colour=QUIET_INK)
    page.paragraph(handover_line(words, value.impact, handed), size_pt=9)
    role = str(value.impact.posts.loc[handed.post_id]["role"])
    for name, table, other in (("gives", handed.gives, "to"), ("takes", handed.takes, "from")):
        _things(page, words, value, (name, table, f"{other}_{role}"))
    sides = (
        ("people_given", handed.people_given, "to"),
        ("people_taken", handed.people_taken, "from"),
    )
    for name, table, other in sides:
        _people(page, words, value, (name, table, f"{other}_{role}"))
    _signatures(page, words)


Listed = tuple[str, "pd.DataFrame", str]
"""Key of the heading, rows, and the column of the post on the other side."""


def _things(page: PrintedPage, words: Words, value: PlanImpact, listed: Listed) -> None:
    name, table, other = listed
    if table.empty:
        return
    page.heading(words("plan_view.titled", title=words(f"impact.{name}"), n=whole(len(table))))
    widths = {"thing": 18.0, "external_id": 32.0, "kind": 18.0, "name": 22.0, "from_grid": 27.0,
              "to_grid": 27.0, other: 38.0}  # fmt: skip
    rows = move_rows(words, value, table)
    for row, post in zip(rows, table[other], strict=True):
        due = words("plan_view.due", at=row["due_at"]) if row["due_at"] else ""
        row["name"] = " ".join(told for told in (row["name"], due) if told)
        row[other] = post_short(words, value.impact, post)
    _table(page, words, widths, rows)


def _people(page: PrintedPage, words: Words, value: PlanImpact, listed: Listed) -> None:
    name, table, other = listed
    if table.empty:
        return
    page.heading(words(f"impact.{name}"))
    widths = {"from_grid": 27.0, "to_grid": 27.0, "households": 22.0, "residents": 22.0,
              "area_m2": 30.0, other: 54.0}  # fmt: skip
    rows = [_with_marks(words, row) for row in people_rows(words, value, table)]
    for row, post in zip(rows, table[other], strict=True):
        row[other] = post_short(words, value.impact, post)
    _table(page, words, widths, rows)


def _with_marks(words: Words, row: dict[str, Any]) -> dict[str, str]:
    """Write numbers; those that were shared out bear a mark."""
    written = {name: str(told) for name, told in row.items()}
    for name in ("households", "residents"):
        n = row[name]
        told = whole(n)
        is_marked = row["is_estimated"] and n is not None
        written[name] = words("plan_view.estimated_mark", n=told) if is_marked else told
    written["area_m2"] = whole(row["area_m2"])
    return written


def _table(
    page: PrintedPage, words: Words, widths: dict[str, float], rows: Sequence[dict[str, str]]
) -> None:
    right = {"households", "residents", "area_m2"}
    columns = [
        Column(_heading(words, name), width, "R" if name in right else "L")
        for name, width in widths.items()
    ]
    page.rows(columns, [tuple(row[name] for name in widths) for row in rows], is_whole=True)


def _heading(words: Words, name: str) -> str:
    return words("plan_view.name_due") if name == "name" else words(f"impact_column.{name}")


def _signatures(page: PrintedPage, words: Words) -> None:
    page.keep(_SIGN_MM + 6)
    page.ln(_SIGN_MM)
    width = (page.epw - 2 * _GAP_MM) / 3
    page.letters(8, colour=QUIET_INK)
    page.set_draw_color(*RULE)
    page.set_line_width(0.3)
    y_mm = page.get_y()
    for at, name in enumerate(("given_by", "taken_by", "signed_on")):
        left = page.l_margin + at * (width + _GAP_MM)
        page.line(left, y_mm, left + width, y_mm)
        page.text(left, y_mm + 4, words(f"plan_view.{name}"))
    page.set_y(y_mm + 6)
