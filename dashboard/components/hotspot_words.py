"""Put a hotspot answer into words, once for the screen and the printed sheet.

Used by the hotspot screen and its exports. Texts are plain: whoever shows them as Markdown escapes
them. Never "prediction": an answer describes the past.
"""

from __future__ import annotations

import math
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from dashboard.components.formats import DASH, moment, whole
from dashboard.viewmodels.hotspots import MOST_LISTED
from data.analysis.hotspots import Units
from data.grids_of import GridsOf

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dashboard.text import Words
    from dashboard.viewmodels.hotspots import HotspotView
    from data.analysis.hotspots import HotspotAnswer

_SMALL: Final = 0.001
_LATTICE: Final = {Units.SQUARES: "square", Units.HEXAGONS: "hexagon"}
_M2_IN_KM2: Final = 1e6


def class_label(words: Words, code: str) -> str:
    """Name a class."""
    return words.label("hotspot_class", code)


def cell_name(words: Words, view: HotspotView, row: int) -> str:
    """Say which place a cell is, as text: its name, or the unit that its middle lies in."""
    code = view.ids[row]
    name = view.own_names[row]
    if name:
        return name
    units = view.answer.question.units
    kind = _LATTICE.get(units) if units is not None else None
    unit = view.unit_names.get(row, "")
    if kind and unit:
        return words(f"hotspot.cell_{kind}", unit=unit, code=code)
    return words("hotspot.cell_bare", code=code) if kind else code


def measure_label(words: Words, answer: HotspotAnswer) -> str:
    """Say what cells are shaded by."""
    question = answer.question
    return words(
        f"hotspot_measure.{question.method.value}",
        per=whole(question.options.rate_per),
        days=f"{question.options.near_days[0]:g}",
        m=f"{question.options.near_m[0]:g}",
    )


def value_text(view: HotspotView, row: int) -> str:
    """Write what a cell is ranked by; a dash without a base."""
    return number_text(float(view.values[row]), is_whole=view.is_whole)


def number_text(value: float, *, is_whole: bool = False) -> str:
    """Write a figure as finely as it is of use."""
    if not math.isfinite(value):
        return DASH
    if is_whole or abs(value) >= 100:  # noqa: PLR2004 - three figures are enough
        return f"{value:,.0f}"
    return f"{value:,.2f}"


def p_text(p: float) -> str:
    """Write a p-value; a dash where nothing was tested."""
    if not math.isfinite(p):
        return DASH
    return f"<{_SMALL}" if p < _SMALL else f"{p:.3f}"


def heading(words: Words, answer: HotspotAnswer) -> str:
    """Say how many events of which time lie in how many cells."""
    report = answer.report
    units = words(f"hotspot_units.{report['units']}")
    facts = {"inside": whole(report["inside"]), "cells": whole(report["cells"])}
    facts["units"] = units if words.language == "zh" else units.lower()
    since, until = answer.question.since, answer.question.until
    if since is None or until is None:
        return words("hotspot.said_all", **facts)
    last = moment(until, report["tz"])[:10] if until.hour else _day_before(until, report["tz"])
    return words("hotspot.said", since=moment(since, report["tz"])[:10], until=last, **facts)


def _day_before(until: datetime, tz: str) -> str:
    return moment(datetime.fromtimestamp(until.timestamp() - 1, until.tzinfo), tz)[:10]


def left_apart(words: Words, answer: HotspotAnswer) -> str:
    """Say what is not counted; empty where all is."""
    report = answer.report
    found = int(report["channels"].get("discovered", 0)) if report["channel"] == "reported" else 0
    facts = {"discovered": found, "unlocated": report["unlocated"], "outside": report["outside"]}
    if not any(facts.values()):
        return ""
    return words("hotspot.left_apart", **{name: whole(n) for name, n in facts.items()})


