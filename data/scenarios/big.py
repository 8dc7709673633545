"""Make a town of any size for measurements: a tiling of grids, a force, up to millions of calls.

Used by the loader and by benchmarks. Everything is drawn with NumPy from one seed. Knows nothing of
the five towns' shapes; kinds and hours are theirs.
"""

from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Final, cast

import numpy as np
import shapely
from shapely import Polygon

from data.errors import DataError
from data.scenarios.big_grids import Lattice, lattice_of
from data.scenarios.big_incidents import incidents_table, write_table
from data.scenarios.files import (
    LEVELS,
    street_features,
    unit_features,
    write_csv,
    write_geojson,
    write_json,
)
from data.scenarios.incidents import Row
from data.scenarios.spec import Plane
from data.scenarios.streets import Line
from data.scenarios.town import Town, Unit
from data.vocabulary import HolderKind, Position

NAME: Final = "big"
_TZ: Final = "Asia/Shanghai"
_COUNTY: Final = "990101"
_PLANE: Final = Plane(112.0, 33.0)
_AS_OF: Final = date(2025, 1, 1)
_YEARS: Final = 3
_GRIDS_A_COMMUNITY, _COMMUNITIES_A_SUBDISTRICT = 6, 10
_HOUSEHOLDS: Final = (300, 501)
_PEOPLE_A_HOME: Final = 2.7
_CODES: Final = 999
_LIMITS: Final = {
    "grids": (4, _CODES * _COMMUNITIES_A_SUBDISTRICT * _GRIDS_A_COMMUNITY),
    "officers": (1, 1_000_000),
    "incidents": (1, 100_000_000),
}


@dataclass(frozen=True)
class BigSize:
    """How big: base grids, people in post, incidents; and the seed of all chance."""

    grids: int = 600
    officers: int = 1_200
    incidents: int = 1_000_000
    seed: int = 1


def write_big(size: BigSize, folder: Path) -> dict[str, Path]:
    """Write the files of a big town; the same size and seed give the same bytes.

    Returns
    -------
    dict
        Name of the file → its path, in the order in which they are imported.

    Raises
    ------
    DataError
        `bad_scenario_size`: fields `field`, `value`, `least`, `most`.
    """
    for name, (least, most) in _LIMITS.items():
        value = getattr(size, name)
        if not least <= value <= most:
            raise DataError("bad_scenario_size", field=name, value=value, least=least, most=most)
    dice = np.random.default_rng(size.seed)
    lattice = lattice_of(size.grids, dice)
    lines = tuple(Line(street_class, None, shape) for street_class, shape in lattice.streets())
    town = Town(_PLANE, lines, (), tuple(_units(lattice, dice)))
    written: dict[str, Path] = {}
    for level in LEVELS:
        name = "grids.geojson" if level == "grid" else f"places_{level}.geojson"
        written[name] = write_geojson(folder / name, unit_features(town, level))
    written["streets.geojson"] = write_geojson(folder / "streets.geojson", street_features(town))
    officers, appointments = _force(town, size.officers)
    written["officers.csv"] = write_csv(folder / "officers.csv", officers)
    written["appointments.csv"] = write_csv(folder / "appointments.csv", appointments)
    since = _AS_OF.replace(year=_AS_OF.year - _YEARS)
    table = incidents_table(lattice, _PLANE, size.incidents, (since, _AS_OF), dice)
    written["incidents.csv"] = write_table(folder / "incidents.csv", table)
    nothing: list[object] = []
    for name, document in {
        "declared_figures.json": nothing, "scenario.json": _settings(size),
    }.items():  # fmt: skip
        written[name] = write_json(folder / name, document)
    return written


