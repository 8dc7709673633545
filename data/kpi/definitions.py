"""List the definitions of people, places, counts and changes: totals, K1, K2, K5-K9, K21-K25.

Used by `data.kpi.catalogue`. Knows nothing of rows.
"""

from typing import Final

from data.kpi.registry import CITY_PLATFORM, K_TABLE, Definition, quotient
from data.vocabulary import (
    AreaGradeColour,
    DeviceKind,
    DutyKind,
    EventLayer,
    IncidentKind,
    Position,
    ServicePointKind,
)

CLASSES: Final = {
    **{f"incidents_{kind.name.lower()}": (kind.value,) for kind in IncidentKind},
    "incidents_criminal_public_order": (
        IncidentKind.CRIMINAL.value,
        IncidentKind.PUBLIC_ORDER.value,
    ),
}
"""Measures of classes of incidents → codes of the kinds in them."""
COUNTED: Final = ("incidents", *CLASSES, "hazards", "disputes")
STREAK_KINDS: Final = (IncidentKind.FRAUD, IncidentKind.CRIMINAL)


def _total(key: str, term: str, needs: str, source: str = K_TABLE, about: str = "") -> Definition:
    return Definition(
        key, None, "total", "count", f"count({term})", source, term, "", (needs,), about or key
    )


def _coverage(key: str, covered: str, units: str, needs: str, source: str = K_TABLE) -> Definition:
    return Definition(
        key, "K1", "coverage", "share", quotient(covered, units), source, covered, units,
        tuple(needs.split()), key.removesuffix("_*"), more_is_better=True,
    )  # fmt: skip


def _share(key: str, part: str, whole: str, needs: str, source: str = K_TABLE) -> Definition:
    return Definition(
        key, "K2", "rate", "share", quotient(part, whole), source, part, whole,
        tuple(needs.split()), key,
    )  # fmt: skip


