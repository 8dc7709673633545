from dataclasses import replace

import numpy as np
import pytest
import shapely

from dashboard.maps import folium_map, layers, live
from dashboard.maps.clusters import ClusterOptions, cluster_layer
from dashboard.maps.folium_map import render_html
from dashboard.maps.layers import (
    LAYER_KINDS,
    Basemap,
    GridLayer,
    LineLayer,
    MapScene,
    MapTexts,
    MapView,
    PointKind,
    PointLayer,
)
from dashboard.maps.live import pack, pack_apart, unpack
from dashboard.maps.window import Window


def test_both_renderers_know_every_kind_of_layer():
    assert set(live.packers()) == set(LAYER_KINDS)
    assert set(folium_map.drawers()) == set(LAYER_KINDS)


def test_a_packed_scene_is_read_back(town_scene):
    scene = town_scene.scene()
    header, arrays = unpack(pack(scene, height_px=321))
    assert header["height_px"] == 321
    assert header["as_of"] == scene.as_of
    assert [layer["kind"] for layer in header["layers"]] == [
        LAYER_KINDS[type(layer)] for layer in scene.layers
    ]
    grids = scene.layers[1]
    assert header["layers"][1]["codes"] == list(grids.codes)
    assert town_scene.HOSTILE in header["layers"][1]["tooltips"][0]
    assert arrays["grids", "classes"].tolist() == grids.class_index().tolist()
    pairs = arrays["grids", "xy"].reshape(-1, 2) + np.array(header["origin"])
    exact = shapely.get_coordinates(grids.geometries)
    assert np.abs(pairs - exact).max() < 1e-8  # about a millimetre
    assert arrays["grids", "shapes"].tolist() == [1] * 60
    assert arrays["incidents", "count"].dtype == np.uint32


def test_holes_multipolygons_and_empty_shapes_keep_their_form():
    holed = shapely.Polygon(
        [(0, 0), (9, 0), (9, 9), (0, 9)], [[(1, 1), (2, 1), (2, 2)], [(4, 4), (5, 4), (5, 5)]]
    )
    two = shapely.MultiPolygon([shapely.box(20, 0, 21, 1), shapely.box(22, 0, 23, 1)])
    layer = GridLayer("g", "", ("a", "b", "c"), ("A", "B", "C"), [holed, two, shapely.Polygon()])
    line = LineLayer("l", "", [two, shapely.LineString([(0, 0), (1, 1)])])
    _, arrays = unpack(pack(scene_of(layer, line)))
    assert arrays["g", "shapes"].tolist() == [1, 2, 0]
    assert arrays["g", "parts"].tolist() == [3, 1, 1]
    assert arrays["g", "rings"].tolist() == [5, 4, 4, 5, 5]
    assert np.isnan(arrays["g", "inside"][4:]).all()
    assert arrays["l", "shapes"].tolist() == [2, 1]


def scene_of(*layers, **options):
    words = MapTexts("m", "l", "g", "in", "out", "all", "{n}")
    return MapScene(tuple(layers), (0, 0, 10, 10), words, "en", "as of now", **options)


def test_only_what_changed_has_another_hash(town_scene):
    before, _ = unpack(pack(town_scene.scene("quantile")))
    after, _ = unpack(pack(town_scene.scene("equal")))
    changed = {
        old["id"]
        for old, new in zip(before["layers"], after["layers"], strict=True)
        if old["hash"] != new["hash"]
    }
    assert changed == {"grids"}
    assert before["layers"][1]["geometry_hash"] == after["layers"][1]["geometry_hash"]
    assert before["rev"] != after["rev"]
    assert pack(town_scene.scene()) == pack(town_scene.scene())


