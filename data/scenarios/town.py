"""Build a town: streets, compounds, then grids, communities and upper units along the streets.

Used by the scenario files. Everything is drawn from one seed; shapes of all levels use one set of
vertices, so that they tile exactly in lon/lat.
"""

import math
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TypeVar, cast

import numpy as np
import numpy.typing as npt
import shapely
from shapely import MultiPolygon, Polygon
from shapely.geometry.base import BaseGeometry

from data.scenarios.buildings import Names, households_of, into_band, kinds_of
from data.scenarios.partition import BlockGraph, graph_of, partition
from data.scenarios.spec import XY, Plane, ScenarioSpec, Settlement, SubdistrictSpec
from data.scenarios.streets import Line, Network, build_network, faces_of, rounded

_T = TypeVar("_T")
_Shape = Polygon | MultiPolygon
_BORDER_COST = {"river": 0.1, "railway": 0.1, "main": 0.3, "secondary": 0.7, "lane": 1.2}
_ON_STREET_M = 0.5
_RADIUS_M = 1_700.0


@dataclass(frozen=True)
class Compound:
    """One compound: the smallest area; shape in the plane of the town."""

    key: str
    name: str | None
    kind: str
    households: int
    residents: int
    grid_code: str
    shape: Polygon


@dataclass(frozen=True)
class Unit:
    """A grid, community, subdistrict, upper unit or station; shape in the plane."""

    level: str
    kind: str
    code: str
    name: str
    parent: str | None
    shape: Polygon | MultiPolygon
    households: int
    residents: int
    station: str | None = None


@dataclass(frozen=True)
class Town:
    """All that stands still in a scenario, in the plane of the town."""

    plane: Plane
    lines: tuple[Line, ...]
    compounds: tuple[Compound, ...]
    units: tuple[Unit, ...]

    def of(self, level: str) -> list[Unit]:
        """Units of one level, by code."""
        return sorted((u for u in self.units if u.level == level), key=lambda u: u.code)


@dataclass(frozen=True)
class _Ground:
    """One settlement with its streets cut, compounds peopled and blocks linked."""

    settlement: Settlement
    network: Network
    kinds: tuple[str, ...]
    households: npt.NDArray[np.int64]
    graph: BlockGraph
    faces_of_block: tuple[tuple[int, ...], ...]


@dataclass(frozen=True)
class _Group:
    """One community before it has a code: its blocks by grid."""

    ground: _Ground
    grids: tuple[tuple[int, ...], ...]
    name: str
    kind: str
    station: int

    @property
    def faces(self) -> list[Polygon]:
        return [self.ground.network.faces[f] for grid in self.grids for f in grid]


def build_town(spec: ScenarioSpec) -> Town:
    """Build the town of a scenario.

    Parameters
    ----------
    spec
        Outlines, roads, division and the seed.

    Returns
    -------
    Town
        Grids tile their communities, communities their subdistricts; codes run west to east (by
        centroid, ties from north to south) within each parent.
    """
    dice = np.random.default_rng(spec.seed)
    grids_total = spec.units.grids_per_community * sum(
        len(s.communities) + len(s.relocated) for s in spec.units.subdistricts
    )
    grounds = {s.key: _ground(s, spec, grids_total, dice) for s in spec.settlements}
    names = Names(spec.words)
    compounds: list[Compound] = []
    units: list[Unit] = []
    for subdistrict in spec.units.subdistricts:
        made = _subdistrict(spec, subdistrict, grounds, names)
        units += made[0]
        compounds += made[1]
    units += _upper(spec, units)
    lines = [_named(line, names) for g in grounds.values() for line in g.network.lines]
    lines += [line for g in grounds.values() for line in g.network.beyond]
    return Town(spec.plane, tuple(lines), tuple(compounds), tuple(units))


def _named(line: Line, names: Names) -> Line:
    return line if line.name else replace(line, name=names.street(line.street_class))


def _ground(
    settlement: Settlement, spec: ScenarioSpec, grids_total: int, dice: np.random.Generator
) -> _Ground:
    network = build_network(settlement, dice)
    centres = np.array([[f.centroid.x, f.centroid.y] for f in network.faces])
    away = np.minimum(1.0, np.hypot(*(centres - np.array(settlement.centre)).T) / _RADIUS_M)
    kinds = kinds_of(away, dice)
    grids = _grids_in(settlement, spec) or grids_total
    total = grids * spec.units.mean_households
    households = households_of(network.faces, kinds, away, total, dice)
    blocks = max(network.blocks) + 1
    members: list[list[int]] = [[] for _ in range(blocks)]
    for face, block in enumerate(network.blocks):
        members[block].append(face)
    area = np.array([sum(network.faces[f].area for f in faces) for faces in members])
    lived = np.array([float(households[faces].sum()) for faces in members])
    even = spec.units.evenness
    weights = even * lived / lived.sum() + (1 - even) * area / area.sum()
    unions = [shapely.coverage_union_all([network.faces[f] for f in faces]) for faces in members]
    places = np.array([[u.centroid.x, u.centroid.y] for u in unions])
    graph = graph_of(weights * grids, places, _border_costs(network))
    return _Ground(
        settlement, network, tuple(kinds), households, graph, tuple(tuple(m) for m in members)
    )


