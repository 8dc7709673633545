"""Write a scenario as the files that users import: GeoJSON, CSV and JSON, the same bytes each time.

Used by the loader and by tests. Knows nothing of the store.
"""

import csv
import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from pathlib import Path

import shapely
from shapely.geometry.base import BaseGeometry

from data.scenarios.catalogue import STORIES
from data.scenarios.contents import Contents
from data.scenarios.figures import as_rows, declared_of
from data.scenarios.incidents import Row
from data.scenarios.spec import ScenarioSpec
from data.scenarios.town import Town, build_town

LEVELS = ("province", "city", "county", "station", "subdistrict", "community", "grid")
"""Levels of places in the order of import: a parent (and a station) before what names it."""
STEPS = "case_steps.csv"

_HEAD = (
    '{"type":"FeatureCollection","crs":{"type":"name","properties":'
    '{"name":"urn:ogc:def:crs:OGC:1.3:CRS84"}},"features":[\n'
)


def contents(spec: ScenarioSpec) -> Contents:
    """Draw a whole scenario from its seed."""
    return STORIES[spec.name](spec, build_town(spec))


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
        written[name] = write_geojson(folder / name, unit_features(told.town, level))
    lines = {
        "streets.geojson": street_features(told.town),
        "blocks.geojson": _block_features(told),
    }
    for name, features in lines.items():
        written[name] = write_geojson(folder / name, features)
    for name, rows in _tables(told).items():
        written[name] = write_csv(folder / name, rows)
    documents: dict[str, object] = {
        "roster.json": told.roster,
        "declared_figures.json": declared_of(told.published, told.article),
        "published_kpi.json": as_rows(told.published),
        "scenario.json": settings_of(spec),
    }
    for name, document in documents.items():
        written[name] = write_json(folder / name, document)
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


def write_geojson(path: Path, features: Iterable[tuple[Mapping[str, object], object]]) -> Path:
    """Write features (properties, GeoJSON geometry) in lon/lat, one a line."""
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


def write_csv(path: Path, rows: Sequence[Row]) -> Path:
    """Write rows under every column that any of them has; what a row lacks stays empty."""
    columns = list(dict.fromkeys(name for row in rows for name in row))
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, columns, restval="", lineterminator="\n")
        writer.writeheader()
        writer.writerows({key: _cell(value) for key, value in row.items()} for row in rows)
    return path


def write_json(path: Path, document: object) -> Path:
    """Write a document, one item a line."""
    text = json.dumps(document, ensure_ascii=False, indent=1, sort_keys=False) + "\n"
    path.write_text(text, encoding="utf-8", newline="\n")
    return path


def _tables(told: Contents) -> dict[str, Sequence[Row]]:
    tables: dict[str, Sequence[Row]] = {
        "officers.csv": told.staff.officers,
        "appointments.csv": told.staff.appointments,
        "hazards.csv": told.events.hazards,
        "disputes.csv": told.events.disputes,
        "incidents.csv": told.events.incidents,
    }
    tables |= {f"{layer.value}.csv": rows for layer, rows in told.registers.items()}
    if told.steps:
        tables[STEPS] = told.steps
    return tables


def unit_features(town: Town, level: str) -> Iterable[tuple[dict[str, object], object]]:
    """Give the units of one level as properties and geometry."""
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


def street_features(town: Town) -> Iterable[tuple[dict[str, object], object]]:
    """Give the streets, rivers and railways of a town as properties and geometry."""
    for number, line in enumerate(town.lines, 1):
        properties: dict[str, object] = {
            "id": f"DL{number:04d}",
            "name": line.name,
            "street_class": line.street_class,
        }
        yield properties, _on_globe(town, line.shape)


def _block_features(told: Contents) -> Iterable[tuple[dict[str, object], object]]:
    for compound in told.town.compounds:
        state = told.compounds.get(compound.key)
        properties: dict[str, object] = {
            "id": compound.key,
            "name": compound.name,
            "kind": compound.kind,
            "households": compound.households,
            "residents": compound.residents,
            "is_old": state.is_old if state else None,
            "is_unmanaged": state.is_unmanaged if state else None,
            "safe_stars": state.safe_stars if state else None,
        }
        yield properties, _on_globe(told.town, compound.shape)


def _on_globe(town: Town, shape: BaseGeometry) -> object:
    """Move a shape from the plane to lon/lat; a vertex shared before is shared after."""
    moved = shapely.transform(shape, town.plane.to_lonlat)
    if moved.geom_type in {"Polygon", "MultiPolygon"}:
        moved = shapely.orient_polygons(moved)
    return json.loads(shapely.to_geojson(moved))


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%d %H:%M")
    if isinstance(value, date):
        return value.isoformat()
    return str(value)
