"""Text from files is shown as text: nothing of it is read as markup."""

import pytest
from streamlit.testing.v1 import AppTest

from dashboard.components.plain import plain, plain_fields
from dashboard.text import Words


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
    told = shown.replace("\\", "").replace("\u2060", "")
    assert told == text.replace("\n", " ").replace("\\", "")


@pytest.mark.parametrize(
    "text", ["http://e.invalid", "HTTPS://e.invalid", "www.e.invalid", "a@b.c"]
)
def test_a_bare_address_is_broken_for_whoever_looks_for_links(text):
    read = plain(text).replace("\\", "")
    assert read != text
    assert read.replace("\u2060", "") == text
    assert plain("plain http text") == "plain http text"


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


def page_with_hints():
    import streamlit as st

    from dashboard.components.notices import guard, warning_text
    from dashboard.text import Words
    from data.errors import ImportRefused

    words = Words("en")
    with guard(words, {"one_column": "import.hint_one_column"}):
        raise ImportRefused("one_column", file="a.csv", tried=[])
    st.warning(warning_text(words, "duplicate_ids", {"count": 2, "rule": "last"}))


def test_a_refusal_says_where_on_the_page_to_mend_it():
    page = AppTest.from_function(page_with_hints).run(timeout=30)
    assert not page.exception
    assert "How to read it" in page.error[0].value
    assert Words("en").label("duplicate_rule", "last") in page.warning[0].value


def page_with_a_bug():
    from dashboard.components.notices import guard
    from dashboard.text import Words

    with guard(Words("en")):
        raise ZeroDivisionError


def test_a_bug_passes_on():
    page = AppTest.from_function(page_with_a_bug).run(timeout=30)
    assert len(page.exception) == 1
    assert not page.error