def _grids_in(settlement: Settlement, spec: ScenarioSpec) -> int:
    """Grids of one settlement: those of its relocated community, else of all others."""
    per = spec.units.grids_per_community
    grids = 0
    for subdistrict in spec.units.subdistricts:
        if any(key == settlement.key for key, _ in subdistrict.relocated):
            return per
        if subdistrict.seeds[0][0] == settlement.key:
            grids += sum(_grid_counts(spec, subdistrict))
    return grids


def _grid_counts(spec: ScenarioSpec, subdistrict: SubdistrictSpec) -> tuple[int, ...]:
    """Grids of each community of a subdistrict, in the order of their names."""
    alike = (spec.units.grids_per_community,) * len(subdistrict.communities)
    return subdistrict.grids or alike


def _border_costs(network: Network) -> dict[tuple[int, int], float]:
    """Price the border between each two neighbouring blocks by length and class of street."""
    owners: dict[tuple[XY, XY], list[int]] = {}
    for face, block in zip(network.faces, network.blocks, strict=True):
        ring = [(x, y) for x, y in face.exterior.coords]
        for a, b in pairwise(ring):
            owners.setdefault((min(a, b), max(a, b)), []).append(block)
    tree = shapely.STRtree([line.shape for line in network.lines])
    costs: dict[tuple[int, int], float] = {}
    for (a, b), blocks in sorted(owners.items()):
        if len(set(blocks)) < 2:  # noqa: PLR2004 - a border has two sides
            continue
        middle = shapely.Point((a[0] + b[0]) / 2, (a[1] + b[1]) / 2)
        near = tree.query(middle, predicate="dwithin", distance=_ON_STREET_M)
        factor = min((_BORDER_COST[network.lines[i].street_class] for i in near), default=1.2)
        pair = (min(blocks), max(blocks))
        costs[pair] = costs.get(pair, 0.0) + factor * math.dist(a, b)
    return costs


def _subdistrict(
    spec: ScenarioSpec, subdistrict: SubdistrictSpec, grounds: dict[str, _Ground], names: Names
) -> tuple[list[Unit], list[Compound]]:
    groups = _groups(spec, subdistrict, grounds)
    county = (subdistrict.county or spec.units.county)[0]
    code = county + subdistrict.code
    units: list[Unit] = []
    compounds: list[Compound] = []
    for number, (group, shape) in enumerate(_numbered([(g, _union(g.faces)) for g in groups]), 1):
        made = _community(spec, group, f"{code}{number:03d}", names)
        inside = [unit for unit in made[0] if unit.level == "grid"]
        station = f"{code}-S{group.station + 1}"
        own = Unit(
            "community", group.kind, f"{code}{number:03d}", group.name, code, shape,
            sum(u.households for u in inside), sum(u.residents for u in inside), station,
        )  # fmt: skip
        units += [own, *made[0]]
        compounds += made[1]
    communities = [unit for unit in units if unit.level == "community"]
    units.append(_sum_unit("subdistrict", "subdistrict", code, subdistrict.name, communities))
    for number, name in enumerate(subdistrict.stations, 1):
        key = f"{code}-S{number}"
        area = [unit for unit in communities if unit.station == key]
        units.append(_sum_unit("station", "police_station", key, name, area))
    return [
        replace(u, parent=county) if u.level in {"subdistrict", "station"} else u for u in units
    ], compounds


def _sum_unit(level: str, kind: str, code: str, name: str, parts: list[Unit]) -> Unit:
    shape = _union([p for part in parts for p in shapely.get_parts(part.shape)])
    households, residents = sum(p.households for p in parts), sum(p.residents for p in parts)
    return Unit(level, kind, code, name, None, shape, households, residents)


