"""Say what an impact sheet says, in one language: sentences that screen, PDF and workbook share.

Used by `impact_sheet`, `impact_xlsx` and the planner's views. Knows nothing of paper, cells and
markup: texts come as they are.
"""

from __future__ import annotations

from functools import reduce
from typing import TYPE_CHECKING, Any, Final

import pandas as pd

from dashboard.text.numbers import DASH, whole

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Mapping, Sequence

    from dashboard.printing.impact import PlanImpact
    from dashboard.text import Words
    from data.analysis.impact import HandOver, Impact, PlanCheck

ROLES: Final = ("officer", "member")
MOVE_COLUMNS: Final = (
    "thing", "external_id", "kind", "name", "severity", "due_at",
    "from_grid", "to_grid", "from_officer", "to_officer", "from_member", "to_member",
)  # fmt: skip
PEOPLE_COLUMNS: Final = (
    "from_grid", "to_grid", "households", "residents", "area_m2",
    "from_officer", "to_officer", "from_member", "to_member",
)  # fmt: skip
COUNT_COLUMNS: Final = ("thing", "grids", "officers", "members")
GRID_COLUMNS: Final = ("change", "old_code", "new_code", "name")
_KINDS: Final = {
    "hazard": "hazard_kind",
    "dispute": "dispute_kind",
    "device": "device_kind",
    "service_point": "service_point_kind",
    "patrol_target": "patrol_target_kind",
    "key_place": "building_kind",
}
_LISTED: Final = 12


def sentence(words: Words, impact: Impact) -> str:
    """Say in one sentence how many grids are adjusted, added, retired: 623 → 673."""
    told = impact.summary
    if impact.grids.empty:
        return words("impact.nothing")
    said = [
        words(
            "impact.sentence",
            adjusted=whole(told.adjusted),
            added=whole(told.added),
            retired=whole(told.retired),
            before=whole(told.before),
            after=whole(told.after),
        )
    ]
    for name in ("renumbered", "renamed"):
        n = getattr(told, name)
        if n:
            said.append(words(f"impact.{name}", n=whole(n)))
    return joined(words, said)


def joined(words: Words, said: Sequence[str]) -> str:
    """Put sentences one after the other, as the language writes them."""
    return reduce(lambda first, second: words("plan_view.joint", first=first, second=second), said)


def basis(words: Words, value: PlanImpact) -> str:
    """Say of which plan, how far it is, on which day it stands."""
    status = words.label("plan_status", value.status)
    day = value.as_of.isoformat()
    if value.effective_on is None:
        return words("plan_view.basis", number=value.plan_id, status=status, day=day)
    return words(
        "plan_view.basis_from",
        number=value.plan_id,
        status=status,
        day=day,
        effective=value.effective_on.isoformat(),
    )


def post_name(words: Words, impact: Impact, post_id: Any) -> str:  # noqa: ANN401 - a cell
    """Name a post by its place and title; who is in it, by service numbers."""
    if pd.isna(post_id):
        return words("impact.nobody")
    post = impact.posts.loc[int(str(post_id))]
    place = str(post["place_name"] or post["place_code"])
    title = str(post["title"] or "") or words.label("position", str(post["position"]))
    numbers = ", ".join(post["service_numbers"])
    if not post["is_filled"]:
        return words("plan_view.post_empty", place=place, title=title)
    if not numbers:
        return words("plan_view.post", place=place, title=title)
    return words("plan_view.post_numbers", place=place, title=title, numbers=numbers)


def post_short(words: Words, impact: Impact, post_id: Any) -> str:  # noqa: ANN401 - a cell
    """Name a post for a narrow column: service numbers first, then its place."""
    if pd.isna(post_id):
        return words("impact.nobody")
    post = impact.posts.loc[int(str(post_id))]
    place = str(post["place_name"] or post["place_code"])
    numbers = ", ".join(post["service_numbers"])
    if not post["is_filled"] or not numbers:
        return words("plan_view.post_short_empty", place=place)
    return words("plan_view.post_short", place=place, numbers=numbers)


def grid_name(words: Words, code: object) -> str:
    """Give a grid's code, or say that there is none."""
    return str(code) or words("impact.no_grid")


def check_text(words: Words, check: PlanCheck) -> str:
    """Say what is to be settled."""
    fields: dict[str, Any] = dict(check.fields)
    code = check.code
    if code.startswith("grid_without"):
        told = words(f"impact_check.{code}", grid=check.subject)
        already = words("plan_view.already", note=words("impact_check.already"))
        return told if fields["is_new"] else f"{told}{already}"
    if code == "thing_without_grid":
        thing = words(f"impact_thing.{check.subject}")
        return words("impact_check.thing_without_grid", thing=thing, n=fields["n"])
    title = fields["title"] or words.label("position", str(fields["position"]))
    facts = {**fields, "title": title}
    if code == "post_without_grid" and fields["heir"] is None:
        return words("impact_check.post_without_heir", **facts)
    return words(f"impact_check.{code}", **facts)


def counts_rows(words: Words, impact: Impact) -> list[tuple[str, int, int, int]]:
    """Count by thing: how many come to another grid, officer, member; people last."""
    rows = [
        (words(f"impact_thing.{thing}"), int(grids), int(officers), int(members))
        for thing, grids, officers, members in impact.counts.itertuples(index=False)
    ]
    for name in ("households", "residents"):
        changed = [
            _sum(impact.people, name, impact.people["from_grid"] != impact.people["to_grid"]),
            *(_sum(impact.people, name, _changing(impact.people, role)) for role in ROLES),
        ]
        rows.append((words(f"impact_column.{name}"), changed[0], changed[1], changed[2]))
    return rows


