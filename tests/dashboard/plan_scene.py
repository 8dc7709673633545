"""A made-up town of grids for the tests of the edit mode, and a page's way to change them."""

import numpy as np
import shapely

from dashboard.maps.editing import Counted, Editor, Measure, shared_vertices
from dashboard.maps.layers import Basemap, GridLayer, LineLayer, LineStyle, MapScene, MapTexts
from dashboard.theme import STREET_COLOUR

WEST, SOUTH, STEP = 116.30, 39.90, 0.004
SIDE = 4
TEXTS = {
    "en": MapTexts("Map of the plan", "Layers", "Legend", "Zoom in", "Zoom out", "Show all", "{n}"),
    "zh": MapTexts("方案地图", "图层", "图例", "放大", "缩小", "显示全部", "{n} 条"),
}


def corner(column, row):
    """A vertex of the town, off the square by a fixed little."""
    rng = np.random.default_rng(1000 * row + column)
    shake = rng.uniform(-0.1, 0.1, 2)
    return WEST + (column + shake[0]) * STEP, SOUTH + (row + shake[1]) * STEP


def side(start, end, steps):
    """Vertices of a common side from start (included) to end (not); the same from either grid."""
    (x1, y1), (x2, y2) = sorted((start, end))
    rng = np.random.default_rng(int(abs(x1 * 1e6) + abs(y1 * 1e6) * 7 + abs(x2 * 1e6)) % 2**31)
    t = np.linspace(0, 1, steps + 1)
    bend = rng.uniform(-1, 1, steps + 1) * (STEP / steps * 0.25)
    bend[[0, -1]] = 0
    length = np.hypot(x2 - x1, y2 - y1)
    line = np.column_stack([x1 + t * (x2 - x1), y1 + t * (y2 - y1)])
    line += bend[:, None] * np.array([-(y2 - y1), x2 - x1]) / length
    line[0], line[-1] = (x1, y1), (x2, y2)
    return (line if (x1, y1) == start else line[::-1])[:-1]


def town(columns=6, rows=4, steps=SIDE):
    """Codes and shapes; every common side is bit for bit the same in both grids."""
    codes, shapes = [], []
    for row in range(rows):
        for column in range(columns):
            around = [
                corner(column, row),
                corner(column + 1, row),
                corner(column + 1, row + 1),
                corner(column, row + 1),
            ]
            ring = [side(around[k], around[(k + 1) % 4], steps) for k in range(4)]
            points = np.vstack([*ring, ring[0][:1]])
            codes.append(f"G{row:02d}{column:02d}")
            shapes.append(shapely.Polygon(points))
    return tuple(codes), shapes


def streets(columns=6, rows=4):
    west, east = WEST - STEP / 4, WEST + (columns + 1) * STEP
    return [
        shapely.LineString([(west, SOUTH + (k + 0.5) * STEP), (east, SOUTH + (k + 0.6) * STEP)])
        for k in range(rows)
    ]


def compounds(columns=6, rows=4):
    """A small square in the middle of each grid, to be picked for a transfer."""
    codes, shapes = [], []
    for row in range(rows):
        for column in range(columns):
            x, y = WEST + (column + 0.7) * STEP, SOUTH + (row + 0.35) * STEP
            codes.append(f"C{row:02d}{column:02d}")
            shapes.append(shapely.box(x, y, x + STEP * 0.4, y + STEP * 0.3))
    return tuple(codes), shapes


def counted(n=4000, columns=6, rows=4):
    rng = np.random.default_rng(3)
    lon = rng.uniform(WEST, WEST + columns * STEP, n)
    lat = rng.uniform(SOUTH, SOUTH + rows * STEP, n)
    return Counted(lon, lat, rng.integers(1, 5, (n, 1)).astype(float))


def scene(codes, shapes, words, language, **told):
    """The scene; `told` goes to the editor, but for basemap and pieces."""
    basemap = told.pop("basemap", Basemap())
    pieces = told.pop("pieces", None)
    columns, rows = told.pop("size", (6, 4))
    points = told.pop("points", None)
    lines = LineLayer("streets", "Streets", streets(columns, rows), LineStyle(STREET_COLOUR, 2.0))
    layers = [lines, GridLayer("grids", "Grids", codes, tuple(f"Grid {c}" for c in codes), shapes)]
    if pieces:
        drawn = GridLayer("compounds", "Compounds", pieces[0], *pieces, is_selectable=False)
        layers.append(drawn)
    measures = ()
    if points is not None:
        inside = [shapely.contains_xy(shape, points.lon, points.lat) for shape in shapes]
        totals = np.array([points.weights[held, 0].sum() for held in inside])
        title = "households" if language == "en" else "户数"
        measures = (Measure("households", title, totals),)
    editor = Editor(
        shared_vertices(codes, shapes),
        "grids",
        words,
        measures=measures,
        counted=points,
        piece_layer="compounds" if pieces else None,
        **told,
    )
    return MapScene(
        layers=tuple(layers),
        bounds=(WEST, SOUTH, WEST + columns * STEP, SOUTH + rows * STEP),
        texts=TEXTS[language],
        language=language,
        as_of="Data as of 2024-05-01" if language == "en" else "数据截至 2024-05-01",
        basemap=basemap,
        fit_key="plan",
        editor=editor,
    )