def _groups(
    spec: ScenarioSpec, subdistrict: SubdistrictSpec, grounds: dict[str, _Ground]
) -> list[_Group]:
    key, seed = subdistrict.seeds[0]
    ground = grounds[key]
    zone = _zone(ground.settlement, seed)
    inside = [
        block
        for block, faces in enumerate(ground.faces_of_block)
        if zone.contains(ground.network.faces[faces[0]].representative_point())
    ]
    parts = partition(ground.graph, inside, len(subdistrict.communities))
    stations = len(subdistrict.stations)
    share = len(parts) // stations
    named = zip(parts, subdistrict.communities, _grid_counts(spec, subdistrict), strict=True)
    groups = [
        _Group(
            ground,
            _grids(ground, part, count),
            name,
            "village" if name in subdistrict.villages else "community",
            min(at // share, stations - 1),
        )
        for at, (part, name, count) in enumerate(named)
    ]
    for other, name in subdistrict.relocated:
        far, per = grounds[other], spec.units.grids_per_community
        blocks = list(range(len(far.faces_of_block)))
        groups.append(_Group(far, _grids(far, blocks, per), name, "relocation_community", 0))
    return groups


def _grids(ground: _Ground, blocks: list[int], per: int) -> tuple[tuple[int, ...], ...]:
    return tuple(
        tuple(face for block in part for face in ground.faces_of_block[block])
        for part in partition(ground.graph, blocks, per)
    )


def _zone(settlement: Settlement, seed: XY) -> Polygon:
    ring = rounded(settlement.outline, is_ring=True)
    zones = faces_of([ring, *(rounded(cut) for cut in settlement.zone_cuts)])
    return next(zone for zone in zones if zone.contains(shapely.Point(seed)))


def _community(
    spec: ScenarioSpec, group: _Group, code: str, names: Names
) -> tuple[list[Unit], list[Compound]]:
    network = group.ground.network
    shaped = [(faces, _union([network.faces[f] for f in faces])) for faces in group.grids]
    units: list[Unit] = []
    compounds: list[Compound] = []
    for number, (faces, shape) in enumerate(_numbered(shaped), 1):
        grid_code = f"{code}{number:03d}"
        into_band(group.ground.households, faces, spec.units.households)
        made = [
            _compound(spec, group, face, f"{grid_code}-C{at:02d}", names)
            for at, face in enumerate(sorted(faces), 1)
        ]
        name = f"{group.name}第{number}网格"
        households, residents = sum(c.households for c in made), sum(c.residents for c in made)
        units.append(Unit("grid", "base", grid_code, name, code, shape, households, residents))
        compounds += made
    return units, compounds


def _compound(spec: ScenarioSpec, group: _Group, face: int, key: str, names: Names) -> Compound:
    ground = group.ground
    kind, households = ground.kinds[face], int(ground.households[face])
    residents = round(households * spec.units.residents_per_household)
    shape = ground.network.faces[face]
    return Compound(key, names.compound(kind), kind, households, residents, key[:15], shape)


def _numbered(shaped: list[tuple[_T, _Shape]]) -> list[tuple[_T, _Shape]]:
    return sorted(shaped, key=lambda pair: (pair[1].centroid.x, -pair[1].centroid.y))


def _union(faces: list[Polygon]) -> Polygon | MultiPolygon:
    """Join shapes of one coverage without losing or moving a vertex."""
    return cast("_Shape", shapely.normalize(shapely.coverage_union_all(faces)))


def _upper(spec: ScenarioSpec, units: list[Unit]) -> list[Unit]:
    """Draw counties, city and province as plain outlines around the town."""
    subdistricts = [unit for unit in units if unit.level == "subdistrict"]
    counties = dict([spec.units.county, *(s.county for s in spec.units.subdistricts if s.county)])
    town = shapely.union_all([unit.shape for unit in subdistricts])
    plain = town.convex_hull.simplify(250.0)
    made = _counties(spec, subdistricts, counties, _outline(plain, 2_500.0))
    for level, (code, name), parent, margin_m in (
        ("city", spec.units.city, spec.units.province[0], 6_000.0),
        ("province", spec.units.province, None, 11_000.0),
    ):
        unit = _sum_unit(level, level, code, name, subdistricts)
        made.append(replace(unit, parent=parent, shape=_outline(plain, margin_m)))
    return made


def _outline(plain: BaseGeometry, margin_m: float) -> Polygon:
    return shapely.set_precision(plain.buffer(margin_m, quad_segs=2), 1.0)


def _counties(
    spec: ScenarioSpec, subdistricts: list[Unit], counties: dict[str, str], whole: Polygon
) -> list[Unit]:
    """Give each county the land nearest to its subdistricts; they tile the whole."""
    made = []
    left: BaseGeometry = whole
    for at, (code, name) in enumerate(counties.items(), 1):
        own = [unit for unit in subdistricts if unit.parent == code]
        shape = left
        if at < len(counties):
            others = [unit.shape for unit in subdistricts if unit.parent != code]
            shape = _nearer(whole, [unit.shape for unit in own], others).intersection(left)
            left = left.difference(shape)
        unit = _sum_unit("county", "county", code, name, own)
        made.append(replace(unit, parent=spec.units.city[0], shape=cast("_Shape", shape)))
    return made


def _nearer(whole: Polygon, own: list[_Shape], others: list[_Shape]) -> BaseGeometry:
    """Part of a whole that lies nearer to some shapes than to others, by their corners."""
    corners = shapely.MultiPoint(
        [tuple(xy) for shape in (*own, *others) for xy in shapely.get_coordinates(shape)]
    )
    cells = shapely.get_parts(shapely.voronoi_polygons(corners, extend_to=whole.buffer(10.0)))
    ours, theirs = shapely.union_all(own), shapely.union_all(others)
    near = [cell for cell in cells if cell.distance(ours) < cell.distance(theirs)]
    ground = shapely.union_all([*near, ours]).difference(theirs)
    parts: list[BaseGeometry] = list(shapely.get_parts(ground.intersection(whole)))
    return max(parts, key=lambda part: part.area)
