import ast
import pickle
from pathlib import Path

import shapely

import geo.edits
from dashboard.text import Words, sentences
from geo.edits.refusal import EditRefused, refused

FOLDER = Path(geo.edits.__file__).parent


def codes_in_the_source():
    for path in sorted(FOLDER.glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "refused":
                first = node.args[0]
                yield from (
                    each.value for each in ast.walk(first) if isinstance(each, ast.Constant)
                )


def test_every_refusal_has_a_sentence_in_both_languages():
    codes = set(codes_in_the_source())
    assert len(codes) > 30
    assert sorted(code for code in codes if f"error.{code}" not in sentences()) == []


def test_a_refusal_names_grids_and_place_and_survives_pickling():
    found = refused("line_cuts_others", ("a", "b"), shapely.Point(116.5, 40), others=["b"])
    assert found.codes == ("a", "b")
    assert shapely.from_wkt(found.place) == shapely.Point(116.5, 40)
    again = pickle.loads(pickle.dumps(found))  # noqa: S301 - our own
    assert isinstance(again, EditRefused)
    assert again.fields == found.fields
    for language in ("zh", "en"):
        assert "{" not in Words(language).error(found.code, found.fields)
    assert refused("line_too_short").place == ""