def table_rows(words: Words, view: HotspotView, most: int = MOST_LISTED) -> list[dict[str, object]]:
    """Write the cells that rank highest."""
    frame = view.answer.frame
    has_p = "p_bh" in frame.columns
    rows: list[dict[str, object]] = []
    for row in view.order[:most].tolist():
        line: dict[str, object] = {
            "rank": view.rank[row],
            "hotspot_place": cell_name(words, view, row),
            "hotspot_n": int(view.n[row]),
            "hotspot_score": _marked(words, view, row, value_text(view, row)),
            "hotspot_class": class_label(words, str(view.classes[row])),
        }
        if has_p:
            line["hotspot_p"] = p_text(float(frame["p_bh"].iloc[row]))
        rows.append(line)
    return rows


def _marked(words: Words, view: HotspotView, row: int, value: str) -> str:
    """Mark a rate that stands on people shared out from a grid that a plan cuts."""
    marks = view.answer.frame.get("is_estimated")
    if marks is None or not marks.iloc[row] or value == DASH:
        return value
    return words("grids_of.estimated_value", value=value)


def table_columns(view: HotspotView) -> tuple[str, ...]:
    """Name the columns of `table_rows`."""
    p = ("hotspot_p",) if "p_bh" in view.answer.frame.columns else ()
    return ("rank", "hotspot_place", "hotspot_n", "hotspot_score", *p, "hotspot_class")


def report_lines(words: Words, report: Mapping[str, Any]) -> tuple[str, ...]:
    """Tell how an answer was worked out, each automatic choice in a sentence."""
    lines = [words(f"hotspot_report.{key}", **_facts(words, report)) for key in _told(report)]
    as_of = GridsOf(str(report.get("as_of", "today")))
    if as_of.plan_id is not None:
        lines.append(words("grids_of.on_plan", plan=as_of.plan_id))
    elif as_of.as_of != "today":
        lines.append(words("grids_of.on_day", day=as_of.as_of))
    joint = words("joint.parts")
    left = report.get("left_out") or {}
    parts = [words(f"hotspot_left.{name}", n=whole(n)) for name, n in left.items() if n]
    if parts:
        lines.append(words("hotspot_report.left_out", parts=joint.join(parts)))
    return tuple(lines)


def warning_lines(words: Words, told: Sequence[Mapping[str, Any]]) -> tuple[str, ...]:
    """Write the warnings of a report."""
    return tuple(
        words.warning(str(one["code"]), {k: v for k, v in one.items() if k != "code"})
        for one in told
    )


def _told(report: Mapping[str, Any]) -> list[str]:
    """Choose the sentences that this report has something to say to."""
    told = ["events", "cells", "crs", f"cell_choice_{report['cell_choice']}"]
    if report["cell_m"] is None:
        told.remove(f"cell_choice_{report['cell_choice']}")
    told.append(f"area_{report['area_from']}")
    told.append(f"channel_{report['channel']}")
    present = (
        ("bandwidth_m", f"bandwidth_{report.get('bandwidth_choice', '')}"),
        ("kernel", "kernel"),
        ("density_error_share", "density_error"),
        ("light_share", "light_share"),
        ("rate_per", "rate_per"),
        ("contiguity", f"contiguity_{report.get('contiguity', '')}"),
        ("tests", "tests"),
        ("split_at", "split"),
        ("slices", "slices"),
        ("recent", "near"),
        ("interval", f"interval_{report.get('interval', '')}"),
    )
    told += [sentence for key, sentence in present if report.get(key) is not None]
    told.append(f"hot_{report['hot_rule']}")
    return [*told, "min_events", "ties"]


def _facts(words: Words, report: Mapping[str, Any]) -> dict[str, object]:
    facts: dict[str, object] = {key: _figure(value) for key, value in report.items()}
    facts["km2"] = f"{report['area_m2'] / _M2_IN_KM2:,.2f}"
    facts["units"] = words(f"hotspot_units.{report['units']}")
    facts["kernel"] = words.label("hotspot_kernel", str(report.get("kernel", "")))
    for key in ("split_at", "since_at", "until_at"):
        if report.get(key):
            facts[key] = moment(datetime.fromisoformat(str(report[key])), str(report["tz"]))
    if report.get("density_error_share") is not None:
        facts["density_error_share"] = f"{float(report['density_error_share']):.1g}"
    return facts


def _figure(value: object) -> object:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return value
    return f"{value:,.0f}" if value == int(value) else f"{value:,.2f}"