def move_rows(words: Words, value: PlanImpact, moves: pd.DataFrame) -> list[dict[str, str]]:
    """Write each thing that changes hands by the names of `MOVE_COLUMNS`."""
    return [
        {
            "thing": words(f"impact_thing.{row['thing']}"),
            "external_id": _text(row["external_id"]),
            "kind": kind_name(words, str(row["thing"]), row["kind"]),
            "name": _text(row["name"]),
            "severity": words.label("severity", _text(row["severity"])) if _text(row["severity"])
            else "",
            "due_at": day_text(row["due_at"], value.tz),
            **_hands(words, value.impact, row),
        }
        for row in moves.to_dict("records")
    ]  # fmt: skip


def people_rows(words: Words, value: PlanImpact, people: pd.DataFrame) -> list[dict[str, Any]]:
    """Write each piece of ground with its people by the names of `PEOPLE_COLUMNS`."""
    return [
        {
            "households": None if pd.isna(row["households"]) else int(row["households"]),
            "residents": None if pd.isna(row["residents"]) else int(row["residents"]),
            "area_m2": round(float(row["area_m2"])),
            "is_estimated": bool(row["is_estimated"]),
            **_hands(words, value.impact, row),
        }
        for row in people.to_dict("records")
    ]


def grid_rows(words: Words, impact: Impact) -> list[dict[str, str]]:
    """Write each changed grid by the names of `GRID_COLUMNS`."""
    rows = [{str(k): str(v) for k, v in row.items()} for row in impact.grids.to_dict("records")]
    return [row | {"change": words(f"impact_change.{row['change']}")} for row in rows]


def handover_title(words: Words, impact: Impact, post_id: int) -> str:
    """Give the title of one post's hand-over list."""
    post = impact.posts.loc[post_id]
    place = str(post["place_name"] or post["place_code"])
    title = str(post["title"] or "") or words.label("position", str(post["position"]))
    return words("impact.handover_of", place=place, title=title)


def handover_line(words: Words, impact: Impact, handed: HandOver) -> str:
    """Say what a post gives and takes, and its grids before and after."""
    people = [
        whole(_sum(table, "households", None))
        for table in (handed.people_given, handed.people_taken)
    ]
    numbers = ", ".join(impact.posts.loc[handed.post_id]["service_numbers"])
    return words(
        "plan_view.handover_line",
        gives=whole(len(handed.gives)),
        takes=whole(len(handed.takes)),
        households_given=people[0],
        households_taken=people[1],
        before=codes_text(words, handed.grids_before),
        after=codes_text(words, handed.grids_after),
        numbers=numbers or DASH,
    )


def codes_text(words: Words, codes: Sequence[str]) -> str:
    """List codes, at most twelve, and say how many more there are; a dash for none."""
    if not codes:
        return DASH
    listed = ", ".join(codes[:_LISTED])
    if len(codes) <= _LISTED:
        return listed
    return words("plan_view.and_more", listed=listed, n=whole(len(codes) - _LISTED))


def notes(words: Words, value: PlanImpact) -> list[str]:
    """Say what is estimated, and what has no point of its own."""
    impact = value.impact
    said = []
    if bool(impact.people["is_estimated"].any()):
        said.append(words("impact.estimated"))
    if bool(impact.moves["is_stated"].any()):
        said.append(words("impact.is_stated"))
    return said


def crosswalk_headings(words: Words, columns: Iterable[str]) -> list[str]:
    """Name the columns of a crosswalk."""
    found = []
    for name in columns:
        for stem in ("incident_share", "incidents"):
            if name.startswith(f"{stem}_"):
                period = name.removeprefix(f"{stem}_")
                label = words.label("plan_period", period)
                found.append(words(f"crosswalk_column.{stem}", period=label))
                break
        else:
            found.append(words.label("crosswalk_column", name))
    return found


def crosswalk_cells(words: Words, row: Mapping[Hashable, Any]) -> list[Any]:
    """Give one row of a crosswalk with its codes in words; None where nothing is known."""
    cells: list[Any] = []
    for name, value in row.items():
        if name in {"relation", "basis"}:
            cells.append(words(f"crosswalk_{name}.{value}"))
        elif name == "is_estimated":
            cells.append(words("plan_view.yes") if value else "")
        elif name in {"old_code", "new_code"}:
            cells.append(grid_name(words, value))
        else:
            cells.append(None if pd.isna(value) else value)
    return cells


def kind_name(words: Words, thing: str, kind: object) -> str:
    """Name the kind of a thing; empty where it has none."""
    return words.label(_KINDS[thing], _text(kind)) if _text(kind) else ""


def day_text(moment: Any, tz: str) -> str:  # noqa: ANN401 - a cell
    """Write the local day of an aware moment; empty for none."""
    if moment is None or pd.isna(moment):
        return ""
    at = pd.Timestamp(moment)
    at = at.tz_localize("UTC") if at.tzinfo is None else at
    return str(at.tz_convert(tz).date().isoformat())


def _hands(words: Words, impact: Impact, row: Mapping[Hashable, Any]) -> dict[str, str]:
    found = {f"{side}_grid": grid_name(words, row[f"{side}_grid"]) for side in ("from", "to")}
    for side in ("from", "to"):
        for role in ROLES:
            found[f"{side}_{role}"] = post_name(words, impact, row[f"{side}_{role}"])
    return found


def _changing(table: pd.DataFrame, role: str) -> pd.Series:
    return table[f"from_{role}"].fillna(-1) != table[f"to_{role}"].fillna(-1)


def _sum(table: pd.DataFrame, name: str, kept: pd.Series | None) -> int:
    rows = table if kept is None else table[kept]
    return int(rows[name].fillna(0).sum())


def _text(value: Any) -> str:  # noqa: ANN401 - a cell
    return "" if value is None or pd.isna(value) else str(value)
