"""Work out the figures that governing reports publish, each with what it stands on.

Used by the command line, screens, exports and view models. Formulas K1-K26: domain note 1.7;
`docs/kpi.md` names every measure. Every figure carries numerator, denominator and, where one is
defined, a 95 % interval; a zero denominator gives no value. Figures for units whose rows the store
does not hold come from `declared_figure`.
"""

from data.kpi.calendar import WorkCalendar
from data.kpi.catalogue import REGISTRY, definition_of
from data.kpi.engine import figures
from data.kpi.figure import NOTES, SMALL_BASE, Figure, Question
from data.kpi.happenings import change, change_figure, yearly_counts
from data.kpi.intervals import Z_95, change_interval, gini, wilson, zero_rate_upper
from data.kpi.labels import plan_labels
from data.kpi.registry import K_NUMBERS, Definition
from data.kpi.repeats import PLACE_RADIUS_M, place_of
from data.kpi.spans import same_span_last_year, span_before
from data.kpi.staffing import BEAT_POSITIONS, MEMBER_POSITIONS

__all__ = [
    "BEAT_POSITIONS",
    "K_NUMBERS",
    "MEMBER_POSITIONS",
    "NOTES",
    "PLACE_RADIUS_M",
    "REGISTRY",
    "SMALL_BASE",
    "Z_95",
    "Definition",
    "Figure",
    "Question",
    "WorkCalendar",
    "change",
    "change_figure",
    "change_interval",
    "definition_of",
    "figures",
    "gini",
    "place_of",
    "plan_labels",
    "same_span_last_year",
    "span_before",
    "wilson",
    "yearly_counts",
    "zero_rate_upper",
]
