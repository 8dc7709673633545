"""Text from files is shown as text: nothing of it is read as markup."""

import pytest
from streamlit.testing.v1 import AppTest

from dashboard.components.plain import plain, plain_fields


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        "![x](http://evil.invalid/a.png)",
        "[click](javascript:alert(1))",
        "$\\href{javascript:1}{x}$",
        ":red[x] :material/bolt: `code`",
        "http://evil.invalid and a@b.invalid",
        "# head\n* item\n| a | b |",
    ],
)
def test_every_sign_of_markup_is_escaped(text):
    shown = plain(text)
    for sign in "<>[]()!$`#|*_:@":
        assert shown.count(sign) == shown.count("\\" + sign)
    assert "\n" not in shown
    assert shown.replace("\\", "") == text.replace("\n", " ").replace("\\", "")


def test_numbers_among_the_facts_stay_numbers():
    shown = plain_fields({"n": 3, "share": 0.5, "file": "<b>.csv", "known": ["a_b", "c"]})
    assert shown == {"n": 3, "share": 0.5, "file": "\\<b\\>\\.csv", "known": "a\\_b, c"}


def page_with_a_refusal():
    from dashboard.components.notices import guard
    from dashboard.text import Words
    from data.errors import ImportRefused

    with guard(Words("en")):
        raise ImportRefused("store_missing", store="<script>x</script>")
    with guard(Words("en")):
        faults = [{"code": "not_a_number", "name": "N", "value": "v"}, {"code": "lon_without_lat"}]
        raise ImportRefused("bad_options", faults=faults)


def test_an_expected_fault_becomes_a_sentence_and_several_become_several():
    page = AppTest.from_function(page_with_a_refusal).run(timeout=30)
    assert not page.exception
    shown = [error.value for error in page.error]
    assert len(shown) == 3
    assert shown[0].startswith("There is no store")
    assert "<script>" not in shown[0]
    assert "whole number" in shown[1]


def page_with_a_bug():
    from dashboard.components.notices import guard
    from dashboard.text import Words

    with guard(Words("en")):
        raise ZeroDivisionError


def test_a_bug_passes_on():
    page = AppTest.from_function(page_with_a_bug).run(timeout=30)
    assert len(page.exception) == 1
    assert not page.error