TOTALS: Final = (
    _total("grids", "base_grids", "grids"),
    *(_total(f"{level}_total", level, "grids") for level in ("community", "subdistrict")),
    _total("station_total", "stations", "places"),
    _total("households", "households", "grids"),
    _total("residents", "residents", "grids"),
    *(_total(layer.value, layer.value, layer.value) for layer in EventLayer),
    *(_total(key, key, "incidents", about="incidents_of_kind") for key in CLASSES),
    *(
        _total(f"{layer}_{state}", f"{state}_{layer}", layer, about=f"cases_{state}")
        for layer in ("hazards", "disputes")
        for state in ("closed", "open", "overdue")
    ),
    *(
        _total(f"appointments_{each}", f"holders_of_{each}", "appointments", "S0, S4", "appointed")
        for each in Position
    ),
    *(
        _total(f"{layer}_imprecise", f"imprecise_{layer}", layer, about="imprecise")
        for layer in EventLayer
    ),
    _total("devices", "devices_installed", "devices", "S3"),
    *(
        _total(f"devices_{each}", f"installed_{each}", "devices", "S3", "devices")
        for each in DeviceKind
    ),
    *(
        _total(f"points_{each}", f"points_of_{each}", "service_points", "S2", "points")
        for each in ServicePointKind
    ),
    *(
        _total(f"shifts_{each}", f"shifts_of_{each}", "duty_shifts", "S1, S4", "shifts")
        for each in DutyKind
    ),
    _total("visits", "stops_of_visits", "patrol_stops", "S2, S4"),
    _total("agreements_active", "agreements_in_force", "agreements", "S0"),
    _total("agreements_due", "agreements_ending_in_60_days", "agreements", "S0"),
    _total("must_points", "must_points", "patrol_targets", "domain note 4.3"),
    *(
        _total(f"areas_{each}", f"areas_{each}", "area_grades", "S1", "areas_graded")
        for each in AreaGradeColour
    ),
    _total("compounds_old", "old_compounds", "compounds", "S1, S3"),
    _total("compounds_unmanaged", "unmanaged_compounds", "compounds", "S1"),
)
COVERAGE: Final = (
    _coverage(
        "community_police_coverage", "communities_with_officer", "communities", "grids", "S0, S4"
    ),
    _coverage("community_police_on_duty", "communities_with_officer_on_duty", "communities",
              "grids appointments", "S0"),
    _coverage("deputy_secretary_coverage", "communities_with_deputy", "communities",
              "appointments", "S0, S4"),
    _coverage("grid_member_coverage", "grids_with_member", "base_grids", "grids", "S2"),
    _coverage("grid_member_on_duty", "grids_with_member_on_duty", "base_grids", "grids", "S2"),
    _coverage("grid_full_time_coverage", "grids_with_full_time_member", "base_grids",
              "grids appointments", "S1"),
    _coverage("roster_complete", "complete_places", "places_with_template", "rosters", "S0, S1"),
    _coverage("director_integration", "directors_on_subdistrict_committees", "stations",
              "appointments", "S2, S3"),
    _coverage("beat_integration", "beat_officers_as_deputies", "beat_officers",
              "appointments", "S2"),
    _coverage("auxiliary_integration", "auxiliaries_as_part_time_members", "auxiliaries",
              "appointments", "S2"),
    _coverage("contact_card_coverage", "points_with_card", "points_asked", "service_points", "S1"),
    _coverage("service_window_coverage", "stations_with_window", "stations", "service_points",
              "S2"),
    _coverage("devices_online", "devices_online", "devices_installed", "devices", "S3"),
    _coverage("devices_checked", "devices_checked", "devices_installed", "devices", "S3"),
    *(
        Definition(
            f"devices_{each}_{state}", "K1", "coverage", "share", f"{state}_{each} / {each}",
            "S3", f"{state}_{each}", f"installed_{each}", ("devices",), f"devices_{state}",
            more_is_better=True,
        )
        for each in DeviceKind
        for state in ("online", "checked")
    ),
    _coverage("star_unit_coverage", "rated_compounds", "compounds", "compounds", "S3"),
    _coverage("communities_without_fraud", "communities_without_fraud", "communities",
              "incidents grids", "S1, S3"),
    _coverage("areas_good", "areas_green_or_blue", "areas_graded", "area_grades",
              "S1; five-colour map"),
    _coverage("programme_*", "tiles_in_place", "tiles", "programmes", "S1"),
    _coverage("monthly_talks", "officers_with_talk_in_month", "officers", "talks", "S4"),
    _coverage("debriefs_done", "debriefs_held", "2 * officers", "debriefs", "S4"),
    _coverage("meetings_held", "meetings_held", "meetings_planned", "meetings", "S0, S2"),
    _coverage("meetings_with_police", "held_with_police", "held_and_noted", "meetings", "S0"),
    _coverage("meetings_with_quorum", "held_with_four_parties", "joint_meetings_held", "meetings",
              "S1"),
)  # fmt: skip
SHARES: Final = (
    _share("beat_share_of_station", "beat_officers", "station_police", "officers appointments",
           "S2"),
    _share("station_share_of_county", "station_police", "county_police", "officers", "S2"),
    _share("time_in_community", "minutes_in_community", "minutes_on_duty", "duty_shifts", "S1"),
    _share("patrol_police_led", "police_led_minutes", "patrol_minutes", "patrol_stops", "S3"),
)  # fmt: skip


def _change(key: str, kpi: str, before: str) -> Definition:
    about = "yoy" if kpi == "K5" else "pop"
    layer = key.rsplit("_", 1)[0].split("_", maxsplit=1)[0]
    return Definition(
        key, kpi, "change", "share", f"(C - {before}) / {before}", "S1, S4", f"C - {before}",
        before, (layer, "period"), about, "log_ratio", version=2 if kpi == "K6" else 1,
    )  # fmt: skip


