import json
from math import inf, nan

import pytest
import shapely

from geo.edits import (
    EditRefused,
    GridState,
    Lock,
    Merge,
    MoveOuter,
    MoveVertices,
    RedrawBorder,
    Rename,
    Renumber,
    Restore,
    Split,
    Transfer,
    apply,
    from_json,
    kind_of,
    to_json,
)
from tests.geo.edits.squares import at, box, lattice, line

EDITS = [
    MoveVertices(((at(1, 1), at(1.1, 0.1 + 0.2)),), ((at(0, 0), at(1, 0), at(0.5, 0.1)),), True),
    RedrawBorder("a", "b", line((0, 0), (1 / 3, 1))),
    Transfer.of("a", "b", shapely.MultiPolygon([box(0, 0), box(2, 2)])),
    Split("a", line((0, 0), (1, 1)), "n", "北门"),
    Merge(("a", "b"), "b", "name"),
    Renumber({"a": "b", "b": "a"}),
    Rename("a", "名"),
    MoveOuter("a", line((0, 0), (1, 1)), "cut"),
    Lock(("a",), on=False),
    Restore(
        (GridState("a", "n", "p", shapely.to_wkb(box(0, 0)), (("h", 3),), ("h",), True),),
        ("b",),
        (("a", "00ff"),),
        ("r",),
        ("u",),
    ),
]


@pytest.mark.parametrize("edit", EDITS, ids=kind_of)
def test_an_edit_survives_its_json_bit_for_bit(edit):
    written = json.dumps(to_json(edit), allow_nan=False)
    assert from_json(written) == edit
    assert from_json(json.loads(written)) == edit
    assert hash(edit) == hash(from_json(written))


@pytest.mark.parametrize("bad", [nan, inf])
def test_coordinates_must_be_numbers(bad):
    for build in (
        lambda: Split("a", ((0, 0), (bad, 1)), "n", "n"),
        lambda: MoveVertices((((0, 0), (1, bad)),)),
        lambda: Transfer("a", "b", ((((0, 0), (1, bad), (1, 1), (0, 0)),),)),
        lambda: RedrawBorder("a", "b", ((bad, 0), (1, 1))),
    ):
        with pytest.raises(EditRefused) as caught:
            build()
        assert caught.value.code == "coordinates_not_finite"


@pytest.mark.parametrize(
    "document",
    [
        "{",
        "[1]",
        {},
        {"version": 2, "kind": "lock", "codes": ["a"], "on": True},
        {"version": 1, "kind": "melt"},
        {"version": 1, "kind": "lock", "codes": [3], "on": True},
        {"version": 1, "kind": "split", "code": "a", "line": [[0]], "new_code": "b"},
        {"version": 1, "kind": "restore", "grids": [{"code": "a"}]},
    ],
)
def test_json_that_is_not_an_edit_is_refused(document):
    with pytest.raises(EditRefused) as caught:
        from_json(document)
    assert caught.value.code == "edit_not_understood"


def test_a_piece_must_be_an_area():
    with pytest.raises(EditRefused, match="piece_not_areal"):
        Transfer.of("a", "b", shapely.Point(0, 0))
    for piece in (
        (),
        ((),),
        ((line((0, 0), (1, 1), (0, 0)),),),
        ((line((0, 0), (1, 0), (1, 1), (0, 1)),),),
    ):
        with pytest.raises(EditRefused, match="piece_not_areal"):
            apply(lattice(), Transfer("c00", "c10", piece))