def _units(lattice: Lattice, dice: np.random.Generator) -> list[Unit]:
    """Give grids in their communities, subdistricts with a station each, and what lies above."""
    households = dice.integers(*_HOUSEHOLDS, len(lattice.cells)).tolist()
    grids: list[Unit] = []
    for at, (shape, homes) in enumerate(zip(lattice.cells, households, strict=True)):
        group, number = divmod(at, _GRIDS_A_COMMUNITY)
        area, community = divmod(group, _COMMUNITIES_A_SUBDISTRICT)
        parent = f"{_COUNTY}{area + 1:03d}{community + 1:03d}"
        name = f"示例{area + 1}-{community + 1}第{number + 1}网格"
        code, people = f"{parent}{number + 1:03d}", round(homes * _PEOPLE_A_HOME)
        grids.append(Unit("grid", "base", code, name, parent, shape, homes, people))
    communities = [
        replace(unit, station=f"{unit.parent}-S1")
        for unit in _joined(grids, "community", 9, "社区")
    ]
    subdistricts = _joined(communities, "subdistrict", 6, "街道")
    stations = [
        replace(unit, level="station", kind="police_station", code=f"{unit.code}-S1",
                name=f"{unit.name}派出所")
        for unit in subdistricts
    ]  # fmt: skip
    county = _joined(subdistricts, "county", 4, "示例区")[0]
    upper = [
        replace(county, level=level, kind=level, code=code, name=name, parent=parent,
                shape=shapely.box(*county.shape.buffer(margin_m).bounds))
        for level, code, name, parent, margin_m in (
            ("city", "9901", "示例市", "99", 2_000.0), ("province", "99", "示例省", None, 4_000.0),
        )
    ]  # fmt: skip
    return [*grids, *communities, *subdistricts, *stations, county, *upper]


def _joined(parts: list[Unit], level: str, above: int, word: str) -> list[Unit]:
    """Join neighbouring units of one parent; `above` digits name the parent's own parent."""
    groups: dict[str, list[Unit]] = {}
    for part in parts:
        groups.setdefault(str(part.parent), []).append(part)
    return [
        Unit(
            level, level, code, f"示例{code[6:]}{word}" if code[6:] else word, code[:above],
            cast("Polygon", shapely.normalize(
                shapely.coverage_union_all([each.shape for each in group])
            )),
            sum(each.households for each in group), sum(each.residents for each in group),
        )
        for code, group in groups.items()
    ]  # fmt: skip


def _force(town: Town, count: int) -> tuple[list[Row], list[Row]]:
    """Give one in two posts to the communities' officers, the others to members of grids."""
    communities, grids = town.of("community"), town.of("grid")
    members = min(len(grids), count // 2)
    officers: list[Row] = []
    appointments: list[Row] = []
    for number in range(1, count + 1):
        is_member = number <= members
        place = grids[number - 1] if is_member else communities[(number - 1) % len(communities)]
        kind = HolderKind.GRID_MEMBER if is_member else HolderKind.POLICE
        position = Position.FULL_TIME_MEMBER if is_member else Position.BEAT_OFFICER
        title = f"专职网格员 {number:05d}" if is_member else f"社区民警 {number:05d}"
        key = f"RY{number:06d}"
        officers.append({"id": key, "kind": kind.value, "title": title, "station": place.station})
        appointments.append(
            {
                "id": f"RZ{number:06d}",
                "officer": key,
                "place": place.code,
                "level": "grid" if is_member else "community",
                "position": position.value,
                "post_title": "专职网格员" if is_member else "社区警务室",
                "since": _AS_OF.replace(year=_AS_OF.year - 1),
            }
        )
    return officers, appointments


def _settings(size: BigSize) -> dict[str, object]:
    return {
        "scenario": NAME,
        "scenario_is_synthetic": True,
        "scenario_title": {"zh": "大样本", "en": "Big sample"},
        "scenario_as_of": _AS_OF.isoformat(),
        "scenario_size": {
            "grids": size.grids, "officers": size.officers, "incidents": size.incidents,
            "seed": size.seed,
        },
        "period_since": _AS_OF.replace(year=_AS_OF.year - 1).isoformat(),
        "period_until": _AS_OF.isoformat(),
        "tz": _TZ,
        "centre": {"lon": _PLANE.lon, "lat": _PLANE.lat},
    }  # fmt: skip
