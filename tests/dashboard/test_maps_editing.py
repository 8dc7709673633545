"""Shared vertices are exact, the scene brings them whole, and drawings become edits."""

from dataclasses import replace

import numpy as np
import pytest
import shapely

from dashboard.components.plan_map import editor_words
from dashboard.maps.drawing import OPS, Drawn, Ground, edit_of, read_drawing
from dashboard.maps.editing import MODES, Counted, Editor, Measure, Refusal, shared_vertices
from dashboard.maps.layers import Basemap, GridLayer, MapScene
from dashboard.maps.live import pack, pack_apart, unpack
from dashboard.text import Words, sentences
from geo.edits.refusal import EditRefused
from geo.edits.values import (
    Lock,
    Merge,
    MoveOuter,
    MoveVertices,
    RedrawBorder,
    Split,
    Transfer,
)
from tests.dashboard import plan_scene

SHIFTED = Basemap("xyz", "http://127.0.0.1/{z}/{x}/{y}.png", "gcj02")


@pytest.fixture(scope="module")
def town():
    codes, shapes = plan_scene.town(3, 2)
    return shared_vertices(codes, shapes), shapes


def rings_back(held):
    """Polygons put together again from the arrays."""
    places = np.column_stack([held.lon, held.lat])
    rings = np.split(places[held.index], np.cumsum(held.rings)[:-1])
    parts, at = [], 0
    for n in held.parts:
        parts.append(shapely.Polygon(rings[at], rings[at + 1 : at + n]))
        at += n
    shapes, at = [], 0
    for n in held.shapes:
        shapes.append(parts[at] if n == 1 else shapely.MultiPolygon(parts[at : at + n]))
        at += n
    return shapes


def test_grids_come_back_bit_for_bit(town):
    held, shapes = town
    assert [shape.wkb for shape in rings_back(held)] == [shape.wkb for shape in shapes]
    assert len(held.lon) < len(held.index) * 0.75  # neighbours share
    assert len({*zip(held.lon.tolist(), held.lat.tolist(), strict=True)}) == len(held.lon)


def test_holes_parts_and_empty_grids_are_kept():
    square = shapely.box(116, 39, 117, 40)
    island = shapely.box(118, 39, 119, 40)
    holed = square.difference(shapely.box(116.4, 39.4, 116.6, 39.6))
    shapes = [shapely.MultiPolygon([holed, island]), shapely.Polygon(), square]
    held = shared_vertices(("a", "b", "c"), shapes)
    assert held.shapes.tolist() == [2, 0, 1]
    assert held.parts.tolist() == [2, 1, 1]
    back = rings_back(held)
    assert back[0].equals(shapes[0])
    assert back[2].equals(square)
    assert shared_vertices((), []).shapes.tolist() == []


def test_the_revision_follows_shapes_and_codes(town):
    held, shapes = town
    assert shared_vertices(held.codes, shapes).rev == held.rev
    assert shared_vertices(("X", *held.codes[1:]), shapes).rev != held.rev
    moved = [shapely.affinity.translate(shapes[0], 1e-12), *shapes[1:]]
    assert shared_vertices(held.codes, moved).rev != held.rev


def scene(language="en", **told):
    codes, shapes = plan_scene.town(3, 2)
    words = editor_words(Words(language))
    return plan_scene.scene(codes, shapes, words, language, size=(3, 2), **told)


def test_a_scene_brings_vertices_exactly_and_its_edited_layer_no_outlines_of_its_own(town):
    held, _ = town
    points = Counted(np.array([116.301]), np.array([39.901]), np.array([[3.0]]))
    packed = pack_apart(scene(points=points, answered=4, refused=Refusal(4, "no")))
    header, arrays = unpack(packed.scene, packed.grounds)
    told = header["editor"]
    assert arrays["editor", "xy"].tobytes() == np.column_stack([held.lon, held.lat]).tobytes()
    for name in ("index", "rings", "parts", "shapes"):
        assert arrays["editor", name].tolist() == getattr(held, name).tolist()
    assert (told["rev"], told["answered"], told["refused"]) == (
        held.rev,
        4,
        {"seq": 4, "text": "no"},
    )
    assert arrays["editor", "counted_weights"].tolist() == [3.0]
    assert sum(told["measures"][0]["totals"]) == 3
    assert ("grids", "xy") not in arrays
    assert ("grids", "inside") in arrays
    assert unpack(pack(scene()))[0]["editor"]["rev"] == held.rev


