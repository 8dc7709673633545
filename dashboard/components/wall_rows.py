"""Write the rows, chips and tiles of the wall as values that the browser draws.

Used by `dashboard.components.wall_board`.
Knows nothing of the store. Every text is ready in the wall's language; a state always comes with a
sign that says the same without colour.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from dashboard.text.numbers import DASH, percent, whole
from data.vocabulary import AreaGradeColour, EventLayer, ProgrammeStatus

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dashboard.cache.wall import Content
    from dashboard.text import Words
    from dashboard.viewmodels.town import Town
    from dashboard.viewmodels.wall import CaseState, UnitLine, WallPicture
    from dashboard.viewmodels.wall_programme import CampaignFunnel, Programme, Progress
    from data.kpi import Figure

Value = dict[str, Any]
SIGNS: Final = {"good": "✓", "note": "●", "warn": "◆", "bad": "▲", "off": "○"}
_STATUS_STATE: Final = {
    str(ProgrammeStatus.IN_PLACE): "good",
    str(ProgrammeStatus.IN_BUILD): "warn",
    str(ProgrammeStatus.NOT_STARTED): "off",
}
_STATUS_SIGN: Final = {"good": "✓", "warn": "◐", "off": "○"}
_MOST_LINES: Final = 4
_MOST_STANDING: Final = 4
_MOST_STANDING_ALONE: Final = 13
_MOST_COVERAGE: Final = 2
_WIDE_TILE: Final = 7
_MOST_RANKED: Final = 5
_MOST_KINDS: Final = 6
_MOST_CHIPS: Final = 8
_MOST_TARGETS: Final = 9
_MOST_AREAS: Final = 18
_BEHIND: Final = 0.9
"""A plan figure is behind when less than this part of what is due by now is done."""


def row(key: str, label: str, value: str, **more: Any) -> Value:  # noqa: ANN401 - fields of a row
    """Give one row; fields that are not named are empty."""
    start: Value = {"note": "", "share": None, "expected": None, "state": "", "sign": ""}
    return {"key": key, "label": label, "value": value, **start, **more}


def panel(
    key: str, title: str, rows: Sequence[Value], *, form: str = "rows", note: str = ""
) -> Value:
    """Give one panel of rows, chips or a curve."""
    return {"key": key, "form": form, "title": title, "note": note, "rows": list(rows)}


def rate(share: float | None) -> str:
    """Write a share for a big number: one decimal, none at 100 %."""
    text = percent(share)
    return text.replace(".0%", "%")


def change_text(words: Words, figure: Figure) -> str:
    """Say a change on last year with its base and interval; why it has none otherwise."""
    base = whole(figure.denominator)
    if figure.value is None:
        return words("wall.no_base")
    if figure.low is None or figure.high is None:
        return words("wall.change", change=percent(figure.value, signed=True), base=base)
    return words(
        "wall.change_small" if "small_base" in figure.note else "wall.change_interval",
        change=percent(figure.value, signed=True),
        base=base,
        low=percent(figure.low, signed=True),
        high=percent(figure.high, signed=True),
    )


def kind_rows(words: Words, figures: Sequence[Figure]) -> list[Value]:
    """Give incidents by kind, the bar against the commonest."""
    most = max((figure.numerator or 0 for figure in figures), default=0)
    has_base = any(figure.denominator for figure in figures)
    return [
        row(
            figure.measure,
            words.label("incident_kind", figure.measure),
            whole(figure.numerator),
            note=change_text(words, figure) if has_base else "",
            share=(figure.numerator or 0) / most if most else 0.0,
        )
        for figure in figures[:_MOST_KINDS]
    ]


def hour_rows(words: Words, hours: Sequence[int]) -> list[Value]:
    """Give the curve of a typical day: what part of all incidents falls into each hour."""
    total = sum(hours)
    return [
        row(
            str(hour),
            words("wall.hour", hour=f"{hour:02d}"),
            words("wall.hour_share", share=percent(n / total)) if total else "",
            share=float(n),
        )
        for hour, n in enumerate(hours)
    ]


def funnel_rows(words: Words, state: CaseState) -> list[Value]:
    """Give the stages of hazards, each as a part of those found."""
    stages = ("found", "accepted", "handled", "closed")
    return [
        row(
            stage,
            words(f"wall.stage_{stage}"),
            whole(getattr(state, stage)),
            share=getattr(state, stage) / state.found if state.found else 0.0,
        )
        for stage in stages
    ]


def overdue_rows(words: Words, units: Sequence[UnitLine]) -> list[Value]:
    """Give the units with the most overdue cases: light, sign and text say the same."""
    late = sorted(
        (unit for unit in units if unit.overdue or unit.due_soon),
        key=lambda unit: (-unit.overdue, -unit.due_soon, unit.code),
    )
    if not late:
        return [row("none", words("wall.no_overdue"), "", state="good", sign=SIGNS["good"])]
    made = []
    for unit in late[:_MOST_LINES]:
        state = "bad" if unit.overdue else "warn"
        number = unit.overdue or unit.due_soon
        word = "wall.overdue_n" if unit.overdue else "wall.due_soon_n"
        made.append(
            row(unit.code, unit.name, words(word, n=number), state=state, sign=SIGNS[state])
        )
    return made


def ranking_rows(units: Sequence[UnitLine]) -> list[Value]:
    """Give the units with the most open cases."""
    most = units[0].open_items if units else 0
    return [
        row(unit.code, f"{rank}. {unit.name}", whole(unit.open_items), share=unit.open_items / most)
        for rank, unit in enumerate(units[:_MOST_RANKED], start=1)
    ]


def programme_rows(words: Words, programme: Programme) -> list[Value]:
    """Give the tiles of a programme with their status."""
    made = []
    for tile in programme.tiles[:_MOST_CHIPS]:
        state = _STATUS_STATE.get(tile.status, "off")
        made.append(
            row(
                tile.key,
                tile.label.text(words.language),
                words.label("programme_status", tile.status),
                note=_figure_text(tile.figure),
                state=state,
                sign=_STATUS_SIGN[state],
            )
        )
    return made


def target_rows(words: Words, targets: Sequence[Progress]) -> list[Value]:
    """Give plan figures: done of planned, and a mark where they ought to be by now."""
    made = []
    for target in targets[:_MOST_TARGETS]:
        is_known = target.share is not None
        is_behind = is_known and (target.share or 0.0) < _BEHIND * target.expected
        state = "warn" if is_behind else ""
        form = rate if target.is_share else whole
        made.append(
            row(
                target.key,
                target.label.text(words.language),
                f"{form(target.done)} / {form(target.planned)}",
                note=words("wall.target_due", done=rate(target.share), due=rate(target.expected)),
                share=target.share or 0.0,
                expected=target.expected,
                state=state,
                sign=SIGNS["warn"] if is_behind else "",
            )
        )
    return made


def standing_rows(words: Words, programme: Programme) -> list[Value]:
    """Give coverages as 18/18, campaigns as found and closed, streaks as days.

    Beside a board of tiles there is room for the first few only.
    """
    made = _published_rows(words, programme)
    made += [_campaign_row(words, campaign) for campaign in programme.campaigns]
    made += _streak_rows(words, programme)
    most = _MOST_COVERAGE if programme.tiles else _MOST_STANDING_ALONE
    covered = [
        row(
            figure.measure,
            words(f"wall.kpi_{figure.measure}"),
            _figure_text(figure),
            share=(figure.numerator or 0) / figure.denominator if figure.denominator else None,
        )
        for figure in programme.coverage[:most]
    ]
    return [*covered, *made][: _MOST_STANDING if programme.tiles else _MOST_STANDING_ALONE]


def _published_rows(words: Words, programme: Programme) -> list[Value]:
    """Give a published funnel, whose records are not in the store, and say that it is one."""
    if len(programme.published) < 2:  # noqa: PLR2004 - found and closed
        return []
    found, closed = (figure.value or 0 for figure in programme.published)
    if not found:
        return []
    label, numbers = words("wall.published_funnel"), f"{whole(closed)}/{whole(found)}"
    note = words("wall.settled", rate=f"{closed / found:.2%}")
    return [row("published_funnel", label, numbers, note=note, share=closed / found)]


def _streak_rows(words: Words, programme: Programme) -> list[Value]:
    return [
        row(
            figure.measure,
            words(f"wall.kpi_{figure.measure}"),
            words("wall.days" if figure.id == "K8" else "wall.years", n=whole(figure.value)),
        )
        for figure in programme.streaks
        if words.has(f"wall.kpi_{figure.measure}")  # a wall has room for the few that are named
    ]


def _campaign_row(words: Words, campaign: CampaignFunnel) -> Value:
    return row(
        campaign.key,
        campaign.label.text(words.language),
        words("wall.campaign", found=whole(campaign.found), closed=whole(campaign.closed)),
        share=campaign.closed / campaign.found if campaign.found else 0.0,
    )


def grade_rows(words: Words, content: Content) -> list[Value]:
    """Give the graded areas, worst first, each with the letter of its colour."""
    order = [str(colour) for colour in AreaGradeColour]
    grades = content.programme.grades
    worst = sorted(grades.items(), key=lambda pair: (-order.index(pair[1]), pair[0]))
    return [
        row(
            code,
            _place_name(content.town, code),
            words.label("area_grade", grade),
            state=grade,
            sign=words(f"wall.grade_{grade}"),
        )
        for code, grade in worst[:_MOST_AREAS]
    ]


def tile_values(words: Words, picture: WallPicture) -> list[Value]:
    """Give the key numbers above the map."""
    hazards, disputes = (
        picture.cases[layer] for layer in (EventLayer.HAZARDS, EventLayer.DISPUTES)
    )
    overdue, soon = hazards.overdue + disputes.overdue, hazards.due_soon + disputes.due_soon
    today = words(
        "wall.tile_incidents_note", today=picture.incidents_today, week=picture.incidents_week
    )
    posts = words(
        "wall.tile_officers_note", filled=picture.posts_filled, planned=picture.posts_planned
    )
    officers = (picture.officers_on_duty, picture.officers_planned)
    is_short = officers[0] < officers[1]
    on_duty = _of(*officers)
    if picture.on_shift is not None:
        on_duty = whole(picture.on_shift)
        is_short = is_short or not picture.on_shift
        posts = words("wall.tile_shift_note", filled=officers[0], planned=officers[1])
    elif len(on_duty) > _WIDE_TILE:
        on_duty = whole(officers[0])
    on_time = rate(hazards.on_time_rate)
    made = {
        "incidents": (whole(picture.incidents_day), today, ""),
        "hazards": (whole(hazards.is_open), words("wall.tile_hazards_note", n=hazards.major_open),
                    "warn" if hazards.major_open else ""),
        "overdue": (whole(overdue), words("wall.tile_overdue_note", n=soon),
                    "bad" if overdue else "good"),
        "disputes": (whole(disputes.is_open),
                     words("wall.tile_disputes_note", rate=rate(disputes.closing_rate)), ""),
        "officers": (on_duty, posts,
                     "warn" if is_short else "good"),
        "closing": (rate(hazards.closing_rate), words("wall.tile_closing_note", rate=on_time), ""),
    }  # fmt: skip
    return [
        {
            "key": key,
            "label": words(_tile_label(key, picture)),
            "value": value,
            "note": note,
            "state": state,
            "sign": SIGNS[state] if state in {"bad", "warn"} else "",
        }
        for key, (value, note, state) in made.items()
    ]


def _tile_label(key: str, picture: WallPicture) -> str:
    """Name a tile: officers are those on shift where the store knows shifts."""
    if key != "officers" or picture.on_shift is None:
        return f"wall.tile_{key}"
    return "wall.tile_on_shift" if picture.moment.as_of_on is None else "wall.tile_on_shift_day"


def _figure_text(figure: Figure | None) -> str:
    if figure is None or figure.value is None:
        return ""
    if figure.denominator:
        return _of(figure.numerator or 0, figure.denominator)
    return f"{figure.value:,.4g}"


def _of(part: float, total: float) -> str:
    return f"{whole(part)}/{whole(total)}" if total else DASH


def _place_name(town: Town, code: str) -> str:
    names: Mapping[tuple[str, str], str] = town.names
    return next((name for (_, known), name in names.items() if known == code), code)
