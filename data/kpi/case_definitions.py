"""List the definitions of cases, patrols and plans: K3, K4, K10-K20, K26.

Used by `data.kpi.catalogue`. Knows nothing of rows.
"""

from typing import Final

from data.kpi.registry import CITY_PLATFORM, K_TABLE, Definition, Unit, quotient
from data.vocabulary import CaseLevel, CaseLoop

CASE_LAYERS: Final = ("hazards", "disputes")


def _rate(  # noqa: PLR0913 - a row of a table
    key: str,
    kpi: str,
    part: str,
    whole: str,
    needs: str,
    *,
    about: str = "",
    source: str = K_TABLE,
    more_is_better: bool = True,
    version: int = 1,
) -> Definition:
    return Definition(
        key, kpi, "rate", "share", quotient(part, whole), source, part, whole,
        tuple(needs.split()), about or key, "wilson", more_is_better, version,
    )  # fmt: skip


RESOLUTION: Final = (
    _rate("dispute_resolution_rate", "K3", "closed", "found - void", "disputes",
          source="S2: 59,400 / 61,700"),
    _rate("dispute_resolution_flow", "K3", "closed_in_period", "found_in_period",
          "disputes period"),
    _rate("disputes_root_fixed", "K3", "root_hazard_closed", "closed_with_root_hazard",
          "disputes hazards", source="S2: two-stage closure"),
    _rate("hazard_rectification_rate", "K4", "closed", "found - void", "hazards"),
    _rate("hazard_rectification_flow", "K4", "closed_in_period", "found_in_period",
          "hazards period"),
    _rate("major_hazard_rectification_rate", "K4", "closed_major", "found_major", "hazards",
          version=2),
)  # fmt: skip
_STAGES: Final = (
    # ending, K, part, whole, source, more is better, version
    ("closing_rate", "K11", "closed", "closed + open_due", CITY_PLATFORM, True, 2),
    ("on_time_rate", "K12", "closed_on_time", "closed_with_limit + open_due", CITY_PLATFORM,
     True, 2),
    ("on_time_of_closed", "K12", "closed_on_time", "closed_with_limit", CITY_PLATFORM, True, 1),
    ("disposal_rate", "K13", "disposed", "accepted", CITY_PLATFORM, True, 1),
    ("on_time_disposal", "K13", "disposed_on_time", "disposed_with_limit + undisposed_due",
     CITY_PLATFORM, True, 1),
    ("rework_rate", "K14", "reworked", "disposed", CITY_PLATFORM, False, 1),
    ("filing_rate", "K15", "filed", "reported", CITY_PLATFORM, True, 1),
    ("valid_report_rate", "K15", "valid_member_reports", "member_reports", CITY_PLATFORM, True,
     1),
    ("missed_report_rate", "K16", "public_reports", "filed", CITY_PLATFORM, False, 1),
    ("on_time_verification", "K17", "verified_within_limit", "verified + verification_due",
     CITY_PLATFORM, True, 1),
    ("on_time_recheck", "K17", "rechecked_within_limit", "rechecked + recheck_due",
     CITY_PLATFORM, True, 1),
    ("dispatch_accuracy", "K18", "dispatched_once", "dispatched", CITY_PLATFORM, True, 1),
    ("response_rate", "K19", "contacted", "asked_for_contact", "Beijing 12345 appraisal", True, 1),
    ("solved_rate", "K19", "solved", "surveyed", "Beijing 12345 appraisal", True, 1),
    ("satisfaction_rate", "K19", "satisfied", "surveyed", "Beijing 12345 appraisal", True, 1),
)  # fmt: skip
STAGES: Final = tuple(
    _rate(f"{layer}_{ending}", kpi, part, whole, layer, about=ending, source=source,
          more_is_better=is_better, version=version)
    for layer in CASE_LAYERS
    for ending, kpi, part, whole, source, is_better, version in _STAGES
)  # fmt: skip
LEVELS: Final = (
    *(
        _rate(f"{layer}_closed_at_{level}", "K11", f"closed_at_{level}", "closed_with_level",
              layer, about="closed_at_level", source="S3")
        for layer in CASE_LAYERS
        for level in CaseLevel
    ),
    *(
        _rate(f"{layer}_closing_{loop}", "K11", f"closed_in_{loop}_loop", f"in_{loop}_loop",
              layer, about="closing_of_loop", source="S3: small and large closed loop")
        for layer in CASE_LAYERS
        for loop in CaseLoop
    ),
)  # fmt: skip
DURATIONS: Final = tuple(
    Definition(
        f"{layer}_minutes_{name}", "K26", "duration", "minutes",
        f"{name}(business_minutes(closed - accepted) - suspended)", K_TABLE, name, "closed",
        (layer,), f"minutes_{name}", more_is_better=False,
    )
    for layer in ("incidents", *CASE_LAYERS)
    for name in ("median", "p90")
)  # fmt: skip


def _patrol(
    key: str, part: str, whole: str, needs: str, *, source: str = K_TABLE, version: int = 1
) -> Definition:
    return Definition(
        key, "K20", "coverage", "share", quotient(part, whole), source, part, whole,
        tuple(needs.split()), key, more_is_better=True, version=version,
    )  # fmt: skip


PATROLS: Final = (
    _patrol("grids_visited", "grids_with_stop", "base_grids", "patrol_stops grids"),
    _patrol("must_points_reached", "times_reached", "times_due",
            "patrol_targets patrol_stops period", source="domain note 4.3"),
    _patrol("must_lines_walked", "km_walked", "km_due", "patrol_targets patrol_stops period",
            source="domain note 4.3"),
    _patrol("households_visited", "households_visited", "households", "patrol_stops households",
            source="S2, S3, S4"),
)  # fmt: skip


def _plan(
    key: str, part: str, whole: str, needs: str, *, about: str = "", unit: Unit = "share"
) -> Definition:
    return Definition(
        key, "K10", "progress", unit, quotient(part, whole), "S3, S2", part, whole,
        tuple(needs.split()), about or key, more_is_better=True,
    )  # fmt: skip


PLANS: Final = (
    _plan("target_*", "done", "planned", "targets", about="target"),
    _plan("target_*_expected", "days_elapsed", "days_of_plan", "targets", about="target_expected"),
    _plan("target_*_achieved", "done", "base", "targets", about="target_achieved"),
    _plan("campaign_*_days", "day", "days", "campaigns", about="campaign_days"),
    Definition(
        "campaign_*_rate", "K3", "rate", "share", "closed / (found - void)", "S2", "closed",
        "found_in_span", ("campaigns",), "campaign_rate", "wilson", more_is_better=True,
    ),
)  # fmt: skip
