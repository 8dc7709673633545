"""Write a scenario as the files that users import: GeoJSON, CSV and JSON, the same bytes each time.

Used by the loader and by tests. Knows nothing of the store.
"""

import csv
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from data.scenarios.cases import CaseOrder, dispute_rows, hazard_rows
from data.scenarios.figures import (
    Published,
    as_rows,
    declared_of,
    golmud_figures,
    yushu_figures,
)
from data.scenarios.golmud import GOLMUD
from data.scenarios.incidents import Row, Wave, incident_rows, without_place
from data.scenarios.people import (
    Staff,
    community_staff,
    grid_members,
    leave,
    one_one_one_n,
    roster_one_one_one_n,
    roster_seat,
)
from data.scenarios.spec import ScenarioSpec
from data.scenarios.spots import Spots
from data.scenarios.town import Town, build_town
from data.scenarios.yushu import YUSHU
from data.vocabulary import IncidentKind

SPECS: dict[str, ScenarioSpec] = {spec.name: spec for spec in (GOLMUD, YUSHU)}
"""Name → scenario, in the order in which they are listed."""
LEVELS = ("province", "city", "county", "station", "subdistrict", "community", "grid")
"""Levels of places in the order of import: a parent (and a station) before what names it."""

_HEAD = (
    '{"type":"FeatureCollection","crs":{"type":"name","properties":'
    '{"name":"urn:ogc:def:crs:OGC:1.3:CRS84"}},"features":[\n'
)
_K = IncidentKind
_GOLMUD_YEAR = {
    _K.HELP: 72, _K.OTHER: 58, _K.TRAFFIC: 54, _K.DISPUTE_CALL: 36, _K.PUBLIC_ORDER: 28,
    _K.CRIMINAL: 18, _K.FRAUD: 16, _K.TIP: 12, _K.DISASTER: 6,
}  # fmt: skip
_YUSHU_BASE = {
    _K.PUBLIC_ORDER: 74, _K.HELP: 70, _K.OTHER: 52, _K.TRAFFIC: 38, _K.DISPUTE_CALL: 30,
    _K.CRIMINAL: 16, _K.FRAUD: 9, _K.TIP: 8, _K.DISASTER: 3,
}  # fmt: skip
_YUSHU_CURRENT = {
    _K.PUBLIC_ORDER: 29, _K.HELP: 17, _K.OTHER: 11, _K.TRAFFIC: 9, _K.DISPUTE_CALL: 6,
    _K.CRIMINAL: 3, _K.FRAUD: 2, _K.TIP: 1, _K.DISASTER: 1,
}  # fmt: skip
_GOLMUD_OUTSIDE = ((94.9252, 36.4071), (94.9261, 36.3968), (94.8790, 36.4139))
_ARTICLES = {"golmud_hexi": "Golmud, Hexi Subdistrict", "yushu_18": "玉树市融媒体中心 2023-06-16"}


@dataclass(frozen=True)
class Contents:
    """Everything a scenario's files say."""

    spec: ScenarioSpec
    town: Town
    staff: Staff
    roster: dict[str, object]
    incidents: list[Row]
    hazards: list[Row]
    disputes: list[Row]
    published: list[Published]


def contents(spec: ScenarioSpec) -> Contents:
    """Draw a whole scenario from its seed."""
    town = build_town(spec)
    return _golmud(spec, town) if spec is GOLMUD else _yushu(spec, town)


def write_scenario(spec: ScenarioSpec, folder: Path) -> dict[str, Path]:
    """Write all files of a scenario into a folder that exists.

    Returns
    -------
    dict
        Name of the file → its path, in the order in which they are imported.
    """
    told = contents(spec)
    written: dict[str, Path] = {}
    for level in LEVELS:
        name = "grids.geojson" if level == "grid" else f"places_{level}.geojson"
        written[name] = _geojson(folder / name, _unit_features(told.town, level))
    written["streets.geojson"] = _geojson(folder / "streets.geojson", _street_features(told.town))
    written["blocks.geojson"] = _geojson(folder / "blocks.geojson", _block_features(told.town))
    tables = {
        "officers.csv": told.staff.officers,
        "appointments.csv": told.staff.appointments,
        "hazards.csv": told.hazards,
        "disputes.csv": told.disputes,
        "incidents.csv": told.incidents,
    }
    for name, rows in tables.items():
        written[name] = _csv(folder / name, rows)
    documents: dict[str, object] = {
        "roster.json": told.roster,
        "declared_figures.json": declared_of(told.published, _ARTICLES[spec.name]),
        "published_kpi.json": as_rows(told.published),
        "scenario.json": settings_of(spec),
    }
    for name, document in documents.items():
        text = json.dumps(document, ensure_ascii=False, indent=1, sort_keys=False) + "\n"
        (folder / name).write_text(text, encoding="utf-8", newline="\n")
        written[name] = folder / name
    return written


