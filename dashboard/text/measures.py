"""Name and explain the measures of the KPI engine in one language.

Used by the command line, boards and prints. Knows nothing of values; names that rows bear
themselves (of targets and campaigns) are handed in.
"""

from collections.abc import Mapping
from typing import Final

from dashboard.text import Words
from data.vocabulary import CaseLevel, CaseLoop, EventLayer, IncidentKind

RowLabels = Mapping[str, Mapping[str, str]]
"""Stem of a measure (`target_x`, `campaign_y`) → language → name."""
_ENDINGS: Final = ("yoy", "pop", "fall_years", "imprecise")
_KINDS: Final = {f"incidents_{kind.name.lower()}": kind.value for kind in IncidentKind}
_GROUPS: Final = {
    "appointments_": ("position", "appointments"),
    "points_": ("service_point_kind", "of_point"),
    "shifts_": ("duty_kind", "of_shift"),
    "areas_": ("area_grade", "of_grade"),
    "programme_": ("programme", "programme"),
}
_PLANS: Final = {
    "target_": (("_expected", "target_expected"), ("_achieved", "target_achieved"), ("", "target")),
    "campaign_": (("_days", "campaign_days"), ("_rate", "campaign_rate")),
}


def measure_label(measure: str, words: Words, rows: RowLabels | None = None) -> str:
    """Name a measure; one that nobody knows keeps its words.

    Parameters
    ----------
    rows
        Names of targets and campaigns, from `data.kpi.plan_labels`.
    """
    if words.has(f"kpi_measure.{measure}"):
        return words(f"kpi_measure.{measure}")
    if measure in _KINDS:
        kind = words.label("incident_kind", _KINDS[measure])
        return words("kpi_measure.of_kind", measure=kind)
    for ending in _ENDINGS:
        if measure.endswith(f"_{ending}"):
            plain = measure_label(measure.removesuffix(f"_{ending}"), words, rows)
            return words(f"kpi_measure.{ending}", measure=plain)
    found = (
        _of_group(measure, words)
        or _of_device(measure, words)
        or _of_layer(measure, words)
        or _of_plan(measure, words, rows or {})
    )
    return found or measure.replace("_", " ").replace("*", "…").strip()


def measure_about(about: str, words: Words) -> str:
    """Explain a family of measures in one sentence (`Definition.about`)."""
    return words(f"kpi_about.{about}")


def note_text(note: str, words: Words) -> str:
    """Say the codes of a figure's note; a declared figure's source is said as it stands."""
    codes = note.split(",")
    if not all(words.has(f"kpi_note.{code}") for code in codes):
        return note
    return ", ".join(words(f"kpi_note.{code}") for code in codes)


def _of_group(measure: str, words: Words) -> str | None:
    for start, (group, key) in _GROUPS.items():
        if measure.startswith(start):
            code = measure.removeprefix(start)
            name = words.label(group, code)
            shown = name if words.has(f"{group}.{code}") else _plain(code)
            return words(f"kpi_measure.{key}", measure=shown)
    return None


def _of_device(measure: str, words: Words) -> str | None:
    if not measure.startswith("devices_"):
        return None
    kind, key = measure.removeprefix("devices_"), "of_device"
    for state in ("online", "checked"):
        if kind.endswith(f"_{state}"):
            kind, key = kind.removesuffix(f"_{state}"), f"of_device_{state}"
    return words(f"kpi_measure.{key}", measure=words.label("device_kind", kind))


def _of_layer(measure: str, words: Words) -> str | None:
    layer, _, rest = measure.partition("_")
    if layer not in set(EventLayer):
        return None
    name = words.label("layer", layer)
    for start, group, codes in (
        ("closed_at", "case_level", set(CaseLevel)),
        ("closing", "case_loop", set(CaseLoop)),
    ):
        code = rest.removeprefix(f"{start}_")
        if rest.startswith(f"{start}_") and code in codes:
            inner = words(f"kpi_measure.{start}", measure=words.label(group, code))
            return words("kpi_measure.of_layer", layer=name, measure=inner)
    if not words.has(f"kpi_measure.{rest}"):
        return None
    return words("kpi_measure.of_layer", layer=name, measure=words(f"kpi_measure.{rest}"))


def _of_plan(measure: str, words: Words, rows: RowLabels) -> str | None:
    for start, endings in _PLANS.items():
        if not measure.startswith(start):
            continue
        for ending, key in endings:
            stem = measure.removesuffix(ending)
            if measure.endswith(ending):
                name = rows.get(stem, {}).get(words.language)
                inner = name or measure_label(stem.removeprefix(start), words)
                return words(f"kpi_measure.{key}", measure=inner)
    return None


def _plain(code: str) -> str:
    return code.replace("_", " ").replace("*", "…")