def test_a_large_town_stays_far_below_a_megabyte():
    def circle(k):
        angle = np.linspace(0, 2 * np.pi, 50)
        x, y = 116 + 0.01 * (k % 10), 39 + 0.01 * (k // 10)
        return shapely.polygons(np.column_stack([x + 0.004 * np.cos(angle), y + np.sin(angle)]))

    codes = tuple(f"1101050{k:05d}" for k in range(90))
    grids = GridLayer("g", "Grids", codes, codes, [circle(k) for k in range(90)])
    rng = np.random.default_rng(2)
    sizes = {}
    for n in (1_000, 100_000, 1_000_000):
        clusters = cluster_layer(
            rng.normal(116.4, 0.1, n),
            rng.normal(39.9, 0.1, n),
            layer_id="i",
            title="I",
            options=ClusterOptions(points_from_zoom=15),
        )
        sizes[n] = len(pack(scene_of(grids, clusters)))
    assert sizes[100_000] < 200_000
    assert sizes[1_000_000] < 1.2 * sizes[100_000]


def test_shapes_stand_apart_and_stay_the_same_bytes_under_other_shades(town_scene):
    before, after = (pack_apart(town_scene.scene(how)) for how in ("quantile", "equal"))
    assert before.grounds == after.grounds
    assert before.scene != after.scene
    header, arrays = unpack(after.scene, after.grounds)
    whole, same = unpack(pack(town_scene.scene("equal")))
    assert [one["id"] for one in header["layers"]] == [one["id"] for one in whole["layers"]]
    assert arrays.keys() == same.keys()
    for name, array in arrays.items():
        np.testing.assert_array_equal(array, same[name], err_msg=str(name))
    assert (
        len(after.scene) + sum(map(len, after.grounds))
        < len(pack(town_scene.scene("equal"))) + 1000
    )
    with pytest.raises(ValueError, match="ground of another"):
        unpack(after.scene)
    with pytest.raises(ValueError, match="ground of another"):
        unpack(after.scene, [b"GBG1\0\0\0\0" + b"0" * 16])


def test_bytes_of_another_kind_are_refused(town_scene):
    with pytest.raises(ValueError, match="not a packed"):
        unpack(b"nothing of the kind")
    packed = pack(town_scene.scene()).replace(b'"version":1', b'"version":9', 1)
    with pytest.raises(ValueError, match="version"):
        unpack(packed)


def test_shapes_move_to_the_datum_of_the_tiles_and_the_view_comes_back(town_scene):
    amap = Basemap("xyz", "https://tiles.invalid/{z}/{x}/{y}", datum="gcj02")
    scene = town_scene.scene()
    plain, _ = unpack(pack(scene))
    moved, arrays = unpack(pack(replace(scene, basemap=amap)))
    east = moved["bounds"][0] - plain["bounds"][0]
    north = moved["bounds"][1] - plain["bounds"][1]
    assert 0.004 < east < 0.008  # some hundred metres in Beijing
    assert 0.0005 < north < 0.003
    first = arrays["grids", "xy"][:2] + np.array(moved["origin"])
    assert first == pytest.approx(moved["bounds"][:2], abs=1e-7)
    view = MapView(*moved["bounds"], 12.0)
    back = Window(amap).back(view)
    assert (back.west, back.south) == pytest.approx(town_scene.BOUNDS[:2], abs=1e-6)


def test_a_wgs84_or_plain_basemap_moves_nothing():
    window = Window(Basemap("xyz", "https://tiles.invalid/{z}/{x}/{y}"))
    lon = np.array([116.123456789])
    assert window.points(lon, lon)[0].tolist() == lon.tolist()


@pytest.mark.parametrize(
    "build",
    [
        lambda: GridLayer("g", "", ("a",), ("A", "B"), [shapely.box(0, 0, 1, 1)]),
        lambda: GridLayer("g", "", ("a",), ("A",), [shapely.box(0, 0, 1, 1)], np.array([1.0])),
        lambda: PointLayer("p", "", np.zeros(1), np.zeros(1), np.ones(1, np.uint8), ()),
        lambda: scene_of(LineLayer("x", "", []), LineLayer("x", "", [])),
        lambda: Basemap("xyz"),
    ],
)
def test_values_that_do_not_fit_together_are_refused(build):
    with pytest.raises(ValueError, match=r"\w"):
        build()


def test_legends_come_from_classes_and_kinds(town_scene):
    legends = town_scene.scene().shown_legends()
    assert [legend.layer_id for legend in legends] == ["grids", "incident_points", "posts"]
    assert legends[0].entries[-1].shape == "hatch"
    kinds = (PointKind("theft", "#000000"),)
    points = PointLayer("p", "P", np.zeros(0), np.zeros(0), np.zeros(0, np.uint8), kinds)
    assert scene_of(points).shown_legends()[0].entries[0].label == "theft"


def nothing():
    none, bare = np.array([]), np.array([], dtype=np.uint8)
    yield layers.LineLayer("s", "S", [])
    yield layers.GridLayer("g", "G", (), (), [])
    yield layers.PointLayer("p", "P", none, none, bare, ())
    yield layers.LabelLayer("l", "L", (), none, none)
    yield layers.ClusterLayer("c", "C", ())


@pytest.mark.parametrize("layer", list(nothing()), ids=lambda layer: type(layer).__name__)
def test_a_layer_of_nothing_is_drawn_by_both(layer):
    texts = layers.MapTexts("map", "layers", "legend", "in", "out", "all", "{n}")
    scene = layers.MapScene((layer,), (94.0, 36.0, 95.0, 37.0), texts, "en", "today")
    head, _ = unpack(pack(scene))
    assert [told["id"] for told in head["layers"]] == [layer.id]
    assert "<html" in render_html(scene, title="map")