def settings_of(spec: ScenarioSpec) -> dict[str, object]:
    """Give the settings that a scenario leaves in the store."""
    return {
        "scenario": spec.name,
        "scenario_is_synthetic": True,
        "scenario_title": {"zh": spec.titles["zh"], "en": spec.titles["en"]},
        "scenario_as_of": spec.spans.as_of.isoformat(),
        "period_since": spec.spans.since.isoformat(),
        "period_until": spec.spans.as_of.isoformat(),
        "tz": spec.tz,
        "centre": {"lon": spec.plane.lon, "lat": spec.plane.lat},
    }


def _golmud(spec: ScenarioSpec, town: Town) -> Contents:
    dice = np.random.default_rng(spec.seed + 1)
    spots, days = Spots(town, dice), spec.spans
    incidents = incident_rows(
        spots, (Wave(days.since, days.as_of, _GOLMUD_YEAR),), days.as_of, dice
    )
    without_place(incidents, 6, list(_GOLMUD_OUTSIDE))
    hazards = hazard_rows(spots, CaseOrder(120, days.since, days.as_of), dice)
    order = CaseOrder(60, days.since, days.as_of, unsettled=11, rooted=8)
    disputes = dispute_rows(spots, order, hazards, dice)
    staff = community_staff(town, days.since, is_seat=False)
    grid_members(staff, town, days.since)
    one_one_one_n(staff, town, days.since, dice)
    leave(staff, days.as_of)
    published = golmud_figures(spec)
    return Contents(
        spec, town, staff, roster_one_one_one_n(), incidents, hazards, disputes, published
    )


def _yushu(spec: ScenarioSpec, town: Town) -> Contents:
    dice = np.random.default_rng(spec.seed + 1)
    spots, days = Spots(town, dice), spec.spans
    waves = (
        Wave(days.base_since or days.since, days.since, _YUSHU_BASE),
        Wave(days.since, days.as_of, _YUSHU_CURRENT),
    )
    incidents = incident_rows(spots, waves, days.as_of, dice)
    hazards = hazard_rows(spots, CaseOrder(150, days.since, days.as_of), dice)
    order = CaseOrder(84, days.since, days.as_of, unsettled=7, rooted=7)
    disputes = dispute_rows(spots, order, hazards, dice)
    staff = community_staff(town, days.since, is_seat=True)
    grid_members(staff, town, days.since)
    published = yushu_figures(spec)
    return Contents(spec, town, staff, roster_seat(), incidents, hazards, disputes, published)


def _unit_features(town: Town, level: str) -> Iterable[tuple[dict[str, object], object]]:
    is_counted = level not in {"province", "city", "county"}
    for unit in town.of(level):
        properties: dict[str, object] = {
            "code": unit.code,
            "name": unit.name,
            "parent": unit.parent,
            "kind": unit.kind,
            "households": unit.households if is_counted else None,
            "residents": unit.residents if is_counted else None,
        }
        if level == "community":
            properties["station"] = unit.station
        yield properties, _on_globe(town, unit.shape)


def _street_features(town: Town) -> Iterable[tuple[dict[str, object], object]]:
    for number, line in enumerate(town.lines, 1):
        properties: dict[str, object] = {
            "id": f"DL{number:04d}",
            "name": line.name,
            "street_class": line.street_class,
        }
        yield properties, _on_globe(town, line.shape)


def _block_features(town: Town) -> Iterable[tuple[dict[str, object], object]]:
    for compound in town.compounds:
        properties: dict[str, object] = {
            "id": compound.key,
            "name": compound.name,
            "kind": compound.kind,
            "households": compound.households,
            "residents": compound.residents,
        }
        yield properties, _on_globe(town, compound.shape)


def _on_globe(town: Town, shape: BaseGeometry) -> object:
    """Move a shape from the plane to lon/lat; a vertex shared before is shared after."""
    moved = shapely.transform(shape, town.plane.to_lonlat)
    if moved.geom_type in {"Polygon", "MultiPolygon"}:
        moved = shapely.orient_polygons(moved)
    return json.loads(shapely.to_geojson(moved))


def _geojson(path: Path, features: Iterable[tuple[Mapping[str, object], object]]) -> Path:
    lines = [
        json.dumps(
            {"type": "Feature", "properties": properties, "geometry": geometry},
            ensure_ascii=False,
            separators=(",", ":"),
        )
        for properties, geometry in features
    ]
    text = _HEAD + ",\n".join(lines) + "\n]}\n"
    path.write_text(text, encoding="utf-8", newline="\n")
    return path


def _csv(path: Path, rows: Sequence[Row]) -> Path:
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows({key: _cell(value) for key, value in row.items()} for row in rows)
    return path


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%d %H:%M")
    if isinstance(value, date):
        return value.isoformat()
    return str(value)