def test_shapes_travel_once_while_only_the_answer_changes():
    first, second = pack_apart(scene(answered=1)), pack_apart(scene(answered=2))
    assert first.grounds == second.grounds
    revs = [unpack(one.scene, first.grounds)[0]["rev"] for one in (first, second)]
    assert revs[0] != revs[1]


def test_an_edit_brings_the_edited_shapes_alone():
    codes, shapes = plan_scene.town(3, 2)
    words = editor_words(Words("en"))
    pieces = plan_scene.compounds(3, 2)
    drawn = [shapes[0].union(shapes[1]), *shapes[2:]]
    rng = np.random.default_rng(0)
    lon, lat = 116.3 + 0.003 * rng.random(2000), 39.9 + 0.002 * rng.random(2000)
    more = {"size": (3, 2), "pieces": pieces, "points": Counted(lon, lat, np.ones((2000, 1)))}
    before = plan_scene.scene(codes, shapes, words, "en", **more)
    after = plan_scene.scene(codes[1:], drawn, words, "en", **more)
    first, second = pack_apart(before), pack_apart(after)
    (still, edited), (same, other) = first.grounds, second.grounds
    assert still == same
    assert edited != other
    assert len(still) > 2000 * 3 * 4  # the followed points stand there, not in the scene
    _, arrays = unpack(second.scene, second.grounds)
    header, _ = unpack(first.scene, first.grounds)
    places = arrays["editor", "counted_xy"].reshape(-1, 2) + np.array(header["origin"])
    assert np.allclose(places, np.column_stack([lon, lat]), atol=1e-8)
    assert len(pack_apart(replace(before, editor=None)).grounds) == 1


def test_600_grids_of_50_vertices_are_less_than_a_megabyte():
    codes, shapes = plan_scene.town(30, 20, 13)
    words = editor_words(Words("zh"))
    packed = pack_apart(plan_scene.scene(codes, shapes, words, "zh", size=(30, 20)))
    assert len(packed.scene) + sum(map(len, packed.grounds)) < 1_000_000


def test_an_editor_needs_its_own_layer_and_whole_weights(town):
    held, shapes = town
    layer = GridLayer("grids", "", held.codes[::-1], held.codes, shapes)
    texts = plan_scene.TEXTS["en"]
    broken = MapScene((layer,), (0, 0, 1, 1), texts, "en", "", editor=Editor(held, "grids", {}))
    with pytest.raises(ValueError, match="not made of these vertices"):
        pack(broken)
    measure = Measure("households", "", np.zeros(6))
    points = Counted(np.zeros(2), np.zeros(2), np.zeros((2, 2)))
    with pytest.raises(ValueError, match="one weight"):
        Editor(held, "grids", {}, measures=(measure,), counted=points)


@pytest.mark.parametrize("basemap", [Basemap(), SHIFTED])
def test_unmoved_vertices_are_exact_whatever_the_basemap(town, basemap):
    held, _ = town
    packed = pack(scene(basemap=basemap))
    _, arrays = unpack(packed)
    drawn = arrays["editor", "xy"].reshape(-1, 2)
    assert np.array_equal(drawn[:, 0], held.lon) is (basemap.kind == "plain")
    told = {"vertices": [5], "to": [drawn[7].tolist()], "outer": False}
    edit = edit_of(Drawn("move", 1, held.rev, told), Ground(held, basemap), new_grid)
    ((was, goes),) = edit.moves
    assert was == (held.lon[5], held.lat[5])
    tolerance = 0 if basemap.kind == "plain" else 1e-9
    assert goes == pytest.approx((held.lon[7], held.lat[7]), abs=tolerance)


def new_grid(code):
    return f"{code}-2", f"{code} new"


