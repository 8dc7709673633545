"""A made-up town of 60 grids for the tests of both renderers, with hostile names."""

import numpy as np
import shapely

from dashboard.maps.classes import classes_for
from dashboard.maps.clusters import ClusterOptions, cluster_layer
from dashboard.maps.layers import (
    GridLayer,
    LabelLayer,
    LineLayer,
    LineStyle,
    MapScene,
    MapTexts,
    MapView,
    PointKind,
    PointLayer,
)
from dashboard.theme import POINT_SIGNS, STREET_COLOUR

WEST, SOUTH, STEP, COLUMNS, ROWS = 116.30, 39.90, 0.004, 10, 6
BOUNDS = (WEST, SOUTH, WEST + COLUMNS * STEP, SOUTH + ROWS * STEP)
HOSTILE = '<script>window.hit=1</script><img src=x onerror="window.hit=2">{{ 7*7 }}{% x %}`${1}`'
POINTS_FROM = 15.0
WORLD = MapView(-180, -90, 180, 90, 15)
EN = MapTexts(
    map_name="Map of the town",
    layers="Layers",
    legend="Legend",
    zoom_in="Zoom in",
    zoom_out="Zoom out",
    all_of_it="Show all",
    points_in_cluster="{n} records",
)
ZH = MapTexts(
    map_name="全镇地图",
    layers="图层",
    legend="图例",
    zoom_in="放大",
    zoom_out="缩小",
    all_of_it="显示全部",
    points_in_cluster="{n} 条记录",
)


def ring(column, row, steps=12):
    """A cell with `steps` vertices on each side."""
    along = np.linspace(0, 1, steps, endpoint=False)
    x = np.concatenate([along, np.ones(steps), 1 - along, np.zeros(steps)])
    y = np.concatenate([np.zeros(steps), along, np.ones(steps), 1 - along])
    corners = np.column_stack([WEST + (column + x) * STEP, SOUTH + (row + y) * STEP])
    return shapely.polygons(np.vstack([corners, corners[:1]]))


def grids(method="quantile", language="en", rows=ROWS):
    cells = [(column, row) for row in range(rows) for column in range(COLUMNS)]
    codes = tuple(f"G{row}{column:02d}" for column, row in cells)
    names = tuple(HOSTILE if code == "G000" else f"Grid {code}" for code in codes)
    values = np.random.default_rng(5).poisson(4, len(cells)).astype(float)
    values[7] = np.nan
    classes = classes_for(
        values,
        title="Incidents" if language == "en" else "警情数",
        no_base_label="no base" if language == "en" else "无基数",
        method=method,
        n=4,
        is_count=True,
    )
    return GridLayer(
        "grids",
        "Grids" if language == "en" else "网格",
        codes,
        names,
        [ring(column, row) for column, row in cells],
        values,
        classes,
        tuple(f"{name}\nincidents: {value:g}" for name, value in zip(names, values, strict=True)),
    )


def places(n=5000):
    rng = np.random.default_rng(11)
    west, south, east, north = BOUNDS
    return rng.uniform(west, east, n), rng.uniform(south, north, n)


def incidents(inside=None, n=5000):
    """The points of a view, as Python sends them at large scale."""
    lon, lat = places(n)
    keep = np.zeros(n, dtype=bool)
    if inside is not None:
        keep = (lon > inside.west) & (lon < inside.east)
        keep &= (lat > inside.south) & (lat < inside.north)
    kinds = tuple(
        PointKind(label, sign.colour, sign.shape)
        for label, sign in zip(("theft", "fraud", "dispute"), POINT_SIGNS, strict=False)
    )
    chosen = np.flatnonzero(keep)
    return PointLayer(
        "incident_points",
        "Incidents",
        lon[chosen],
        lat[chosen],
        (chosen % 3).astype(np.uint8),
        kinds,
        record_ids=tuple(f"I{number}" for number in chosen),
        min_zoom=POINTS_FROM,
        follows="incidents",
    )


def scene(method="quantile", language="en", view=None, selected=None):
    lon, lat = places()
    west, south, east, north = BOUNDS
    streets = [
        shapely.linestrings([[west, south + k * STEP], [east, south + k * STEP + STEP / 3]])
        for k in range(1, ROWS)
    ]
    options = ClusterOptions(points_from_zoom=POINTS_FROM)
    title = "Incidents" if language == "en" else "警情"
    posts = PointLayer(
        "posts",
        "Posts" if language == "en" else "警务室",
        np.array([west + 2.5 * STEP, west + 7.5 * STEP]),
        np.array([south + 1.5 * STEP, south + 4.5 * STEP]),
        np.array([0, 0], dtype=np.uint8),
        (PointKind("Post" if language == "en" else "警务室", "#a61e2f", POINT_SIGNS[4].shape),),
        record_ids=("P1", "P2"),
        tooltips=(HOSTILE, "Post 2"),
        radius_px=9,
    )
    return MapScene(
        layers=(
            LineLayer("streets", "Streets", streets, LineStyle(STREET_COLOUR, 2.0)),
            grids(method, language),
            cluster_layer(lon, lat, layer_id="incidents", title=title, options=options),
            incidents(view if view and view.zoom >= POINTS_FROM else None),
            posts,
            LabelLayer(
                "names",
                "Names",
                (HOSTILE, "North side"),
                np.array([west + STEP, west + 5 * STEP]),
                np.array([south + STEP, north - STEP / 2]),
                min_zoom=13,
            ),
        ),
        bounds=BOUNDS,
        texts=EN if language == "en" else ZH,
        language=language,
        as_of="Data as of 2024-05-01 08:00" if language == "en" else "数据截至 2024-05-01 08:00",
        hidden=frozenset({"names"}),
        selected=selected,
        fit_key="town",
    )
