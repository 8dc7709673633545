"""What stands in the address is checked when it is read; what was chosen is kept."""

from datetime import date

import pytest
from streamlit.testing.v1 import AppTest

from dashboard.session import Period, Session, from_address, to_address
from dashboard.text import Words


def test_a_session_goes_through_the_address_and_back():
    session = Session(
        language="en",
        area="community:W",
        measure="hazards",
        period=Period("custom", date(2026, 1, 1), date(2026, 1, 31)),
        kinds=("10", "30"),
        channel_groups=("reported", "sensed"),
        as_of="2025-12-31",
        selected="Precinct 7 / 'North'",
    )
    params = to_address(session)
    assert params["period"] == "2026-01-01..2026-01-31"
    assert params["kinds"] == "10,30"
    assert params["channels"] == "reported,sensed"
    assert from_address(params, "zh") == session


def test_what_is_as_at_the_beginning_is_left_out():
    assert to_address(Session(language="zh")) == {"lang": "zh"}
    assert from_address({}, "en") == Session(language="en")


@pytest.mark.parametrize(
    "params",
    [
        {"lang": "fr", "measure": "drop table", "period": "0", "asof": "yesterday"},
        {"area": "<script>", "unit": "<img src=x>"},
        {"area": "x" * 500, "unit": "\x00"},
        {"period": "2026-02-01..2026-01-01"},
        {"period": "2026-02-30..2026-03-01"},
        {"period": "custom"},
        {"asof": "1800-01-01"},
        {"asof": "2101-01-01"},
        {"period": "1850-01-01..1851-01-01"},
        {"period": "2026-01-01..9999-12-31"},
        {"kinds": "99,<b>,", "channels": "reporte"},
    ],
)
def test_nonsense_in_the_address_is_left_out(params):
    assert from_address(params, "zh") == Session()


def test_known_codes_are_kept_once_and_unknown_ones_left_out():
    found = from_address({"kinds": "30,xx,10,30", "channels": ",sensed"}, "zh")
    assert found.kinds == ("30", "10")
    assert found.channel_groups == ("sensed",)


def test_days_at_the_ends_are_taken():
    found = from_address({"asof": "1900-01-01", "period": "1900-01-01..2100-12-31"}, "zh")
    assert found.as_of == "1900-01-01"
    assert found.period == Period("custom", date(1900, 1, 1), date(2100, 12, 31))


def test_days_of_the_address():
    assert from_address({"period": "28"}, "zh").period == Period("28")
    assert from_address({"asof": "event"}, "zh").as_of == "event"


def two_languages():
    import streamlit as st

    from dashboard import session as visitor
    from dashboard.text import Words

    words = Words(visitor.load().language)
    st.segmented_control("x", ("zh", "en"), key="language", on_change=visitor.change_language)
    st.selectbox(
        "y", ["today", "event"], key="grids", format_func=lambda one: words(f"filter.as_of_{one}")
    )
    st.button("z", key="nothing")


def test_a_choice_is_sent_anew_in_the_other_language():
    """A list answers with the words it shows: left alone, it would answer in the old language."""
    page = AppTest.from_function(two_languages)
    page.query_params["lang"] = "zh"
    page.run()
    page.selectbox(key="grids").select("event").run()
    assert not page.selectbox(key="grids").proto.set_value
    page.segmented_control(key="language").set_value("en").run()
    assert not page.exception
    assert page.selectbox(key="grids").value == "event"
    assert page.selectbox(key="grids").proto.set_value
    assert page.selectbox(key="grids").proto.raw_value == Words("en")("filter.as_of_event")