PLACE = [116.305, 39.903]


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        (
            {"op": "insert", "edge": [0, 1], "to": PLACE, "outer": True},
            lambda at: MoveVertices((), ((at(0), at(1), tuple(PLACE)),), outer=True),
        ),
        (
            {"op": "border", "codes": ["a", "b"], "line": [0, PLACE, 2]},
            lambda at: RedrawBorder("a", "b", (at(0), tuple(PLACE), at(2))),
        ),
        (
            {"op": "outer", "code": "a", "line": [0, PLACE, 2], "how": "extend"},
            lambda at: MoveOuter("a", (at(0), tuple(PLACE), at(2)), "extend"),
        ),
        (
            {"op": "transfer", "giver": "a", "taker": "b", "ring": [0, PLACE, 2], "pieces": []},
            lambda at: Transfer("a", "b", (((at(0), tuple(PLACE), at(2), at(0)),),)),
        ),
        (
            {"op": "transfer", "giver": "a", "taker": "b", "ring": [], "pieces": ["C"]},
            lambda _: Transfer.of("a", "b", [shapely.box(0, 0, 1, 1)]),
        ),
        (
            {"op": "split", "code": "a", "line": [0, PLACE]},
            lambda at: Split("a", (at(0), tuple(PLACE)), "a-2", "a new"),
        ),
        ({"op": "merge", "codes": ["a", "b"], "into": "a"}, lambda _: Merge(("a", "b"), "a")),
        ({"op": "lock", "codes": ["a"], "on": False}, lambda _: Lock(("a",), on=False)),
        ({"op": "undo"}, lambda _: None),
        ({"op": "redo"}, lambda _: None),
    ],
)
def test_a_message_becomes_an_edit(town, told, expected):
    held, _ = town
    drawn = read_drawing({**told, "seq": 1, "base_rev": held.rev})
    ground = Ground(held, Basemap(), {"C": shapely.box(0, 0, 1, 1)})

    def at(vertex):
        return float(held.lon[vertex]), float(held.lat[vertex])

    assert edit_of(drawn, ground, new_grid) == expected(at)


@pytest.mark.parametrize(
    ("told", "code"),
    [
        ({"op": "move", "vertices": [0], "to": [], "outer": False}, "edit_not_understood"),
        ({"op": "move", "vertices": [10**9], "to": [PLACE], "outer": False}, "edit_not_understood"),
        ({"op": "move", "vertices": [-1], "to": [PLACE], "outer": False}, "edit_not_understood"),
        ({"op": "move", "vertices": [0], "to": [PLACE], "outer": 1}, "edit_not_understood"),
        ({"op": "move", "vertices": [0]}, "edit_not_understood"),
        ({"op": "split", "code": 7, "line": [0, 1]}, "edit_not_understood"),
        ({"op": "split", "code": "a", "line": "01"}, "edit_not_understood"),
        ({"op": "split", "code": "a", "line": [0, None]}, "edit_not_understood"),
        ({"op": "split", "code": "a", "line": [0, [1.0, "x"]]}, "edit_not_understood"),
        ({"op": "split", "code": "a", "line": [0, [1.0]]}, "edit_not_understood"),
        ({"op": "split", "code": "a", "line": [0, [float("nan"), 1.0]]}, "coordinates_not_finite"),
        (
            {"op": "transfer", "giver": "a", "taker": "b", "ring": [], "pieces": ["?"]},
            "edit_not_understood",
        ),
        (
            {"op": "transfer", "giver": "a", "taker": "b", "ring": [], "pieces": []},
            "edit_not_understood",
        ),
        ({"op": "merge", "codes": "ab", "into": "a"}, "edit_not_understood"),
        ({"op": "lock", "codes": ["a"], "on": "yes"}, "edit_not_understood"),
    ],
)
def test_a_broken_message_is_refused_not_guessed(town, told, code):
    held, _ = town
    drawn = read_drawing({**told, "seq": 1, "base_rev": held.rev})
    with pytest.raises(EditRefused) as caught:
        edit_of(drawn, Ground(held, Basemap()), new_grid)
    assert caught.value.code == code


def test_a_drawing_on_other_grids_is_refused(town):
    held, _ = town
    told = {"op": "lock", "codes": ["a"], "on": True, "seq": 1, "base_rev": "0" * 16}
    with pytest.raises(EditRefused) as caught:
        edit_of(read_drawing(told), Ground(held, Basemap()), new_grid)
    assert caught.value.code == "drawing_out_of_date"
    assert "error.drawing_out_of_date" in sentences()


@pytest.mark.parametrize(
    "told",
    [
        None,
        "move",
        {},
        {"op": "format", "seq": 1, "base_rev": ""},
        {"op": "undo", "seq": True, "base_rev": ""},
        {"op": "undo", "seq": "1", "base_rev": ""},
        {"op": "undo", "seq": 1},
        {"op": ["undo"], "seq": 1, "base_rev": ""},
    ],
)
def test_what_is_no_message_counts_as_nothing(told):
    assert read_drawing(told) is None


def test_every_tool_has_its_words_in_both_languages():
    for language in ("zh", "en"):
        words = editor_words(Words(language))
        assert all(words.values())
        assert set(MODES) <= set(words)
        assert {f"tip_{mode}" for mode in MODES} <= set(words)
    assert {"undo", "redo", "move", "lock"} <= set(OPS)
