"""Write one figure of the KPI engine as cells: its name, value, what it stands on, and remarks.

Used by the command line and screens. Knows nothing of where figures come from.
"""

from typing import TYPE_CHECKING, Final

from dashboard.text.measures import measure_label, note_text
from dashboard.text.numbers import DASH

if TYPE_CHECKING:
    from dashboard.text import Words
    from dashboard.text.measures import RowLabels
    from data.kpi import Figure

CELLS: Final = ("number", "measure", "scope", "value", "of", "interval", "source", "note")


def figure_cells(figure: "Figure", unit: str, words: "Words", rows: "RowLabels") -> tuple[str, ...]:
    """Give the cells named by `CELLS`, the unit as people read it.

    Parameters
    ----------
    unit
        Of the measure's definition: share, days, minutes, count, ….
    rows
        Names of targets and campaigns, from `data.kpi.plan_labels`.
    """
    base = DASH
    if figure.denominator is not None and figure.numerator is not None:
        base = f"{number_text(figure.numerator)}/{number_text(figure.denominator)}"
    elif figure.denominator is not None:
        base = f"n={number_text(figure.denominator)}"
    span = DASH
    if figure.low is not None and figure.high is not None:
        low, high = (value_text(value, unit, words) for value in (figure.low, figure.high))
        span = f"[{low}, {high}]"
    return (
        figure.id or "-",
        measure_label(figure.measure, words, rows),
        words("kpi_measure.all") if figure.scope == "all" else figure.scope,
        value_text(figure.value, unit, words),
        base,
        span,
        words(f"kpi.source_{figure.source}"),
        note_text(figure.note, words) if figure.note else "",
    )


def by_number(figure: "Figure") -> int:
    """Put totals first, then K1 to K26."""
    return int(figure.id[1:]) if figure.id and figure.id[1:].isdigit() else 0


def value_text(value: float | None, unit: str, words: "Words") -> str:
    """Write a value in its unit; a dash without one."""
    if value is None:
        return DASH
    if unit == "share":
        return f"{100 * value:.2f} %"
    if unit in {"days", "minutes"}:
        return words(f"kpi.{unit}", n=number_text(round(value, 1)))
    return number_text(value)


def number_text(value: float) -> str:
    """Write a number with at most two decimals."""
    text = f"{value:,.2f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
