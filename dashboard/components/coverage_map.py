"""Turn reach into a map scene: grids by what lies beyond reach, the reached area, posts, sites.

Used by the coverage screen, for the live map and for the stand-alone one. Knows nothing of the
store.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from dashboard.components.formats import square_km, whole
from dashboard.components.map_ground import outline_layers, street_layers, unit_labels
from dashboard.components.overview_map import map_texts
from dashboard.maps.classes import classes_for
from dashboard.maps.layers import (
    GridLayer,
    LabelLayer,
    Layer,
    Legend,
    LegendEntry,
    LineLayer,
    LineStyle,
    MapScene,
    PointKind,
    PointLayer,
    Shape,
    grid_legend,
    point_legend,
)
from dashboard.theme import POST_SIGNS
from dashboard.viewmodels.coverage import REACHING, column_of
from dashboard.viewmodels.coverage_wanted import COUNTS
from dashboard.viewmodels.people import SeatState

if TYPE_CHECKING:
    from dashboard.maps.layers import Basemap
    from dashboard.text import Words
    from dashboard.viewmodels.coverage import CoverageView
    from dashboard.viewmodels.town import Town
    from data.analysis.siting import SiteAnswer

REACH_STYLE: Final = LineStyle("#1b7f5c", 2.5)
AFTER_STYLE: Final = LineStyle("#7b2d8e", 2.5, (7.0, 4.0))
_FILLED, _VACANT = POST_SIGNS
_SIGNS: Final = {
    SeatState.FILLED: (_FILLED.colour, _FILLED.shape),
    SeatState.SUBSTITUTED: ("#0b6e99", Shape.SQUARE),
    SeatState.SHORT: ("#a15c00", Shape.TRIANGLE),
    SeatState.ON_LEAVE: ("#a15c00", Shape.CROSS),
    SeatState.VACANT: (_VACANT.colour, _VACANT.shape),
}
_ALWAYS: Final = frozenset({SeatState.FILLED, SeatState.VACANT})
_SQUARE_M_IN_KM: Final = 1e6

Proposal = tuple["SiteAnswer", "CoverageView"]
"""Proposed sites, and how far things are reached with them."""


def coverage_scene(
    town: Town,
    shown: CoverageView,
    words: Words,
    counts: str,
    basemap: Basemap,
    proposal: Proposal | None = None,
) -> MapScene:
    """Build the scene; grids are shaded by `counts`, a code of `COUNTS`."""
    grids = _grids(town, shown, words, counts)
    posts = _posts(shown, words)
    reach = LineLayer("reach", words("cover.map_reach"), [shown.shape], REACH_STYLE)
    streets = street_layers(town, words, named=False)
    layers: list[Layer] = [*streets, grids, *outline_layers(town, words), reach]
    legends: list[Legend] = [] if grids.classes is None else [grid_legend(grids, grids.classes)]
    lines = [LegendEntry(words("cover.map_reach"), REACH_STYLE.colour, "line")]
    points = [posts]
    if proposal is not None:
        found, after = proposal
        layers.append(LineLayer("after", words("cover.map_after"), [after.shape], AFTER_STYLE))
        lines.append(LegendEntry(words("cover.map_after"), AFTER_STYLE.colour, "line"))
        points.append(_sites(found, words))
    legends.append(Legend(words("cover.map_lines"), tuple(lines)))
    legends += [point_legend(layer) for layer in points if len(layer.lon)]
    labels = unit_labels(words, town.units["name"], town.units.geometry.to_numpy())
    return MapScene(
        layers=(*layers, *points, *_numbers(proposal), labels),
        bounds=town.bounds(None),
        texts=map_texts(words),
        language=words.language,
        as_of=words("cover.map_as_of", day=shown.answer.question.as_of.isoformat()),
        basemap=basemap,
        hidden=frozenset({"labels"}),
        legends=tuple(legends),
        fit_key=f"coverage:{town.as_of}:{len(town.units)}",
    )


def _grids(town: Town, shown: CoverageView, words: Words, counts: str) -> GridLayer:
    counts = counts if counts in shown.measured else COUNTS[0]
    beyond = shown.answer.gaps.set_index("code").reindex(town.units.index.astype(str)).fillna(
        {column_of(name): 0.0 for name in shown.measured}
    )  # fmt: skip
    values = beyond[column_of(counts)].to_numpy(dtype=np.float64)
    if counts == "area":
        values = np.round(values / _SQUARE_M_IN_KM, 3)  # as written: slivers show as none
    title = words(f"cover.map_beyond_{counts}")
    codes, names = (tuple(map(str, part)) for part in (town.units.index, town.units["name"]))
    rows = beyond[[column_of(name) for name in shown.measured]].to_numpy(dtype=np.float64)
    return GridLayer(
        id="units",
        title=words.label("level", str(town.level)),
        codes=codes,
        names=names,
        geometries=list(town.units.geometry.to_numpy()),
        values=values,
        classes=classes_for(
            values,
            title=title,
            no_base_label=words("map.no_base"),
            is_count=bool((values == np.round(values)).all()),
        ),
        tooltips=tuple(
            _tooltip(words, shown, code, name, tuple(row))
            for code, name, row in zip(codes, names, rows.tolist(), strict=True)
        ),
        is_selectable=False,
    )


def _tooltip(
    words: Words, shown: CoverageView, code: str, name: str, row: tuple[float, ...]
) -> str:
    parts = [
        words(f"cover.part_{counts}", n=square_km(n) if counts == "area" else whole(round(n)))
        for counts, n in zip(shown.measured, row, strict=True)
        if n > 0
    ]
    joint = words("cover.joint")
    beyond = words("cover.tip_beyond", parts=joint.join(parts)) if parts else words("cover.tip_all")
    posts = words("cover.tip_posts", n=whole(shown.answer.grid_posts.get(code, 0)))
    return f"{name}\n{beyond}\n{posts}"


def _posts(shown: CoverageView, words: Words) -> PointLayer:
    states = [state for state in SeatState if state in _ALWAYS or shown.count(state)]
    spots = sorted(shown.spots, key=lambda spot: spot.state not in REACHING)  # gaps on top
    return PointLayer(
        id="posts",
        title=words("map.posts"),
        lon=np.array([spot.lon for spot in spots], dtype=np.float64),
        lat=np.array([spot.lat for spot in spots], dtype=np.float64),
        kind=np.array([states.index(spot.state) for spot in spots], dtype=np.uint8),
        kinds=tuple(PointKind(words(f"cover_post.{state}"), *_SIGNS[state]) for state in states),
        tooltips=tuple(
            f"{spot.place_name} {words.label('position', spot.position)}\n"
            f"{words(f'cover_post.{spot.state}')}"
            + (f"\n{words('cover.tip_derived')}" if spot.is_derived else "")
            for spot in spots
        ),
        radius_px=7.0,
    )


def _sites(found: SiteAnswer, words: Words) -> PointLayer:
    sites = [site for site in found.chosen if site.lon is not None and site.lat is not None]
    return PointLayer(
        id="sites",
        title=words("cover.map_sites"),
        lon=np.array([site.lon for site in sites], dtype=np.float64),
        lat=np.array([site.lat for site in sites], dtype=np.float64),
        kind=np.zeros(len(sites), dtype=np.uint8),
        kinds=(PointKind(words("cover.map_sites"), AFTER_STYLE.colour, Shape.STAR),),
        tooltips=tuple(
            f"{number}  {site.name}\n{words(f'site.source_{site.source}')}"
            for number, site in enumerate(sites, 1)
        ),
        radius_px=11.0,
    )


def _numbers(proposal: Proposal | None) -> tuple[LabelLayer, ...]:
    if proposal is None:
        return ()
    sites = [s for s in proposal[0].chosen if s.lon is not None and s.lat is not None]
    lon = np.array([site.lon for site in sites], dtype=np.float64)
    lat = np.array([site.lat for site in sites], dtype=np.float64)
    texts = tuple(str(number) for number in range(1, len(sites) + 1))
    return (LabelLayer("site_numbers", "", texts, lon, lat),)