CHANGES: Final = (
    *(_change(f"{name}_yoy", "K5", "P") for name in COUNTED),
    *(_change(f"{name}_pop", "K6", "Q") for name in COUNTED),
    *(
        Definition(
            f"{name}_fall_years", "K7", "streak", "count", "max k: y[t] < y[t-1] for the last k",
            "S3", "years_fallen", "years_compared", ("incidents",), "fall_years",
            more_is_better=True,
        )
        for name in ("incidents", *CLASSES)
    ),
)  # fmt: skip
RATES: Final = (
    *(
        Definition(
            f"days_since_{kind.name.lower()}", "K8", "streak", "days", "end - date(last event)",
            "S1", "days", "", ("incidents",), "days_since", more_is_better=True, version=2,
        )
        for kind in STREAK_KINDS
    ),
    *(
        Definition(
            f"{kind.name.lower()}_per_year", "K8", "rate", "rate", "n / years; 3 / years if n = 0",
            "S1", "n", "years", ("incidents", "period"), "per_year", "poisson_upper",
            more_is_better=False,
        )
        for kind in STREAK_KINDS
    ),
    Definition(
        "incidents_per_10000", "K9", "rate", "rate", "10000 * n / residents", K_TABLE, "n",
        "residents", ("incidents", "residents"), "incidents_per_10000", more_is_better=False,
    ),
    Definition(
        "incidents_per_10000_year", "K9", "rate", "rate", "10000 * n / residents * 365 / days",
        K_TABLE, "n", "residents * days / 365", ("incidents", "residents", "period"),
        "incidents_per_10000_year", more_is_better=False,
    ),
    Definition(
        "visibility_24h", "K21", "coverage", "share", "grids_with_police_stop_24h / grids",
        "domain note K21: no standard formula", "grids_with_police_stop_24h", "base_grids",
        ("patrol_stops", "grids"), "visibility_24h", more_is_better=True,
    ),
    Definition(
        "patrol_minutes_per_km2_day", "K21", "rate", "rate", "minutes / (km2 * days)",
        "domain note K21: no standard formula", "patrol_minutes", "km2 * days",
        ("patrol_stops", "grids", "period"), "patrol_minutes_per_km2_day", more_is_better=True,
    ),
    Definition(
        "force_per_1000", "K22", "rate", "rate", "1000 * (volunteers + members) / residents",
        "S0", "volunteers + members", "residents", ("appointments", "residents"),
        "force_per_1000", more_is_better=True,
    ),
    Definition(
        "households_per_member", "K23", "rate", "rate", "households / full_time_members",
        "S0; 300-500 households a grid", "households", "full_time_members",
        ("appointments", "households"), "households_per_member", more_is_better=False,
    ),
    Definition(
        "cases_per_member", "K23", "rate", "rate", "(hazards + disputes) / full_time_members",
        K_TABLE, "hazards + disputes", "full_time_members", ("appointments",),
        "cases_per_member", more_is_better=False,
    ),
    Definition(
        "contacts_per_day", "K23", "rate", "rate", "contacts / officer_days", "S1", "contacts",
        "officer_days", ("duty_shifts",), "contacts_per_day", more_is_better=True,
    ),
    Definition(
        "repeat_places", "K24", "spread", "share", "places(n >= 2 in 30 days) / places(n >= 1)",
        K_TABLE, "places_with_two_or_more", "places_with_any", ("incidents",), "repeat_places",
        more_is_better=False,
    ),
    Definition(
        "top_5_percent_share", "K25", "spread", "share", "n(top 5 % of grids) / n",
        K_TABLE, "n_in_top_grids", "n", ("incidents", "grids", "period"), "top_5_percent_share",
    ),
    Definition(
        "incidents_gini", "K25", "spread", "rate", "2*sum(i*x[i]) / (n*sum(x)) - (n + 1)/n",
        CITY_PLATFORM, "gini(x)", "", ("incidents", "grids", "period"), "incidents_gini",
    ),
)  # fmt: skip
